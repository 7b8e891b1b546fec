#!/usr/bin/env python3
"""Every argument of infra/ exists in version 6 of Terraform's AWS provider, which nothing here runs with.

Its schema comes from the types of the npm package @cdktf/provider-aws, which name every argument of every resource.
Arguments of nested blocks are looked for anywhere in their resource.
"""
import glob, re, subprocess, sys, tarfile
from pathlib import Path

import hcl2

PACKAGE = "@cdktf/provider-aws@21.22.1"  # provider 6.25.0
FOLDER = Path(".tools/provider-6")
META = {"count", "depends_on", "dynamic", "for_each", "lifecycle"}


def types():
    """The package, fetched once."""
    if not list(FOLDER.glob("*.tgz")):
        FOLDER.mkdir(parents=True, exist_ok=True)
        subprocess.run(["npm", "pack", "--silent", "--pack-destination", FOLDER, PACKAGE], check=True, stdout=subprocess.DEVNULL)
    return tarfile.open(next(FOLDER.glob("*.tgz")))


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

package, unknown = types(), []
for (kind, name), found in sorted(used.items()):
    short = name.removeprefix("aws_")
    path = f"package/lib/{'data-aws-' if kind == 'data' else ''}{short.replace('_', '-')}/index.d.ts"
    text = package.extractfile(path).read().decode()
    known = set(re.findall(rf"docs/(?:resources|data-sources)/{short}#(\w+) ", text))
    unknown += [f"{kind} {name}: {argument}" for argument in sorted(found - known)]
print(f"{len(used)} resources and data sources, {sum(map(len, used.values()))} arguments: {len(unknown)} unknown to version 6", *unknown, sep="\n  ")
sys.exit(bool(unknown))
