#!/usr/bin/env bash
# What starts with #! is a program and git has it executable; what does not is sourced, and is not.
source "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

wrong=0
while read -r mode _ _ file; do
    expected=100644
    [[ $(head -c 2 "$file") != "#!" ]] || expected=100755
    [[ $mode == "$expected" ]] || { echo "$file has mode $mode in git and wants $expected: git update-index --chmod" && wrong=1; }
done < <(git ls-files -s '*.sh')
((wrong == 0)) || die 1 "git does not have every script as it is used"
echo "$(git ls-files '*.sh' | wc -l) scripts"
