#!/usr/bin/env bash
# Runs deck.yaml with the model and with the potential that it learned from, and evaluates the model on the frames of the latter. `tektite` must be on the PATH.
# The numbers and the picture come from the script of the MACE example:
#
#   ./compare.sh && python ../kob-andersen-mace/compare.py . kob-andersen-nequip.png kob-andersen-nequip NequIP
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cd "${1:-.}"
# The same deck but for one line, so the start, the velocities and the random numbers are the same too.
sed 's/^potential: kob-andersen-nequip$/potential: kob-andersen/' "$here/deck.yaml" > teacher.yaml
tektite run teacher.yaml --output teacher-run --overwrite
for model in kob-andersen kob-andersen-nequip; do
  tektite evaluate "$model" teacher-run/production.nc --output "on-teacher-$model.extxyz" --overwrite
done
tektite run "$here/deck.yaml" --output pupil-run --overwrite
