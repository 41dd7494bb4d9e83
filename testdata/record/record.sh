#!/usr/bin/env bash
# Records what instrumentation libraries export, into ../recordings; see README.md.
#
#   record.sh [LIBRARY...]                    record again
#   record.sh --check [LIBRARY...]            record elsewhere, and show how names and keys differ
#   record.sh --check --latest [LIBRARY...]   the same with the newest libraries instead of the locked ones
#   record.sh --table                         print what is recorded
#
# Needs python3 with venv, and npm for the JavaScript libraries. Packages go to $TAILWISE_RECORD_CACHE, by default
# ~/.cache/tailwise-record.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cache=${TAILWISE_RECORD_CACHE:-$HOME/.cache/tailwise-record}
if ! cmp -s "$here/requirements.lock" "$cache/tools/installed"; then
  python3 -m venv --clear "$cache/tools"
  "$cache/tools/bin/pip" install --quiet --no-input -r "$here/requirements.lock"
  cp "$here/requirements.lock" "$cache/tools/installed"
fi
export PYTHONDONTWRITEBYTECODE=1 TAILWISE_RECORD_CACHE=$cache
exec "$cache/tools/bin/python" "$here/record.py" "$@"
