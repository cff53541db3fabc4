"""Picks the better stage of the training, saves its model for use, and prints its errors on the frames that it was not trained on.

python finish.py [WORK [OUTPUT]]: WORK is the folder that train.sh worked in (default: this one), OUTPUT the file to write (default: kob-andersen-mace.model).

Each stage has saved the model of its best epoch. The one to keep has the lower loss on the validation frames with the weights of the second stage, for which
energies count; the first stage may win, where the second was too short to bring the energies back after its change of weights.
"""

import json
import sys
import warnings
from pathlib import Path

warnings.filterwarnings("ignore")

import mace.calculators  # noqa: E402  sets how torch reads e3nn's own files, and so comes first
import numpy as np  # noqa: E402
import torch  # noqa: E402
from ase.io import read  # noqa: E402

# The numbers that train.sh gives to --start_swa, --swa_energy_weight and --swa_forces_weight.
SECOND_STAGE_FROM, ENERGY_WEIGHT, FORCES_WEIGHT = 40, 100, 10
STAGES = {"one": "kob-andersen.model", "two": "kob-andersen_stagetwo.model"}


def best_epochs(work: Path) -> dict[str, dict]:
    """What the training noted for the epoch of lowest validation loss of each stage."""
    best = {}
    for line in (work / "run" / "results" / "kob-andersen_run-2026_train.txt").read_text().splitlines():
        entry = json.loads(line)
        if entry["mode"] != "eval" or entry["epoch"] is None:
            continue
        stage = "one" if entry["epoch"] < SECOND_STAGE_FROM else "two"
        if stage not in best or entry["loss"] < best[stage]["loss"]:
            best[stage] = entry
    return best


def choose(work: Path) -> Path:
    """The model with the lower loss, of those that are there."""
    losses = {}
    for stage, entry in sorted(best_epochs(work).items()):
        energy, force = entry["rmse_e_per_atom"], entry["rmse_f"]
        losses[stage] = ENERGY_WEIGHT * energy**2 + FORCES_WEIGHT * force**2
        print(
            f"stage {stage}, epoch {entry['epoch']}: validation energy {energy:.5f} epsilon an atom, "
            f"forces {force:.4f} epsilon/sigma, loss {losses[stage]:.4f}"
        )
    found = [stage for stage in losses if (work / "run" / STAGES[stage]).exists()]
    if not found:
        raise SystemExit(f"{work / 'run'} holds none of {', '.join(STAGES.values())}; run train.sh first")
    return work / "run" / STAGES[min(found, key=losses.get)]


def root_mean_square(values: list) -> float:
    return float(np.sqrt(np.mean(np.concatenate([np.ravel(value) for value in values]) ** 2)))


def main() -> None:
    torch.set_num_threads(1)
    work = Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    target = Path(sys.argv[2] if len(sys.argv) > 2 else "kob-andersen-mace.model")
    source = choose(work)
    model = torch.load(source, map_location="cpu", weights_only=False)
    for parameter in model.parameters():
        parameter.grad = None
        parameter.requires_grad_(False)
    torch.save(model.eval(), target)
    numbers = sum(parameter.numel() for parameter in model.parameters())
    print(f"{source.name} as {target}: {target.stat().st_size / 1e6:.2f} MB, {numbers} parameters")

    calculator = mace.calculators.MACECalculator(model_paths=str(target), device="cpu", default_dtype="float64")
    energies, pressures, forces, sizes = [], [], [], []
    for frame in read(work / "data" / "test.xyz", ":"):
        reference = frame.calc.results
        calculator.calculate(frame, ["energy", "forces", "stress"])
        energies.append((calculator.results["energy"] - reference["energy"]) / len(frame))
        # Of the stress, in Voigt's order, the first three are the diagonal; the pressure is minus their mean.
        pressures.append(-np.mean(calculator.results["stress"][:3] - reference["stress"][:3]))
        forces.append(calculator.results["forces"] - reference["forces"])
        sizes.append(reference["forces"])
    error, size = root_mean_square(forces), root_mean_square(sizes)
    print(f"{len(energies)} frames: energy {root_mean_square(energies):.5f} epsilon an atom, mean error {np.mean(energies):+.5f}")
    print(f"pressure {root_mean_square(pressures):.4f} epsilon/sigma^3, mean error {np.mean(pressures):+.4f}")
    print(f"forces {error:.3f} epsilon/sigma of {size:.1f}, or {100 * error / size:.2f} %")


if __name__ == "__main__":
    main()
