#!/usr/bin/env python3
"""Draws a run of examples/swap.yaml beside one of the same deck without the two lines that begin with 'swap'.

usage: swap.py RUN_WITH_SWAPS RUN_WITHOUT OUT.png   (needs numpy, matplotlib)
"""
import csv
import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

ATOMS = 1500


def table(path):
    with open(path) as file:
        rows = [row for row in csv.reader(file) if row and not row[0].startswith("#")]
    return [name.split(" ")[0] for name in rows[0]], np.array(
        [[float(value) if value else np.nan for value in row] for row in rows[1:]]
    )


def energies(run):
    """Time since the quench and energy per atom, averaged over twenty rows at a time."""
    times, values, start = [], [], 0.0
    for stage in ("equilibrate", "produce"):
        names, rows = table(f"{run}/{stage}.csv")
        times.append(start + rows[1:, names.index("time")])
        values.append(rows[1:, names.index("potential")] / ATOMS)
        start = times[-1][-1]
    t, u = np.concatenate(times), np.concatenate(values)
    n = len(t) // 20
    return t[: 20 * n].reshape(n, 20).mean(1), u[: 20 * n].reshape(n, 20).mean(1)


def main(swaps, plain, out):
    figure, (left, right) = plt.subplots(1, 2, figsize=(9.6, 3.6))
    for run, label, color in ((plain, "dynamics alone", "#888888"), (swaps, "with exchanges", "#1b6ca8")):
        t, u = energies(run)
        left.plot(t, u, color=color, label=label)
        _, rows = table(f"{run}/produce-fs.csv")
        right.errorbar(rows[:, 0], rows[:, 1], rows[:, 2], color=color, label=label, lw=1.4, elinewidth=0.8)
    left.set_xlabel("time since the quench to T = 0.1")
    left.set_ylabel("potential energy per atom")
    left.legend(frameon=False)
    right.set_xscale("log")
    right.set_xlabel("t")
    right.set_ylabel("$F_s(k = 7, t)$, second half")
    right.axhline(0, color="#cccccc", lw=0.8, zorder=0)
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    figure.savefig(out, dpi=150)


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
