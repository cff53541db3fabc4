#!/usr/bin/env python3
"""Draws what the quickstart run wrote: energy drift and pair distribution functions.

usage: quickstart.py RUN_DIRECTORY OUT.png   (needs netCDF4, numpy, matplotlib)
"""
import csv
import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import netCDF4
import numpy as np

run, out = sys.argv[1:3]

with open(f"{run}/production.csv") as file:
    rows = list(csv.reader(line for line in file if not line.startswith("#")))
names = [name.split(" ")[0] for name in rows[0]]
table = np.array(rows[1:], dtype=float)
time = table[:, names.index("time")]
total = table[:, names.index("total")]
temperature = table[:, names.index("temperature")]

labels = np.array([line[12:16].strip() for line in open(f"{run}/topology.pdb") if line.startswith(("ATOM", "HETATM"))])
data = netCDF4.Dataset(f"{run}/production.nc")
frames = data["coordinates"][::10]
box = data["cell_lengths"][0]
atoms = len(labels)
if abs(total[0]) > atoms * 0.1:  # totals of the system; per atom is easier to read
    total = total / atoms


def distribution(first, second, bins):
    """g_ab(r) averaged over the frames, minimum images."""
    counts = np.zeros(len(bins) - 1)
    same = first is second
    for frame in frames:
        a, b = frame[first], frame[second]
        for k in range(0, len(a), 256):
            d = a[k : k + 256, None, :] - b[None, :, :]
            d -= box * np.round(d / box)
            r = np.sqrt((d * d).sum(-1)).ravel()
            counts += np.histogram(r[r > 1e-6], bins)[0]
    shell = 4 / 3 * np.pi * (bins[1:] ** 3 - bins[:-1] ** 3)
    pairs = first.sum() * (second.sum() - (1 if same else 0))
    return counts / len(frames) / pairs * box.prod() / shell


bins = np.linspace(0, 3.5, 176)
r = 0.5 * (bins[1:] + bins[:-1])
a, b = labels == "A", labels == "B"

plt.rcParams.update({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False})
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.2), constrained_layout=True)
left.plot(time, 1e4 * (total - total[0]), lw=1, color="#1f5f8b")
left.set(xlabel="time / τ", ylabel="(E − E₀)/N / 10⁻⁴ ε", title=f"Total energy, N = {atoms}, ⟨T⟩ = {temperature.mean():.3f}")
for (x, y), label, colour in (((a, a), "AA", "#1f5f8b"), ((a, b), "AB", "#c1502e"), ((b, b), "BB", "#3d8b4f")):
    right.plot(r, distribution(x, y, bins), lw=1.2, label=label, color=colour)
right.set(xlabel="r / σ", ylabel="g(r)", title="Pair distribution functions", xlim=(0.6, 3.5))
right.legend(frameon=False)
figure.savefig(out, dpi=130)
