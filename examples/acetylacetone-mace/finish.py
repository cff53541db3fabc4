"""Saves the model for use, and prints its errors on every data set.

python finish.py [WORK [OUTPUT]]: WORK is the folder that train.sh worked in (default: this one), OUTPUT the file to write (default: acetylacetone-mace.model).

The file is what mace_run_train wrote, with every parameter fixed and no gradients, in the precision of training. The errors are those of the file
that is written, read back, in double precision.
"""

import sys
import warnings
from pathlib import Path

warnings.filterwarnings("ignore")

import mace.calculators  # noqa: E402  sets how torch reads e3nn's own files, and so comes first
import numpy as np  # noqa: E402
import torch  # noqa: E402
from ase.io import read  # noqa: E402

SETS = ["train_300K", "test_MD_300K", "test_MD_600K", "test_dihedral", "test_H_transfer"]
# The second stage of the training, which weighs energies more, if it was reached; else the first.
MODELS = ["acetylacetone_stagetwo.model", "acetylacetone.model"]


def save(source: Path, target: Path) -> None:
    """Writes the model in `source` to `target` with nothing left to learn."""
    model = torch.load(source, map_location="cpu", weights_only=False)
    for parameter in model.parameters():
        parameter.grad = None
        parameter.requires_grad_(False)
    torch.save(model.eval(), target)


def root_mean_square(values: list) -> float:
    return float(np.sqrt(np.mean(np.concatenate([np.ravel(value) for value in values]) ** 2)))


def errors(calculator, frames: list) -> tuple[float, float, float, float | None]:
    """Of the energies of whole molecules, in meV: the root mean square error, the same without the mean error, the mean error; and the root
    mean square error of the components of the forces in meV/Å, None where there are no reference forces."""
    energies, forces = [], []
    for frame in frames:
        reference = frame.calc.results
        calculator.calculate(frame, ["energy", "forces"])
        energies.append(calculator.results["energy"] - reference["energy"])
        if "forces" in reference:
            forces.append(calculator.results["forces"] - reference["forces"])
    mean = float(np.mean(energies))
    return (
        1000 * root_mean_square(energies),
        1000 * root_mean_square([np.array(energies) - mean]),
        1000 * mean,
        1000 * root_mean_square(forces) if forces else None,
    )


def main() -> None:
    torch.set_num_threads(1)
    work = Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    target = Path(sys.argv[2] if len(sys.argv) > 2 else "acetylacetone-mace.model")
    source = next((work / "run" / name for name in MODELS if (work / "run" / name).exists()), None)
    if source is None:
        raise SystemExit(f"{work / 'run'} holds none of {', '.join(MODELS)}; run train.sh first")
    save(source, target)
    model = torch.load(target, map_location="cpu", weights_only=False)
    numbers = sum(parameter.numel() for parameter in model.parameters())
    print(f"{source.name} as {target}: {target.stat().st_size / 1e6:.2f} MB, {numbers} parameters")

    calculator = mace.calculators.MACECalculator(model_paths=str(target), device="cpu", default_dtype="float64")
    print("set               frames   E rmse   E rmse less mean   E mean   F rmse   (meV a molecule, meV/Å)")
    for name in SETS:
        frames = read(work / "data" / f"{name}.xyz", ":")
        energy, spread, mean, force = errors(calculator, frames)
        shown = "     -" if force is None else f"{force:6.1f}"
        print(f"{name:17s} {len(frames):6d} {energy:8.1f} {spread:18.1f} {mean:8.1f}   {shown}", flush=True)


if __name__ == "__main__":
    main()
