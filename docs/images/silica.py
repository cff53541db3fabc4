#!/usr/bin/env python3
"""Draws the structure of a silica glass, and prints the numbers that papers give.

usage: silica.py MINIMISED.extxyz RUN_DIRECTORY OUT.png   (needs ase, numpy, matplotlib)

The picture in the repository is of two runs: `tektite run silica.yaml` melts, quenches and minimises, then `tektite run silica-warm.yaml` goes on at 300 K;

    silica.py silica-run/inherent-structure.extxyz silica-warm-run silica.png

Of examples/silica.yaml both arguments are of one folder. Distances and angles are of the frames in glass.extxyz; counts of neighbours are of the minimised structure, where
vibrations do not blur them.
"""
import csv
import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from ase.io import read

minimised, run, out = sys.argv[1:4]
frames = read(f"{run}/glass.extxyz", index=":")
frames = frames[len(frames) // 2 :]  # the first half settles
still = read(minimised, index=-1)
symbols = np.array(still.get_chemical_symbols())
box = np.diag(still.cell.array)
silicon, oxygen = symbols == "Si", symbols == "O"
BOND = 2.2  # between the first and the second peak of Si-O


def vectors(frame, first, second):
    """Nearest images of all vectors from atoms of one kind to those of another."""
    d = frame.positions[second][None] - frame.positions[first][:, None]
    return d - box * np.round(d / box)


def distribution(first, second, bins):
    counts = 0
    for frame in frames:
        r = np.linalg.norm(vectors(frame, first, second), axis=-1)
        counts = counts + np.histogram(r[r > 1e-6], bins)[0]
    shell = 4 / 3 * np.pi * (bins[1:] ** 3 - bins[:-1] ** 3)
    pairs = first.sum() * (second.sum() - (first is second))
    return counts / len(frames) / pairs * box.prod() / shell


def angles(center, ends):
    found = []
    for frame in frames:
        for row in vectors(frame, center, ends):
            length = np.linalg.norm(row, axis=-1)
            bonds = row[length < BOND] / length[length < BOND][:, None]
            cosines = (bonds @ bonds.T)[np.triu_indices(len(bonds), 1)]
            found += list(np.degrees(np.arccos(np.clip(cosines, -1, 1))))
    return np.array(found)


def neighbors(center, ends):
    return np.bincount((np.linalg.norm(vectors(still, center, ends), axis=-1) < BOND).sum(1), minlength=6)


bins = np.linspace(0, 7, 281)
r = 0.5 * (bins[1:] + bins[:-1])
partial = {
    "Si–O": distribution(silicon, oxygen, bins),
    "O–O": distribution(oxygen, oxygen, bins),
    "Si–Si": distribution(silicon, silicon, bins),
}
bonds = np.concatenate([(d := np.linalg.norm(vectors(f, silicon, oxygen), axis=-1))[d < BOND] for f in frames])
inner, outer = angles(silicon, oxygen), angles(oxygen, silicon)

with open(f"{run}/glass.csv") as file:
    rows = list(csv.reader(line for line in file if not line.startswith("#")))
names = [name.split(" ")[0] for name in rows[0]]
pressure = np.array([float(row[names.index("pressure")]) for row in rows[1 + len(rows) // 2 :]]).mean() * 160.2176634
temperature = np.array([float(row[names.index("temperature")]) for row in rows[1 + len(rows) // 2 :]]).mean()
mass = still.get_masses().sum() * 1.66053906660 / box.prod()

print(f"frames {len(frames)}, {temperature:.0f} K, density {mass:.3f} g/cm^3 (kept), mean pressure {pressure:.2f} GPa")
for name, g in partial.items():
    peak = np.argmax(g * (r < 3.6))
    print(f"{name} first peak at {r[peak]:.3f} Å")
print(f"Si-O bond {bonds.mean():.3f} ± {bonds.std():.3f} Å")
print(f"O-Si-O {inner.mean():.1f} ± {inner.std():.1f}°, Si-O-Si {outer.mean():.1f} ± {outer.std():.1f}°")
for name, counts in (("O around Si", neighbors(silicon, oxygen)), ("Si around O", neighbors(oxygen, silicon))):
    print(f"{name}: " + ", ".join(f"{n} of them {100 * c / counts.sum():.1f} %" for n, c in enumerate(counts) if c))

plt.rcParams.update({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False})
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.2), constrained_layout=True)
for (label, g), colour in zip(partial.items(), ("#1f5f8b", "#c1502e", "#3d8b4f")):
    left.plot(r, g, lw=1.2, label=label, color=colour)
left.axvline(1.61, lw=0.8, ls=":", color="grey")
left.set(xlabel="r / Å", ylabel="g(r)", title=f"Pair distribution functions, {temperature:.0f} K", xlim=(1, 7), ylim=(0, 12))
left.legend(frameon=False)
edges = np.linspace(60, 180, 61)
for found, label, colour in ((inner, "O–Si–O", "#1f5f8b"), (outer, "Si–O–Si", "#c1502e")):
    right.hist(found, edges, density=True, histtype="step", lw=1.2, label=label, color=colour)
right.axvline(109.5, lw=0.8, ls=":", color="grey")
right.set(xlabel="angle / degrees", ylabel="density", title=f"Bond angles, {temperature:.0f} K", xlim=(60, 180))
right.legend(frameon=False, loc="upper left")
figure.savefig(out, dpi=130)
