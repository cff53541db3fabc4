#!/usr/bin/env bash
# Runs the teacher, computes its energies and forces, and makes the two sets. `tektite` must be on the PATH.
#
#   ./label.sh && ./train.sh && python finish.py
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cd "${1:-.}"
tektite run "$here/label.yaml" --output label-run --overwrite
mkdir -p labels
for temperature in 2.0 1.5 1.0 0.8 0.6; do
  tektite evaluate kob-andersen "label-run/T$temperature.extxyz" --output "labels/T$temperature.extxyz" --overwrite
done
python3 "$here/convert.py" labels/T*.extxyz
