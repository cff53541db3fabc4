#!/usr/bin/env bash
# Trains a small MACE model on acetylacetone at 300 K: one thread, some 25 minutes of a core.
#
#   ./fetch.sh && ./train.sh && python finish.py
#
# A run that was stopped goes on from its last checkpoint when this is started again.
set -euo pipefail
work=${1:-.}
cd "$work"
export OMP_NUM_THREADS=1

mace_run_train \
  --name acetylacetone --seed 2026 --work_dir run --device cpu --default_dtype float32 \
  --train_file data/train_300K.xyz --valid_fraction 0.05 \
  --energy_key energy --forces_key forces \
  --E0s '{1: -13.568422178253735, 6: -1026.8538996116154, 8: -2037.796869412825}' \
  --model ScaleShiftMACE --scaling rms_forces_scaling \
  --hidden_irreps '32x0e + 32x1o' --max_ell 2 --correlation 3 --num_interactions 2 \
  --r_max 5.0 --num_radial_basis 8 --num_cutoff_basis 5 --radial_MLP '[64, 64, 64]' --MLP_irreps 16x0e \
  --batch_size 5 --valid_batch_size 25 --eval_interval 3 \
  --lr 0.01 --amsgrad --weight_decay 5e-7 --scheduler ExponentialLR --lr_scheduler_gamma 0.98 \
  --ema --ema_decay 0.99 --energy_weight 1 --forces_weight 100 \
  --swa --start_swa 45 --swa_lr 0.001 --swa_energy_weight 1000 --swa_forces_weight 100 \
  --max_num_epochs 65 --error_table PerAtomRMSE --restart_latest --save_cpu
