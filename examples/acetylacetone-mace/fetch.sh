#!/usr/bin/env bash
# Downloads the acetylacetone data set into ./data (4 MB) and checks that every file is the one that was used here.
# Source: https://github.com/davkovacs/BOTNet-datasets, MIT licence; doi:10.48550/arXiv.2205.06643.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cd "${1:-.}"
source=https://raw.githubusercontent.com/davkovacs/BOTNet-datasets/4a5ea06c3f514f24164428823ba1f5e2d2233b58/dataset_acac
mkdir -p data
while read -r _ file; do
  [[ -s $file ]] || curl --fail --location --silent --show-error --output "$file" "$source/$(basename "$file")"
done < "$here/SHA256SUMS"
sha256sum --check "$here/SHA256SUMS"
