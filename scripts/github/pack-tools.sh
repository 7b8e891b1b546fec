#!/usr/bin/env bash
# The tools as one file for the jobs that come after, which shall not compile: artifacts lose the
# executable bit, a tar keeps it. They go to .tools/bin again: tar --extract --file tools.tar
source "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

scripts/setup.sh
get_tools
tar --create --file tools.tar --directory "$tools_bin" --dereference --transform 's,^,.tools/bin/,' package rollout sandbox
