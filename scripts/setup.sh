#!/usr/bin/env bash
# Makes .venv from the locked packages and builds the knowledge index. Safe to run again: each step
# is skipped while what it depends on has not changed.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '%s\n' "$*"; }

fail() {
    printf '%s\n' "$*" >&2
    exit 1
}

fingerprint() { cat "$@" | cksum | tr -d ' \n'; }

find_python() {
    local candidate
    for candidate in ${PYTHON:-} python3.11 python3.12 python3.13 python3.14 python3; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            printf '%s' "$candidate"
            return
        fi
    done
    fail "Suifang needs Python 3.11 or newer, and none was found. Install it, or name it: make setup PYTHON=/path/to/python3"
}

make_venv() {
    if .venv/bin/python -c 'import sys, pip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        return
    fi
    local python
    python=$(find_python)
    say "1/3  Making .venv with $("$python" --version) ..."
    rm -rf .venv
    "$python" -m venv .venv ||
        fail "Python could not make .venv. On Debian and Ubuntu: apt-get install python3-venv"
}

count_packages() {
    awk '/^(Collecting|Requirement already satisfied)/ {
             if (++n % 30 == 0) { printf "     %d packages found ...\n", n; fflush() }
         }
         /^Installing collected/ { print "     Unpacking them ..."; fflush() }'
}

install_packages() {
    local key stamp
    key=$(fingerprint requirements/dev.txt pyproject.toml)
    stamp=".venv/.installed-$key"
    if [ -e "$stamp" ]; then
        return
    fi
    rm -f .venv/.installed-* .venv/.indexed-*
    say "2/3  Installing $(grep -c == requirements/dev.txt) locked packages (1 GB; a few minutes the first time) ..."
    .venv/bin/pip install --no-input --progress-bar off --require-hashes -r requirements/dev.txt |
        count_packages
    .venv/bin/pip install --quiet --no-deps --no-build-isolation -e .
    touch "$stamp"
}

build_index() {
    local key stamp
    key=$(find knowledge \( -name '*.md' -o -name '*.toml' -o -name '*.py' \) -print0 | sort -z |
        xargs -0 cksum | cksum | tr -d ' \n')
    stamp=".venv/.indexed-$key"
    if [ -e "$stamp" ] && [ -e "${SUIFANG_DATA_DIR:-var}/index/current" ]; then
        return
    fi
    say "3/3  Building the knowledge index ..."
    .venv/bin/suifang index
    rm -f .venv/.indexed-*
    touch "$stamp"
    say "Ready. Next: make demo"
}

make_venv
install_packages
build_index
