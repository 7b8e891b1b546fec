#!/usr/bin/env python3
"""Every argument of infra/ exists in version 6 of Terraform's AWS provider, which nothing here runs with, and none is
deprecated there.

Its schema comes from the types of two npm packages that are made of it: @cdktf/provider-aws names every argument of every
resource, and @pulumi/aws says which are deprecated. Arguments of nested blocks are looked for anywhere in their resource.
"""
import glob, re, subprocess, sys, tarfile
from pathlib import Path

import hcl2

ARGUMENTS = "@cdktf/provider-aws@21.22.1"  # provider 6.25.0
DEPRECATIONS = "@pulumi/aws@7.48.0"  # provider 6.x of 2026-11
# Deprecated, and used all the same.
KEPT = {
    "aws_dynamodb_table: hash_key (TableGlobalSecondaryIndex)": "version 5.100 has no key_schema",
    "aws_dynamodb_table: range_key (TableGlobalSecondaryIndex)": "version 5.100 has no key_schema",
}
FOLDER = Path(".tools/provider-6")
# What Pulumi calls otherwise.
RENAMED = {"aws_s3_object": "aws_s3_bucket_objectv2"}
META = {"count", "depends_on", "dynamic", "for_each", "lifecycle"}


def types(package):
    """The types of a package, by their path. It is fetched once."""
    name = package.rsplit("@", 1)[0].strip("@").replace("/", "-")
    if not list(FOLDER.glob(f"{name}-*.tgz")):
        FOLDER.mkdir(parents=True, exist_ok=True)
        subprocess.run(["npm", "pack", "--silent", "--pack-destination", FOLDER, package], check=True, stdout=subprocess.DEVNULL)
    with tarfile.open(next(FOLDER.glob(f"{name}-*.tgz"))) as archive:
        return {file.name.removeprefix("package/"): archive.extractfile(file).read().decode() for file in archive if file.name.endswith(".d.ts")}


def arguments(block):
    """Names of arguments and blocks. The parser wraps an argument's value in a list, which tells a block from a map."""
    for name, value in block.items():
        if name == "dynamic":
            for each in value:
                for inner, body in each.items():
                    yield inner.strip('"')
                    yield from arguments(body["content"][0])
        if name in META or name.startswith("__"):
            continue
        yield name
        for body in value:
            if isinstance(body, dict) and all(isinstance(it, list | int) for it in body.values()):
                yield from arguments(body)


used = {}
for file in sorted(glob.glob("infra/**/*.tf", recursive=True)):
    parsed = hcl2.loads(Path(file).read_text())
    for kind in ("resource", "data"):
        for block in parsed.get(kind, []):
            for name, resources in block.items():
                if name.strip('"').startswith("aws_"):
                    for body in resources.values():
                        used.setdefault((kind, name.strip('"')), set()).update(arguments(body))

def deprecated(text):
    """(interface, property) of every property that is marked so."""
    interface, marked = "", False
    for line in text.splitlines():
        if match := re.search(r"(?:interface|class) (\w+)", line):
            interface = match[1]
        marked = marked or "@deprecated" in line
        if match := re.match(r"\s*(?:readonly )?(\w+)\??: ", line):
            if marked:
                yield interface, match[1]
            marked = False


def spellings(argument):
    """How Pulumi may write an argument: camel case, lists in the plural."""
    camel = re.sub(r"_(\w)", lambda match: match[1].upper(), argument)
    return {camel, f"{camel}s", f"{camel}es"}


def plain(name):
    return re.sub(r"[^a-z0-9]", "", name.lower())


schema, unknown = types(ARGUMENTS), []
for (kind, name), found in sorted(used.items()):
    short = name.removeprefix("aws_")
    text = schema[f"lib/{'data-aws-' if kind == 'data' else ''}{short.replace('_', '-')}/index.d.ts"]
    known = set(re.findall(rf"docs/(?:resources|data-sources)/{short}#(\w+) ", text))
    unknown += [f"{kind} {name}: {argument}" for argument in sorted(found - known)]

marks, old, absent = types(DEPRECATIONS), [], []
paths = {plain(path.removesuffix(".d.ts")): path for path in marks if not path.startswith("types/")}
nested = {}  # by namespace and the name of the type
namespace = ""
for part in re.split(r"^\s*(?:export declare )?namespace ", marks["types/input.d.ts"], flags=re.MULTILINE)[1:]:
    namespace = re.match(r"\w+", part)[0]
    for interface, argument in deprecated(part):
        nested.setdefault((namespace, interface), []).append(argument)
for (kind, name), found in sorted(used.items()):
    short = plain(RENAMED.get(name, name).removeprefix("aws_"))
    # A data source is a function: lambda/getFunction.
    path = next((paths[it] for it in ([short] if kind == "resource" else [f"{short[:at]}get{short[at:]}" for at in range(len(short))]) if it in paths), None)
    if path is None:
        absent.append(f"{kind} {name}")
        continue
    top = {argument for interface, argument in deprecated(marks[path])}
    old += [f"{name}: {argument}" for argument in sorted(found) if spellings(argument) & top]
    module, _, file = path.removesuffix(".d.ts").rpartition("/")
    siblings = sorted((plain(it.rpartition("/")[2].removesuffix(".d.ts")) for it in marks if it.startswith(f"{module}/")), key=len)
    for (namespace, interface), arguments_of_type in nested.items():
        owner = [it for it in siblings if plain(interface).startswith(it)][-1:]
        if namespace == module and owner == [plain(file)]:
            old += [f"{name}: {argument} ({interface})" for argument in sorted(found) if spellings(argument) & set(arguments_of_type)]

print(f"{len(used)} resources and data sources, {sum(map(len, used.values()))} arguments: {len(unknown)} unknown to version 6", *unknown, sep="\n  ")
kept = [it for it in old if it in KEPT]
old = [it for it in old if it not in KEPT]
lines = [f"{len(old)} deprecated there", *old]
lines += [f"kept: {it}, since {KEPT[it]}" for it in kept]
stale = KEPT.keys() - set(kept)
lines += [f"not deprecated or not used any more: {it}" for it in stale]
lines += [f"not found in {DEPRECATIONS}: {it}" for it in absent]
print(*lines, sep="\n  ")
sys.exit(bool(unknown or old or stale or absent))
