#!/usr/bin/env python3
"""Checks that the links of every document in git resolve, headings included.

Exit codes: 0 they do, 1 some do not.
"""

import os
import re
import subprocess
import sys

FENCE = re.compile(r"^\s*(```+)\s*(.*)$")
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
# Functions that the documents mention and that a fork may have removed. Their commands and links are left out, with a
# message.
EXAMPLES = {"event-processor", "hasher", "http-api"}


def removed_examples():
    return {name for name in EXAMPLES if not os.path.isdir(f"functions/{name}")}


def documents():
    names = subprocess.run(["git", "ls-files", "-z", "*.md"], check=True, capture_output=True, text=True).stdout
    # The templates' texts have placeholders.
    return [name for name in names.split("\0") if name and not name.startswith("templates/")]


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


def main():
    broken = [complaint for name in documents() for complaint in broken_links(name)]
    for complaint in broken:
        print(complaint)
    print(f"{len(documents())} documents, {len(broken)} broken links")
    return bool(broken)


if __name__ == "__main__":
    sys.exit(main())
