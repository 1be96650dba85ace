#!/bin/sh
# Install the programs that tests drive: Chromium (browser tests), curl, Java (reasoner), strace (what reaches the disk). Root on Debian only;
# elsewhere the tests that need a missing program say so and skip, and in CI they fail.
set -eu
need() { command -v "$1" >/dev/null 2>&1 || missing="$missing $2"; }

missing=""
need chromium chromium
need curl curl
need java default-jre-headless
need strace strace
[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "iesi-kg: installing$missing for the tests" >&2
    export DEBIAN_FRONTEND=noninteractive
    apt-get -qq update
    # shellcheck disable=SC2086  (a list of package names)
    apt-get -qq install -y --no-install-recommends $missing >/dev/null
else
    echo "iesi-kg: missing$missing; the tests that need them will be skipped (Debian: sudo apt-get install$missing)" >&2
fi
