#!/bin/sh
# test-needs.sh [VENV]: install the programs that tests drive: Chromium (browser tests), curl and R (lines to copy), Java
# (reasoner), Virtuoso and Comunica (federation), Varnish (a cache in front of a copy), LibreOffice (drop-downs of the
# template), strace (what reaches the disk), nginx, Caddy, systemd and docker-compose (the files of deploy/). Root on
# Debian only; elsewhere the tests that need a missing program say so and skip, and in CI they fail.
set -eu
venv=${1:-.venv}
comunica=@comunica/query-sparql@4.2.0  # the last one that runs on Node 20
missing=""
need() { command -v "$1" >/dev/null 2>&1 || missing="$missing $2"; }

need chromium chromium
need curl curl
need Rscript r-base-core
need java default-jre-headless
need strace strace
need soffice libreoffice-calc-nogui
need npm npm
need openssl openssl
need virtuoso-t virtuoso-opensource-7-bin
need varnishd varnish
need nginx nginx-light
need caddy caddy
need systemd-analyze systemd
need docker-compose docker-compose
if [ -n "$missing" ]; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        echo "iesi-kg: installing$missing for the tests" >&2
        export DEBIAN_FRONTEND=noninteractive
        apt-get -qq update
        # shellcheck disable=SC2086  (a list of package names)
        apt-get -qq install -y --no-install-recommends $missing >/dev/null
    else
        echo "iesi-kg: missing$missing; the tests that need them will be skipped (Debian: sudo apt-get install$missing)" >&2
    fi
fi
if [ ! -x "$venv/node/node_modules/.bin/comunica-sparql" ] && command -v npm >/dev/null 2>&1; then
    echo "iesi-kg: installing $comunica for the tests (80 MB)" >&2
    npm install --prefix "$venv/node" --no-audit --no-fund --ignore-scripts --silent "$comunica" >/dev/null ||
        echo "iesi-kg: $comunica could not be installed; the test that needs it will be skipped" >&2
fi
