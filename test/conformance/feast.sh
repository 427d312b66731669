#!/usr/bin/env bash
# Runs the public feast package against a server that is up with examples/fraud: what Feast's SDK writes and reads with
# `online_store: {type: remote}`.
#   test/conformance/feast.sh BASE_URL        e.g. test/conformance/feast.sh http://127.0.0.1:8000
# Needs Python >= 3.10 with venv. The virtual environment (about 600 MB) is kept in $DOVETAIL_FEAST_VENV, or in the
# user's cache. The last line counts the checks of both versions.
set -euo pipefail

VERSION=0.67.0
# The last kind of client that reads view by view and takes event times from the answer; newer ones send the whole
# question. Its own files suffice, since it runs on the newer one's dependencies.
OLDER=0.58.0

if [ $# -ne 1 ]; then
  echo "usage: $0 BASE_URL" >&2
  exit 2
fi
if ! command -v python3 >/dev/null; then
  echo "$0: python3 is needed, e.g. apt-get install python3 python3-venv" >&2
  exit 2
fi

here=$(cd "$(dirname "$0")" && pwd)
venv=${DOVETAIL_FEAST_VENV:-${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/dovetail/feast-$VERSION}
older=$venv/feast-$OLDER

if [ ! -e "$venv/complete" ]; then
  mkdir -p "$(dirname "$venv")"
  python3 -m venv --clear "$venv" || {
    echo "$0: python3 cannot make a virtual environment; on Debian and Ubuntu: apt-get install python3-venv" >&2
    exit 2
  }
  "$venv/bin/pip" install --quiet --disable-pip-version-check "feast==$VERSION"
  "$venv/bin/pip" install --quiet --disable-pip-version-check --no-deps --target "$older" "feast==$OLDER"
  touch "$venv/complete"
fi

out=$(mktemp)
trap 'rm -f "$out"' EXIT
status=0
"$venv/bin/python" "$here/feast_check.py" "$1" 2>&1 | tee "$out" || status=1
PYTHONPATH=$older "$venv/bin/python" "$here/feast_check.py" "$1" 2>&1 | tee -a "$out" || status=1
awk '/^[0-9]+ passed, [0-9]+ failed$/ { passed += $1; failed += $3; runs++ }
  END { printf "%d passed, %d failed\n", passed, failed + (runs < 2 ? 2 - runs : 0) }' "$out"
exit $status
