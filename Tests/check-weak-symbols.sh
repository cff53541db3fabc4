#!/usr/bin/env bash
# No function in the objects of the higher processor levels may be weak: the linker could choose its AVX copy for code that must run on
# any processor, and the program would die of an illegal instruction far from the cause.
# Usage: Tests/check-weak-symbols.sh BUILD   (a folder such as .build/release)
set -euo pipefail
build=${1:?usage: Tests/check-weak-symbols.sh BUILD}

shopt -s nullglob
failed=0
for module in TektiteKernelsV3 TektiteKernelsV4; do
  objects=("$build/$module.build"/*.o)
  if (( ${#objects[@]} == 0 )); then
    echo "weak symbols: no objects of $module under $build; build first" >&2
    exit 1
  fi
  for object in "${objects[@]}"; do
    # Columns of readelf: number, value, size, type, binding, visibility, section, name.
    weak=$(readelf --wide --symbols "$object" | awk '$4 == "FUNC" && $5 == "WEAK" && $7 != "UND" { print $8 }')
    if [[ -n $weak ]]; then
      echo "weak symbols: $object defines weak functions:" >&2
      echo "$weak" >&2
      failed=1
    fi
  done
done
(( failed == 0 )) && echo "weak symbols: no weak function in the kernels of the higher levels"
exit $failed
