#!/usr/bin/env bash
# Runs the public perf_analyzer against a server that is up, over HTTP, gRPC and a gRPC stream: that it measures, and that
# the server's own statistics say what it did. Not how fast: that is bench/'s business.
#   test/conformance/perf_analyzer.sh BASE_URL GRPC_ADDRESS MODEL
# The package has programs for glibc 2.38 and later only (Debian 13, Ubuntu 24.04); elsewhere nothing is checked, and the
# last line says so with no check passed and none failed. PERF_ANALYZER names another program to run.
set -euo pipefail

VERSION=2.60.0

if [ $# -ne 3 ]; then
  echo "usage: $0 BASE_URL GRPC_ADDRESS MODEL" >&2
  exit 2
fi
http=${1#*://}
grpc=$2
model=$3
program=${PERF_ANALYZER:-}

if [ -z "$program" ]; then
  glibc=$(getconf GNU_LIBC_VERSION 2>/dev/null | awk '{ print $2 }') || true
  if [ "$(printf '2.38\n%s\n' "${glibc:-0}" | sort -V | head -n 1)" != 2.38 ]; then
    echo "perf_analyzer $VERSION needs glibc 2.38, this is ${glibc:-another library}: left out"
    echo "0 passed, 0 failed"
    exit 0
  fi
  venv=${DOVETAIL_PERF_ANALYZER_VENV:-${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/dovetail/perf-analyzer-$VERSION}
  if [ ! -x "$venv/bin/perf_analyzer" ]; then
    mkdir -p "$(dirname "$venv")"
    python3 -m venv --clear "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check --no-deps "perf-analyzer==$VERSION"
  fi
  program=$venv/bin/perf_analyzer
fi

out=$(mktemp)
trap 'rm -f "$out"' EXIT
passed=0
failed=0

# check TITLE WORDS OPTIONS…: it ends well and reports what it did, the server's side included unless WORDS is empty.
check() {
  local title=$1 words=$2
  shift 2
  if timeout 120 $program -m "$model" --input-data zero --measurement-mode count_windows \
    --measurement-request-count 50 --stability-percentage 999 --max-trials 3 "$@" >"$out" 2>&1 &&
    grep -q 'Throughput: [1-9]' "$out" && { [ -z "$words" ] || grep -qE "$words" "$out"; }; then
    passed=$((passed + 1))
    echo "ok      perf_analyzer: $title: $(grep -o 'Throughput: .*' "$out" | head -n 1)"
  else
    failed=$((failed + 1))
    echo "FAILED  perf_analyzer: $title"
    tail -n 20 "$out"
  fi
}

served='Successful request count: [1-9]'
check "HTTP, one after another" "$served" -i http -u "$http" --concurrency-range 1
check "HTTP, eight at once, rows in batches of 4" "$served" -i http -u "$http" --concurrency-range 8 -b 4
check "gRPC, one after another" "$served" -i grpc -u "$grpc" --concurrency-range 1
check "gRPC, eight at once, rows in batches of 4" "$served" -i grpc -u "$grpc" --concurrency-range 8 -b 4
check "gRPC, eight calls of one thread" "$served" -i grpc -u "$grpc" --concurrency-range 8 --async
check "a gRPC stream" "$served" -i grpc -u "$grpc" --concurrency-range 4 --async --streaming
check "gRPC at a rate" "" -i grpc -u "$grpc" --request-rate-range 50

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
