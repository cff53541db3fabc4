#!/usr/bin/env bash
# Trains a small MACE model on the labelled frames, in reduced units throughout: one thread, some 40 minutes of a core.
# A run that was stopped goes on from its last checkpoint when this is started again.
set -euo pipefail
work=${1:-.}
cd "$work"
export OMP_NUM_THREADS=1

# Atoms far from all others have no energy, so the energies of single atoms are zero. The model sees as far as the widest cutoff of the teacher.
mace_run_train \
  --name kob-andersen --seed 2026 --work_dir run --device cpu --default_dtype float32 \
  --train_file data/train.xyz --valid_fraction 0.05 \
  --energy_key energy --forces_key forces --E0s '{15: 0.0, 32: 0.0}' \
  --model ScaleShiftMACE --scaling rms_forces_scaling \
  --hidden_irreps '16x0e' --max_ell 2 --correlation 3 --num_interactions 2 \
  --r_max 2.5 --num_radial_basis 8 --num_cutoff_basis 5 --radial_MLP '[32, 32, 32]' --MLP_irreps 16x0e \
  --batch_size 2 --valid_batch_size 4 --eval_interval 2 \
  --lr 0.01 --amsgrad --weight_decay 5e-7 --scheduler ExponentialLR --lr_scheduler_gamma 0.94 \
  --ema --ema_decay 0.99 --energy_weight 1 --forces_weight 10 \
  --swa --start_swa 40 --swa_lr 0.001 --swa_energy_weight 100 --swa_forces_weight 10 \
  --max_num_epochs 50 --error_table PerAtomRMSE --restart_latest --save_cpu
