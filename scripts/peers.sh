#!/bin/sh
# Installs the Node packages that the codec and the simulator are tried against. Safe to run again:
# does nothing while what is installed is as new as the lock file.
set -eu
cd "$(dirname "$0")/../tests/peers"
if [ node_modules/.package-lock.json -nt package-lock.json ]; then
    exit 0
fi
npm ci --no-audit --no-fund --loglevel=error
