#!/usr/bin/env bash
# Comments on a pull request; a comment of the same name is replaced.
# scripts/github/comment.sh NAME FILE, with GH_TOKEN, GITHUB_REPOSITORY and PULL_REQUEST (its number).
source "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

[[ $# == 2 ]] || die 2 "usage: scripts/github/comment.sh NAME FILE"
[[ -n ${GITHUB_REPOSITORY:-} && -n ${PULL_REQUEST:-} ]] || die 2 "GITHUB_REPOSITORY and PULL_REQUEST say where to comment"
marker="<!-- $1 -->"
body=$(printf '%s\n%s\n' "$marker" "$(<"$2")")

comments=repos/$GITHUB_REPOSITORY/issues/$PULL_REQUEST/comments
# Replace only a comment that was written with this workflow's token.
before=$(gh api --paginate "$comments" --jq ".[] | select(.user.login == \"github-actions[bot]\" and (.body | startswith(\"$marker\"))) | .id" | head -n 1)
if [[ -n $before ]]; then
    gh api --silent --method PATCH "repos/$GITHUB_REPOSITORY/issues/comments/$before" --field body="$body"
    echo "comment $before of pull request $PULL_REQUEST has a new text"
else
    gh api --silent --method POST "$comments" --field body="$body"
    echo "pull request $PULL_REQUEST has a new comment"
fi
