#!/usr/bin/env bash
# Code of the higher processor levels must not be reached on a processor that lacks them. The compiler emits some functions as weak symbols under
# names that every level's object shares (growth of an arena, copies of 32 bytes, look-ups of conformances); the linker keeps one
# copy, and it must not be one with AVX instructions, or the program would die of an illegal instruction far from the cause. Weak functions
# whose names carry a level's module are that level's own and do no harm.
# Usage: Tests/check-weak-symbols.sh BUILD   (a folder such as .build/release)
set -euo pipefail
build=${1:?usage: Tests/check-weak-symbols.sh BUILD}
[[ $(uname -m) == x86_64 ]] || { echo "weak symbols: nothing to check on $(uname -m)"; exit 0; }

shopt -s nullglob
names=$(mktemp)
trap 'rm -f "$names"' EXIT
for module in TektiteKernelsV3 TektiteKernelsV4; do
  objects=("$build/$module.build"/*.o)
  if (( ${#objects[@]} == 0 )); then
    echo "weak symbols: no objects of $module under $build; build first" >&2
    exit 1
  fi
  for object in "${objects[@]}"; do
    # Columns of readelf: number, value, size, type, binding, visibility, section, name.
    readelf --wide --symbols "$object" |
      awk -v own="$module" '$4 == "FUNC" && $5 == "WEAK" && $7 != "UND" && index($8, own) == 0 { print $8 }' >> "$names"
  done
done

failed=0
programs=0
for program in "$build/tektite" "$build"/*.xctest; do
  [[ -f $program ]] || continue
  programs=$((programs + 1))
  while read -r name; do
    lines=$(objdump --disassemble="$name" --no-show-raw-insn "$program" | grep -cE '%[yz]mm|[[:space:]]v[a-z0-9]+ ' || true)
    if (( lines > 0 )); then
      echo "weak symbols: $program has an AVX copy of $name" >&2
      failed=1
    fi
  done < <(sort -u "$names")
done
if (( programs == 0 )); then
  echo "weak symbols: no program under $build; build first" >&2
  exit 1
fi
(( failed == 0 )) && echo "weak symbols: $(sort -u "$names" | wc -l) shared names, none linked from a higher level"
exit $failed
