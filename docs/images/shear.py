#!/usr/bin/env python3
"""Draws a run of examples/shear.yaml: stress against strain at rest and in flow, and D²_min of the atoms in a slab.

usage: shear.py RUN DISPLACEMENTS.extxyz OUT.png   (needs numpy, matplotlib)

DISPLACEMENTS is what 'tektite analyze RUN/aqs.nc --displacements --nonaffine 1.5' writes.
"""
import csv
import re
import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np


def table(path):
    with open(path) as file:
        rows = [row for row in csv.reader(file) if row and not row[0].startswith("#")]
    names = [name.split(" ")[0] for name in rows[0]]
    values = np.array([[float(value) if value else np.nan for value in row] for row in rows[1:]])
    return {name: values[:, k] for k, name in enumerate(names)}


def last_frame(path):
    """Cell, positions and D²_min of the last frame."""
    with open(path) as file:
        lines = file.read().splitlines()
    count = int(lines[0])
    head, body = lines[-count - 1], lines[-count:]
    cell = np.array([float(x) for x in re.search('Lattice="([^"]*)"', head).group(1).split()]).reshape(3, 3)
    columns = np.array([[float(x) for x in line.split()[1:]] for line in body])
    return cell, columns[:, :3], columns[:, 5]


def main(run, fields, out):
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(11, 3.6))
    aqs = table(f"{run}/aqs.csv")
    left.plot(aqs["strain"], aqs["shear_stress"], color="#1b6ca8", lw=1.2)
    events = aqs["event"] == 1
    left.plot(aqs["strain"][events], aqs["shear_stress"][events], "o", color="#c0392b", ms=3, label="events")
    # The first branch ends where the stress falls or energy is lost.
    n = int(np.argmax(events | (aqs["dissipation"] > 0.01)))
    slope = np.polyfit(aqs["strain"][:n], aqs["shear_stress"][:n], 1)
    strain = np.linspace(0, 0.03, 2)
    left.plot(strain, np.polyval(slope, strain), color="#888888", lw=0.8, ls="--", label=f"G = {slope[0]:.1f}")
    lost = (aqs["dissipation"] > 0.01) & ~events
    left.plot(aqs["strain"][lost], aqs["shear_stress"][lost], "o", mfc="none", color="#c0392b", ms=5, label="energy lost")
    left.set_xlabel("strain")
    left.set_ylabel("shear stress at rest")
    left.legend(frameon=False)
    flow = table(f"{run}/flow.csv")
    middle.plot(flow["strain"], flow["shear_stress"], color="#cccccc", lw=0.6)
    width = max(1, len(flow["strain"]) // 40)
    smooth = np.convolve(flow["shear_stress"], np.ones(width) / width, "valid")
    middle.plot(flow["strain"][width // 2 :][: len(smooth)], smooth, color="#1b6ca8", lw=1.4)
    middle.set_xlabel("strain")
    middle.set_ylabel("shear stress in flow")
    cell, r, d2min = last_frame(fields)
    fraction = r @ np.linalg.inv(cell)
    fraction -= np.floor(fraction)
    slab = fraction[:, 2] < 0.3
    place = (fraction @ cell)[slab]
    drawn = right.scatter(place[:, 0], place[:, 1], c=np.log10(np.maximum(d2min[slab], 1e-4)), s=36, cmap="viridis")
    figure.colorbar(drawn, ax=right, label="$\\log_{10} D^2_{min}$")
    right.set_aspect("equal")
    right.set_xlabel("x")
    right.set_ylabel("y")
    for axes in (left, middle, right):
        axes.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    figure.savefig(out, dpi=150)
    print(f"modulus {slope[0]:.2f}, events {int(events.sum())}, largest D2min {d2min.max():.2f}, median {np.median(d2min):.4f}")


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
