#!/usr/bin/env bash
# Makes one build: of FUNCTION for ARCHITECTURE, with the tools that another job has built.
source "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

[[ -n ${FUNCTION:-} && -n ${ARCHITECTURE:-} ]] || die 2 "FUNCTION and ARCHITECTURE say what to build"
unpack_tools
scripts/build.sh "$FUNCTION" --architecture "$ARCHITECTURE"
