#!/usr/bin/env bash
# Runs deck.yaml with the model and with the potential that it learned from, evaluates the model on the frames of the latter, and draws both.
# `tektite` must be on the PATH. One core, some ten minutes, nearly all of it the model's.
#
#   ./compare.sh [WORK] && python compare.py [WORK [IMAGE]]
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cd "${1:-.}"
# The same deck but for one line, so the start, the velocities and the random numbers are the same too.
sed 's/^potential: kob-andersen-mace$/potential: kob-andersen/' "$here/deck.yaml" > teacher.yaml
tektite run teacher.yaml --output teacher-run --overwrite
for model in kob-andersen kob-andersen-mace; do
  tektite evaluate "$model" teacher-run/production.nc --output "on-teacher-$model.extxyz" --overwrite
done
tektite run "$here/deck.yaml" --output pupil-run --overwrite
