"""Compares the learned liquid with the one it learned from, after compare.sh: draws both g(r) and prints the numbers of the README.

python compare.py [WORK [IMAGE [MODEL [LABEL]]]] (needs numpy, netCDF4 and matplotlib): WORK is the folder that compare.sh worked in (default: this one), MODEL the name of the
learned model (default: kob-andersen-mace), IMAGE the picture (default: MODEL.png), LABEL what the picture calls it (default: MACE). The NequIP example uses this too.

Every error is one standard error, from the scatter of the means over ten consecutive blocks.
"""

import csv
import re
import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import netCDF4
import numpy as np

BLOCKS = 10
EDGES = np.arange(0.7, 3.71, 0.02)
MIDDLES = 0.5 * (EDGES[1:] + EDGES[:-1])
PAIRS = {"AA": "#1f5f8b", "AB": "#c1502e", "BB": "#3d8b4f"}
# Where the first minimum of the teacher's g lies. BB has a shoulder at 1.0 and its first peak only at 1.6.
FIRST_PEAK_ENDS = {"AA": 1.44, "AB": 1.28, "BB": 2.0}


def mean_and_error(blocks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of block means along the first axis."""
    return blocks.mean(axis=0), blocks.std(axis=0, ddof=1) / np.sqrt(len(blocks))


def distributions(folder: Path) -> dict[str, np.ndarray]:
    """g of each pair, blocks × bins, from all frames but the start of the stage."""
    lines = (folder / "topology.pdb").read_text().splitlines()
    labels = np.array([line[12:16].strip() for line in lines if line.startswith(("ATOM", "HETATM"))])
    with netCDF4.Dataset(folder / "production.nc") as data:
        frames = np.array(data["coordinates"][1:], dtype=float)
        box = np.array(data["cell_lengths"][0], dtype=float)
    shells = 4 / 3 * np.pi * (EDGES[1:] ** 3 - EDGES[:-1] ** 3) / box.prod()
    result = {}
    for pair in PAIRS:
        first, second = (np.flatnonzero(labels == label) for label in pair)
        i, j = (grid.ravel() for grid in np.meshgrid(first, second, indexing="ij"))
        if pair[0] == pair[1]:
            i, j = i[i < j], j[i < j]
        counts = []
        for frame in frames:
            apart = frame[i] - frame[j]
            apart -= box * np.round(apart / box)
            counts.append(np.histogram(np.sqrt((apart**2).sum(axis=1)), EDGES)[0])
        means = [block.mean(axis=0) for block in np.array_split(np.array(counts, dtype=float), BLOCKS)]
        result[pair] = np.array(means) / len(i) / shells
    return result


def table(folder: Path) -> dict[str, np.ndarray]:
    """Block means of temperature, potential energy an atom and pressure."""
    with open(folder / "production.csv") as file:
        rows = list(csv.DictReader(line for line in file if not line.startswith("#")))
    atoms = sum(line.startswith(("ATOM", "HETATM")) for line in open(folder / "topology.pdb"))
    columns = {name.split(" ")[0]: name for name in rows[0]}
    result = {}
    for name, divisor in (("temperature", 1), ("potential", atoms), ("pressure", 1)):
        values = np.array([float(row[columns[name]]) for row in rows[1:]]) / divisor
        result[name] = np.array([block.mean() for block in np.array_split(values, BLOCKS)])
    return result


def evaluated(path: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Energy an atom, virial part of the pressure, and forces of frames that `tektite evaluate` wrote."""
    energies, pressures, forces = [], [], []
    with open(path) as file:
        while head := file.readline():
            atoms, comment = int(head), file.readline()
            energies.append(float(re.search(r"\benergy=(\S+)", comment)[1]) / atoms)
            stress = [float(x) for x in re.search(r'stress="([^"]*)"', comment)[1].split()]
            pressures.append(-(stress[0] + stress[4] + stress[8]) / 3)
            forces.append([[float(x) for x in file.readline().split()[4:7]] for _ in range(atoms)])
    return np.array(energies), np.array(pressures), np.array(forces)


def main() -> None:
    work = Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    model = sys.argv[3] if len(sys.argv) > 3 else "kob-andersen-mace"
    image = sys.argv[2] if len(sys.argv) > 2 else f"{model}.png"
    label = sys.argv[4] if len(sys.argv) > 4 else "MACE"
    folders = {"teacher": work / "teacher-run", "pupil": work / "pupil-run"}

    print("dynamics          teacher              pupil                pupil - teacher")
    tables = {who: table(folder) for who, folder in folders.items()}
    for name in tables["teacher"]:
        (a, da), (b, db) = (mean_and_error(tables[who][name]) for who in folders)
        print(f"{name:12s}  {a:9.4f} ± {da:.4f}   {b:9.4f} ± {db:.4f}   {b - a:+9.4f} ± {np.hypot(da, db):.4f}")

    known, learned = (evaluated(work / f"on-teacher-{name}.extxyz") for name in ("kob-andersen", model))
    energy, pressure, force = (b - a for a, b in zip(known, learned))
    rms = lambda x: float(np.sqrt(np.mean(x**2)))  # noqa: E731
    print(f"the pupil on {len(energy)} frames of the teacher:")
    print(f"energy an atom: mean error {energy.mean():+.5f}, root mean square {rms(energy):.5f} epsilon")
    print(f"pressure: mean error {pressure.mean():+.4f}, scatter about it {pressure.std():.4f} epsilon/sigma^3")
    print(f"forces: {rms(force):.3f} epsilon/sigma of {rms(known[2]):.1f}, {100 * rms(force) / rms(known[2]):.2f} %; largest {abs(force).max():.2f}")

    liquids = {who: distributions(folder) for who, folder in folders.items()}
    plt.rcParams.update({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False})
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), constrained_layout=True)
    print("g(r)   first peak: at, height of teacher and of pupil; largest difference before the first minimum, where; chi^2 a bin everywhere")
    for pair, colour in PAIRS.items():
        (a, da), (b, db) = (mean_and_error(liquids[who][pair]) for who in folders)
        error = np.hypot(da, db)
        near = MIDDLES < FIRST_PEAK_ENDS[pair]
        top, worst = np.argmax(np.where(near, a, 0)), np.argmax(np.where(near, abs(b - a), 0))
        seen = (a > 0.01) & (error > 0)
        print(
            f"{pair}   {MIDDLES[top]:.2f}  {a[top]:.3f} ± {da[top]:.3f}  {b[top]:.3f} ± {db[top]:.3f};  "
            f"{b[worst] - a[worst]:+.3f} ± {error[worst]:.3f} at {MIDDLES[worst]:.2f};  {np.mean(((b - a)[seen] / error[seen]) ** 2):.2f}"
        )
        left.plot(MIDDLES, a, color=colour, linewidth=3.2, alpha=0.4, label=f"{pair}, teacher")
        left.plot(MIDDLES, b, color=colour, linewidth=0.9, marker="o", markersize=1.8, label=f"{pair}, {label}")
        right.plot(MIDDLES, b - a, color=colour, linewidth=1, label=pair)
        right.fill_between(MIDDLES, -2 * error, 2 * error, color=colour, alpha=0.18, linewidth=0)
    left.set(xlabel="r / σ", ylabel="g(r)", xlim=(0.7, 3.7), ylim=(0, None))
    left.legend(frameon=False)
    right.axhline(0, color="0.4", linewidth=0.5)
    right.set(xlabel="r / σ", ylabel=f"{label} − teacher", xlim=(0.7, 3.7))
    right.set_title("bands: two standard errors of the difference", fontsize=9)
    right.legend(frameon=False)
    figure.savefig(image, dpi=130)


if __name__ == "__main__":
    main()
