"""Checks that the commands of every document in git do what it says.

Commands are the lines of fenced ```sh blocks. They run in order, with the variables that earlier blocks of the same
document have exported. A block with a second word after `sh` does not run here; the word says why (KINDS). A
command that must fail says so: `# exit code 1`.

Exit codes: 0 they do, 1 some do not.
"""

import re
import subprocess
import sys
import time

from links import FENCE, documents, removed_examples

EXIT_CODE = re.compile(r"#.*exit code (\d+)")
KINDS = {
    "aws": "needs an AWS account",
    "github": "needs GitHub",
    "fork": "is done to a copy by scripts/test/fork.sh",
    "elsewhere": "is of another machine or project",
}
# Not run: it is what runs this.
SUITE = "scripts/test.sh"


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


def main():
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
    sys.exit(main())
