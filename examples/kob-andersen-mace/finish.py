"""Saves the model for use, and prints its errors on the frames that it was not trained on.

python finish.py [WORK [OUTPUT]]: WORK is the folder that train.sh worked in (default: this one), OUTPUT the file to write (default: kob-andersen-mace.model).
"""

import sys
import warnings
from pathlib import Path

warnings.filterwarnings("ignore")

import mace.calculators  # noqa: E402  sets how torch reads e3nn's own files, and so comes first
import numpy as np  # noqa: E402
import torch  # noqa: E402
from ase.io import read  # noqa: E402

# The second stage of the training, which weighs energies more, if it was reached; else the first.
MODELS = ["kob-andersen_stagetwo.model", "kob-andersen.model"]


def main() -> None:
    torch.set_num_threads(1)
    work = Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    target = Path(sys.argv[2] if len(sys.argv) > 2 else "kob-andersen-mace.model")
    source = next((work / "run" / name for name in MODELS if (work / "run" / name).exists()), None)
    if source is None:
        raise SystemExit(f"{work / 'run'} holds none of {', '.join(MODELS)}; run train.sh first")
    model = torch.load(source, map_location="cpu", weights_only=False)
    for parameter in model.parameters():
        parameter.grad = None
        parameter.requires_grad_(False)
    torch.save(model.eval(), target)
    print(f"{source.name} as {target}: {target.stat().st_size / 1e6:.2f} MB")

    calculator = mace.calculators.MACECalculator(model_paths=str(target), device="cpu", default_dtype="float64")
    energies, forces, sizes = [], [], []
    for frame in read(work / "data" / "test.xyz", ":"):
        reference = frame.calc.results
        calculator.calculate(frame, ["energy", "forces"])
        energies.append((calculator.results["energy"] - reference["energy"]) / len(frame))
        forces.append((calculator.results["forces"] - reference["forces"]).ravel())
        sizes.append(reference["forces"].ravel())
    error = np.sqrt(np.mean(np.concatenate(forces) ** 2))
    size = np.sqrt(np.mean(np.concatenate(sizes) ** 2))
    print(f"{len(energies)} frames: energy {np.sqrt(np.mean(np.square(energies))):.4f} epsilon an atom")
    print(f"forces {error:.2f} epsilon/sigma of {size:.1f}, or {100 * error / size:.1f} %")


if __name__ == "__main__":
    main()
