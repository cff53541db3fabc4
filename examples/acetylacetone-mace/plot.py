"""Draws what the 100 ps did: python plot.py acetylacetone-mace-run acetylacetone.png (needs numpy, netCDF4 and matplotlib).

Left: where the proton of the bridge is, as the difference of its distances from the two oxygens; it hops between them. Right: the conserved energy of an atom.
"""

import csv
import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import netCDF4
import numpy as np

folder, image = sys.argv[1:3]
with netCDF4.Dataset(f"{folder}/production.nc") as data:
    r = np.array(data["coordinates"][:], dtype=float)
    picoseconds = np.array(data["time"][:], dtype=float)
symbols = [line[12:16].strip() for line in open(f"{folder}/topology.pdb") if line.startswith(("ATOM", "HETATM"))]
oxygens = [i for i, s in enumerate(symbols) if s.startswith("O")]
hydrogens = [i for i, s in enumerate(symbols) if s.startswith("H")]
first = np.linalg.norm(r[:, hydrogens] - r[:, oxygens[:1]], axis=2)
second = np.linalg.norm(r[:, hydrogens] - r[:, oxygens[1:]], axis=2)
bridge = int(np.argmin(first.mean(axis=0) + second.mean(axis=0)))
place = first[:, bridge] - second[:, bridge]
hops = int(np.sum(np.diff(np.sign(place[np.abs(place) > 0.3])) != 0))

rows = [row for row in csv.reader(line for line in open(f"{folder}/production.csv") if not line.startswith("#"))]
column = {name.split(" ")[0]: k for k, name in enumerate(rows[0])}
table = np.array([[float(x) for x in row] for row in rows[1:]])

figure, axes = plt.subplots(1, 2, figsize=(9, 3.2))
axes[0].hist(place, bins=80, color="0.35")
axes[0].set_xlabel("d(O$_1$H) − d(O$_2$H) (Å)")
axes[0].set_ylabel("frames")
axes[0].set_title(f"{hops} hops in {picoseconds[-1]:.0f} ps")
axes[1].plot(table[:, column["time"]] / 1000, 1000 * table[:, column["drift"]], color="0.35", linewidth=0.6)
axes[1].set_xlabel("time (ps)")
axes[1].set_ylabel("drift (meV per atom)")
axes[1].set_title(f"mean temperature {table[:, column['temperature']].mean():.0f} K")
figure.tight_layout()
figure.savefig(image, dpi=90)
