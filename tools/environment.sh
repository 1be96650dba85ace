#!/bin/sh
# environment.sh VENV EXTRAS: make the virtual environment and install the project into it.
# Every way this can fail ends in one sentence that says what to do.
set -eu
venv=$1
extras=$2
python=${PYTHON:-python3}

say() { printf 'iesi-kg: %s\n' "$*" >&2; }

command -v "$python" >/dev/null 2>&1 || { say "no $python found; install Python 3.11 or newer (Debian: apt-get install python3 python3-venv)"; exit 1; }
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    say "$("$python" --version 2>&1) is too old: 3.11 or newer is needed (another one: make PYTHON=/path/to/python3 ...)"; exit 1; }

if ! "$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        say "installing python3-venv"
        { apt-get -qq update && apt-get -qq install -y python3-venv; } >/dev/null || { say "python3-venv could not be installed; run: apt-get install python3-venv"; exit 1; }
    else
        say "the module venv is missing; run: sudo apt-get install python3-venv"; exit 1
    fi
fi

if [ ! -x "$venv/bin/python" ]; then
    say "creating $venv"
    "$python" -m venv "$venv" || { say "could not create $venv (is the disk full, the folder writable?)"; exit 1; }
fi
say "installing the project into $venv (a minute on the first time)"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".$extras" || {
    say "the installation failed; the lines above say why. Is the package index reachable?"; exit 1; }
