#!/usr/bin/env bash
# Runs every check of the project: module order, format, a build without warnings, weak symbols, all tests, and the kernels' tests
# once more at each processor level.
#
#   Tests/run.sh             everything; about a minute after the build
#   Tests/run.sh --filter X  only the tests whose name matches X, after the build
#
# TEKTITE_PYTHON=...  a Python with other people's readers (Tests/requirements.txt); without it, those comparisons are skipped and say so
# TEKTITE_DATA=...    a folder with reference configurations; likewise
# TEKTITE_SLOW=1      statistical tests that take minutes as well
# TEKTITE_FUZZ=N      mutated inputs for each reader
set -euo pipefail
cd "$(dirname "$0")/.."

# A folder of its own: tests are built with another flag than the program, and the two would evict each other.
scratch=${TEKTITE_BUILD:-.build-test}
options=(-c release -Xswiftc -enable-testing --scratch-path "$scratch")
step() { printf '\n== %s\n' "$1"; }

step "module order"
Tests/check-module-order.sh

step "format"
swift format lint --strict --configuration .swift-format --recursive Sources Tests Package.swift
echo "format: clean"

step "build"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
swift build --build-tests "${options[@]}" 2>&1 | tee "$log"
# Warnings of packages that we only use are theirs.
if grep -E '(^|/)(Sources|Tests)/.*(warning:|error:)' "$log" | grep -vF "$scratch/checkouts/"; then
  echo "build: there are warnings" >&2
  exit 1
fi
Tests/check-weak-symbols.sh "$scratch/release"

step "tests"
if (( $# > 0 )); then
  exec swift test --skip-build "${options[@]}" "$@"
fi
[[ -n ${TEKTITE_PYTHON:-} ]] || echo "TEKTITE_PYTHON is not set: files are not compared with other people's readers"
[[ -n ${TEKTITE_DATA:-} ]] || echo "TEKTITE_DATA is not set: reference configurations are not compared"
[[ -n ${TEKTITE_SLOW:-} ]] || echo "TEKTITE_SLOW is not set: the long statistical tests are left out"
swift test --skip-build "${options[@]}"

# The run above used the best level that this processor has. A level that it lacks is not tried, and the program says so.
for level in baseline x86-64-v3; do
  [[ $(uname -m) == x86_64 || $level == baseline ]] || continue
  step "kernels and potentials at level $level"
  TEKTITE_LEVEL=$level swift test --skip-build "${options[@]}" \
    --filter 'TektiteKernelsTests|TektiteCoreTests|TektitePotentialsTests|PotentialConformanceTests'
done

step "all checks passed"
