#!/bin/sh
# Measures the same SMA cross in other trading frameworks (README.md beside this). Not part of CI.
if ! command -v python3 >/dev/null 2>&1; then
    echo "tests/peers wants python3 (3.11 or newer) with venv and pip: none is on PATH. Nothing was measured." >&2
    exit 3
fi
exec python3 "$(dirname "$0")/run.py" "$@"
