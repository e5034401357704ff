#!/usr/bin/env bash
# Brings what the whole test run needs beyond the venv: a browser, Chinese letters, sound tools, an SMS
# gateway and a modem's daemon, the vendors' own clients, the Node packages of tests/peers and, in CI,
# the extras. Installs only as root; otherwise says which
# tests will be skipped.
set -euo pipefail
cd "$(dirname "$0")/.."

missing=()
need() { command -v "$1" >/dev/null 2>&1 || missing+=("$2"); }

need chromium chromium
need sox sox
need ffmpeg ffmpeg
need node nodejs
need npm npm
need bearerbox kannel
need gammu-smsd gammu-smsd
need gammu gammu
if ! fc-list 2>/dev/null | grep -qi 'noto.*cjk'; then
    missing+=(fonts-noto-cjk)
fi

if [ "${#missing[@]}" -gt 0 ]; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        echo "Installing ${missing[*]} ..."
        export DEBIAN_FRONTEND=noninteractive
        apt-get update -qq
        apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
    elif [ -n "${CI:-}" ]; then
        echo "CI needs ${missing[*]}, and only root can install them." >&2
        exit 1
    else
        echo "Not installed: ${missing[*]}. The tests that need them are skipped; CI runs them."
    fi
fi

# The SMS vendors' own clients, that our signatures and the simulator are tried against.
peers=".venv/.peers-$(cksum < requirements/peers.txt | tr -d ' \n')"
if [ ! -e "$peers" ]; then
    .venv/bin/pip install --quiet --no-input --require-hashes -r requirements/peers.txt
    touch "$peers"
fi

# The extras: CI tries what they hold for real; elsewhere their tests are skipped without them.
if [ -n "${CI:-}" ]; then
    for extra in voice photo; do
        .venv/bin/pip install --quiet --no-input --require-hashes -r "requirements/$extra.txt"
    done
fi

if command -v npm >/dev/null 2>&1; then
    scripts/peers.sh
fi
