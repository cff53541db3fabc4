#!/usr/bin/env python3
"""Draws what examples/ladder.yaml wrote: F_s of both halves of each rung, and energies of the liquid and of its inherent structures.

usage: ladder.py RUN_DIRECTORY OUT.png   (needs numpy, matplotlib)
"""
import csv
import json
import pathlib
import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

run, out = pathlib.Path(sys.argv[1]), sys.argv[2]


def column(path, name, skip=0):
    """A column of a table as numbers, without its first part."""
    with open(path) as file:
        rows = list(csv.reader(line for line in file if not line.startswith("#")))
    place = [head.split(" ")[0] for head in rows[0]].index(name)
    values = np.array([float(row[place]) for row in rows[1:]])
    return values[int(skip * len(values)) :]


rungs = []
for path in run.glob("T*-production-certificate.json"):
    rungs.append((float(path.name[1:].split("-")[0]), json.loads(path.read_text())))
rungs.sort(key=lambda rung: -rung[0])
atoms = json.loads((run / "run.json").read_text())["atoms"]

plt.rcParams.update({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False})
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), constrained_layout=True)
colours = plt.cm.plasma(np.linspace(0.0, 0.85, len(rungs)))
for (temperature, certificate), colour in zip(rungs, colours):
    halves = certificate["halves"]
    time = np.array(halves["abscissas"])
    for curve, style in zip(halves["curves"], ("-", ":")):
        values = np.array([float(value) for value in curve["values"]])
        label = f"T = {temperature:g}" + ("" if certificate["isEquilibrium"] else ", not certified")
        left.plot(time, values, style, color=colour, lw=1.3, label=label if style == "-" else None)
left.axhline(np.exp(-1), color="0.7", lw=0.8, zorder=0)
left.set(xscale="log", xlabel="t / τ", ylabel="F_s(7.25, t) of A", title="First half (full) and second half (dotted)")
left.legend(frameon=False, fontsize=8)
temperatures = np.array([temperature for temperature, _ in rungs])
minima = [column(run / f"T{c['source'][1:].split('-')[0]}-production-inherent.csv", "potential_per_atom", 0.2) for _, c in rungs]
means = np.array([values.mean() for values in minima])
errors = np.array([values.std(ddof=1) / np.sqrt(len(values)) for values in minima])
certified = np.array([c["isEquilibrium"] for _, c in rungs])
right.plot(temperatures, means, "-", color="0.7", lw=1, zorder=0)
for chosen, face, label in ((certified, "#1f5f8b", "certified"), (~certified, "white", "not certified")):
    if chosen.any():
        right.errorbar(temperatures[chosen], means[chosen], errors[chosen], fmt="o", color="#1f5f8b", mfc=face, label=label)
right.set(xlabel="T", ylabel="e_IS", title=f"Inherent structures, N = {atoms}")
right.legend(frameon=False)
figure.savefig(out, dpi=130)
