#!/usr/bin/env bash
# Holds the order of the modules (docs/architecture.md): each may import what its line below names, and nothing else of ours. It reads the
# `import` lines of all sources, because the package manager lets a module import whatever happens to be built.
# Usage: Tests/check-module-order.sh [SOURCES]   (the folder of sources; default: Sources)
set -euo pipefail
cd "$(dirname "$0")/.."
sources=${1:-Sources}

# module: what it may import. Modules of the language and the system are free, except that only the named ones may use Foundation.
order='
CX86:
CNetCDF:
CAllocationCount:
COpenBLAS:
TektiteLinearAlgebra: COpenBLAS
TektiteLayouts:
TektiteKernelsBaseline: TektiteLayouts CX86
TektiteKernelsV3: TektiteLayouts CX86
TektiteKernelsV4: TektiteLayouts CX86
TektiteKernels: TektiteLayouts TektiteKernelsBaseline TektiteKernelsV3 TektiteKernelsV4 CX86
TektiteCore: TektiteKernels TektiteLayouts
TektitePotentials: TektiteCore TektiteKernels TektiteLayouts
TektiteIrreps:
TektiteModelFiles:
TektiteEquivariant: TektiteCore TektiteKernels TektiteLayouts TektiteIrreps TektiteModelFiles
TektiteTrajectories: TektiteCore CNetCDF Foundation
TektiteDynamics: TektiteCore TektiteKernels TektiteTrajectories Foundation
TektiteAnalysis: TektiteCore TektiteTrajectories TektiteDynamics TektiteIrreps TektiteLinearAlgebra Foundation
TektiteDecks: TektiteCore TektitePotentials TektiteModelFiles TektiteEquivariant TektiteTrajectories TektiteDynamics TektiteAnalysis Yams Foundation
Tektite: TektiteCore TektitePotentials TektiteTrajectories TektiteDynamics TektiteAnalysis TektiteDecks
TektiteCLI: Tektite TektiteModelFiles TektiteEquivariant ArgumentParser Foundation
TektiteTestSupport: TektiteCore TektitePotentials CAllocationCount
'
# Anyone may import these: they are part of the language or the C library.
free='Swift Builtin Synchronization Glibc Musl Darwin'

failed=0
complain() { echo "module order: $1" >&2; failed=1; }

for folder in "$sources"/*/; do
  module=$(basename "$folder")
  line=$(grep "^$module:" <<< "$order") || { complain "the module $module is not in the table of $0"; continue; }
  allowed=" ${line#*:} $free "
  # `@_exported import X`, `@testable import X`, `import struct X.Y`, `public import X` all count.
  imports=$(find -L "$folder" -name '*.swift' -exec awk '
    { sub(/\/\/.*/, ""); sub(/^[ \t]+/, "") }
    /^((@[A-Za-z_()]+|public|package|internal|private|fileprivate)[ \t]+)*import[ \t]/ {
      sub(/^.*import[ \t]+/, ""); sub(/^(struct|class|enum|protocol|func|var|let|typealias|actor)[ \t]+/, "")
      split($0, words, /[ \t;.]/); print FILENAME " " words[1]
    }' {} +)
  while read -r file name; do
    [[ -z ${name:-} || $allowed == *" $name "* ]] || complain "$file imports $name, which $module may not"
  done <<< "$imports"
done

# The other way round: a line of the table without a module is a leftover.
while IFS=: read -r module _; do
  [[ -z $module || -d $sources/$module ]] || complain "the table names $module, which is not in $sources"
done <<< "$order"

(( failed == 0 )) && echo "module order: held"
exit $failed
