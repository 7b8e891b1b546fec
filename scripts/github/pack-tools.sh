#!/usr/bin/env bash
# Packs the tools for later jobs, which do not compile. As a tar, because artifacts lose the executable bit. To unpack them
# into .tools/bin: tar --extract --file tools.tar
source "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

scripts/setup.sh
get_tools
tar --create --file tools.tar --directory "$tools_bin" --dereference --transform 's,^,.tools/bin/,' package rollout sandbox
