#!/usr/bin/env bash
# In git, scripts that start with #! are executable, and others are not.
source "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

wrong=0
while read -r mode _ _ file; do
    expected=100644
    [[ $(head -c 2 "$file") != "#!" ]] || expected=100755
    [[ $mode == "$expected" ]] || { echo "$file has mode $mode in git and wants $expected: git update-index --chmod" && wrong=1; }
done < <(git ls-files -s '*.sh' 'scripts/*.py')
((wrong == 0)) || die 1 "these scripts have the wrong mode in git"
echo "$(git ls-files '*.sh' 'scripts/*.py' | wc -l) scripts"
