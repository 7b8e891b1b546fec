"""Checks every document in git: that its links resolve, or that its commands do what the document says.

    documents.py links
    documents.py commands

Commands are the lines of fenced ```sh blocks. They run in order, with the variables that earlier blocks of the same
document have exported. A block with a second word after `sh` does not run here; the word says why (KINDS). A
command that must fail says so: `# exit code 1`.

Exit codes: 0 all is as it says, 1 something is not.
"""

import os
import re
import subprocess
import sys
import time

FENCE = re.compile(r"^\s*(```+)\s*(.*)$")
EXIT_CODE = re.compile(r"#.*exit code (\d+)")
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
KINDS = {
    "aws": "needs an AWS account",
    "github": "needs GitHub",
    "fork": "is done to a copy by scripts/test/fork.sh",
    "elsewhere": "is of another machine or project",
}
# Functions that the documents mention and that a fork may have removed. Their commands and links are left out, with a
# message.
EXAMPLES = {"event-processor", "guard", "hasher", "http-api"}
# Not run: it is what runs this.
SUITE = "scripts/test.sh"


def removed_examples():
    return {name for name in EXAMPLES if not os.path.isdir(f"functions/{name}")}


def documents():
    names = subprocess.run(["git", "ls-files", "-z", "*.md"], check=True, capture_output=True, text=True).stdout
    # The templates' texts have placeholders.
    return [name for name in names.split("\0") if name and not name.startswith("templates/")]


def blocks(text):
    """(info string, lines with their numbers) of every fenced block."""
    fence, info, lines = None, "", []
    for number, line in enumerate(text.splitlines(), 1):
        match = FENCE.match(line)
        if fence is None and match:
            fence, info, lines = match[1], match[2].strip(), []
        elif fence is not None and match and match[1].startswith(fence) and not match[2]:
            yield info, lines
            fence = None
        elif fence is not None:
            lines.append((number, line))
    if fence is not None:
        raise SystemExit(f"a fence of {fence} is never closed: {info}")


def prose(text):
    """The text without fenced blocks and code spans, with as many lines."""
    out, fence = [], None
    for line in text.splitlines():
        match = FENCE.match(line)
        if fence is None and match:
            fence = match[1]
            out.append("")
        elif fence is not None:
            if match and match[1].startswith(fence) and not match[2]:
                fence = None
            out.append("")
        else:
            out.append(re.sub(r"`[^`]*`", "", line))
    return out


def anchors(text):
    """The anchors that GitHub gives a document's headings."""
    titles = [line.lstrip("#").strip() for line in re.findall(r"^#+ .*$", text, re.M)]
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def broken_links(name):
    text = open(name, encoding="utf-8").read()
    for number, line in enumerate(prose(text), 1):
        for target in LINK.findall(line):
            if re.match(r"^[a-z]+:", target):
                continue
            path, _, anchor = target.partition("#")
            file = os.path.normpath(os.path.join(os.path.dirname(name), path)) if path else name
            if not os.path.exists(file) and file.split(os.sep)[:2] in [["functions", name] for name in removed_examples()]:
                print(f"  left out: {name}:{number}: {target}: that example is gone")
            elif not os.path.exists(file):
                yield f"{name}:{number}: {target}: there is no {file}"
            elif anchor and file.endswith(".md") and anchor not in anchors(open(file, encoding="utf-8").read()):
                yield f"{name}:{number}: {target}: {file} has no such heading"


def check_links():
    broken = [complaint for name in documents() for complaint in broken_links(name)]
    for complaint in broken:
        print(complaint)
    print(f"{len(documents())} documents, {len(broken)} broken links")
    return bool(broken)


def commands(lines):
    """Whole commands with their line numbers: a line that ends with a backslash continues."""
    command, start = "", 0
    for number, line in lines:
        if not command:
            start = number
        command += line + "\n"
        if not line.endswith("\\"):
            if command.strip() and not command.lstrip().startswith("#"):
                yield start, command.strip()
            command = ""


class Shell:
    """Runs commands; what a document has exported stays for its later commands."""

    def __init__(self):
        self.before = ""

    def run(self, command):
        """The exit code and what it said."""
        script = f"{self.before}\n{command}\n"
        result = subprocess.run(
            ["bash", "-c", script], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, errors="replace", timeout=1200,
        )
        if command.startswith("export ") and result.returncode == 0:
            self.before += command + "\n"
        return result.returncode, result.stdout


def run_commands():
    wrong = ran = 0
    for name in documents():
        text = open(name, encoding="utf-8").read()
        shell = Shell()
        for info, lines in blocks(text):
            words = info.split()
            if words[:1] != ["sh"]:
                continue
            if len(words) > 1:
                if words[1] not in KINDS:
                    print(f"{name}:{lines[0][0]}: sh {words[1]}: it is one of {', '.join(KINDS)}")
                    wrong += 1
                continue
            for number, command in commands(lines):
                bare = re.sub(r"\s+#.*$", "", command)
                if bare == SUITE:
                    continue
                if removed_examples().intersection(bare.split()):
                    print(f"  left out: {name}:{number}: {bare}: that example is gone", flush=True)
                    continue
                expected = int(match[1]) if (match := EXIT_CODE.search(command)) else 0
                start = time.monotonic()
                code, output = shell.run(command)
                ran += 1
                took = f"({time.monotonic() - start:.0f} s)"
                if code == expected:
                    print(f"  ok: {name}:{number}: {bare} {took}", flush=True)
                    continue
                wrong += 1
                print(f"  NOT ok: {name}:{number}: {bare}: exit code {code} instead of {expected} {took}")
                print("".join(f"    | {line}\n" for line in output.splitlines()[-40:]), flush=True)
    print(f"{ran} commands ran, {wrong} are wrong")
    return bool(wrong) or not ran


if __name__ == "__main__":
    if sys.argv[1:] == ["links"]:
        sys.exit(check_links())
    if sys.argv[1:] == ["commands"]:
        sys.exit(run_commands())
    print(__doc__, file=sys.stderr)
    sys.exit(2)
