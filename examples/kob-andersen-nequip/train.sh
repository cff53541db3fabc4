#!/usr/bin/env bash
# Trains a small NequIP model on the labelled frames, in reduced units throughout: one thread. A run that was stopped goes on from its last checkpoint when this is started again.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cd "${1:-.}"
export OMP_NUM_THREADS=1
resume=()
if [ -e last.ckpt ]; then resume=(++ckpt_path="$PWD/last.ckpt"); fi
nequip-train -cp "$here" -cn train.yaml hydra.run.dir=. hydra.output_subdir=null "${resume[@]}"
