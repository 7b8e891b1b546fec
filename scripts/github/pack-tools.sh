#!/usr/bin/env bash
# Packs the tools for later jobs, which do not compile them: scripts/tools.sh unpacks tools.tar. As a tar, because artifacts
# lose the executable bit.
source "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

scripts/setup.sh
get_tools
packed=(package rollout sandbox)
# Comes with those that are released.
[[ ! -d $tools_bin/controller ]] || packed+=(controller)
tar --create --file tools.tar --directory "$tools_bin" --dereference --transform 's,^,.tools/packed/,' "${packed[@]}"
