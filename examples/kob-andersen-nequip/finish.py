"""Saves the trained model for use, and prints its errors on the frames that it was not trained on.

python finish.py [WORK [OUTPUT]]: WORK is the folder that train.sh worked in (default: this one), OUTPUT the file to write (default: kob-andersen-nequip.ckpt).

The training has kept the checkpoint of its best epoch. What only its continuation needs is taken out: the state of the optimizer, of the callbacks and of the generators of
random numbers, and with them the paths of this machine. nequip-package and nequip-compile read what remains, if started in WORK, since they look at the data too.
"""

import logging
import sys
import warnings
from pathlib import Path

warnings.filterwarnings("ignore")
logging.disable(logging.INFO)

import numpy as np  # noqa: E402
import torch  # noqa: E402
from ase.io import read  # noqa: E402
from nequip.integrations.ase import NequIPCalculator  # noqa: E402

SETS = {"test": "density 1.2", "dilute": "density 1.15", "dense": "density 1.25"}


def shorten(source: Path, target: Path) -> None:
    content = torch.load(source, map_location="cpu", weights_only=False)
    # Lightning wants the keys, but nothing in them.
    content["optimizer_states"], content["lr_schedulers"], content["callbacks"], content["loops"] = [], [], {}, {}
    content.pop("ASEDataModule", None)
    torch.save(content, target)
    print(f"epoch {content['epoch'] + 1}, {content['global_step']} steps; {target}: {target.stat().st_size / 1e6:.2f} MB")


def rms(values: list) -> float:
    return float(np.sqrt(np.mean(np.concatenate([np.ravel(value) for value in values]) ** 2)))


def main() -> None:
    torch.set_num_threads(1)
    work = Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    target = Path(sys.argv[2] if len(sys.argv) > 2 else "kob-andersen-nequip.ckpt")
    shorten(work / "best.ckpt", target)
    calculator = NequIPCalculator._from_saved_model(target, chemical_species_to_atom_type_map={"Ge": "A", "P": "B"})
    print(f"{sum(parameter.numel() for parameter in calculator.model.parameters())} parameters")
    for name, title in SETS.items():
        energies, pressures, shears, forces, sizes = [], [], [], [], []
        for frame in read(work / "data" / f"{name}.xyz", ":"):
            reference = frame.calc.results
            calculator.calculate(frame)
            energies.append((calculator.results["energy"] - reference["energy"]) / len(frame))
            # In Voigt's order the first three are the diagonal; the pressure is minus their mean.
            difference = calculator.results["stress"] - reference["stress"]
            pressures.append(-difference[:3].mean())
            shears.append(difference[3:])
            forces.append(calculator.results["forces"] - reference["forces"])
            sizes.append(reference["forces"])
        error, size = rms(forces), rms(sizes)
        print(f"{title}, {len(energies)} frames: energy {rms(energies):.5f} epsilon an atom, mean error {np.mean(energies):+.5f}")
        print(f"  pressure {rms(pressures):.4f} epsilon/sigma^3, mean error {np.mean(pressures):+.4f}; shear stresses {rms(shears):.4f}")
        print(f"  forces {error:.3f} epsilon/sigma of {size:.1f}, or {100 * error / size:.2f} %; largest {max(abs(f).max() for f in forces):.2f}")


if __name__ == "__main__":
    main()
