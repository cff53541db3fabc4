#!/usr/bin/env python3
"""Draws how silica melts and what glass comes of it, and prints the numbers that papers give.

usage: silica.py RUN_DIRECTORY OUT.png   (needs ase, netCDF4, numpy, matplotlib)

    tektite run examples/silica.yaml
    docs/images/silica.py examples/silica-run docs/images/silica.png

Displacements are of melt.nc, with the drift of the center of mass taken off. Distances and angles are of the later half of glass.extxyz. Counts of neighbours are of the minimised
structure, the last frame of inherent-structure.extxyz, where vibrations do not blur them.
"""
import csv
import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from ase.io import read
from netCDF4 import Dataset

if len(sys.argv) != 3:
    sys.exit(__doc__)
run, out = sys.argv[1:]
frames = read(f"{run}/glass.extxyz", index=":")
later = len(frames) // 2  # what comes before settles
frames = frames[later:]
still = read(f"{run}/inherent-structure.extxyz", index=-1)
rms = np.sqrt((still.get_forces() ** 2).mean())
if rms > 0.05:  # eV/Å; the deck asks for 0.01, a structure at 350 K has about 1
    sys.exit(f"{run}/inherent-structure.extxyz ends with rms force {rms:.2f} eV/Å: that is no minimum")
symbols = np.array(still.get_chemical_symbols())
box = np.diag(still.cell.array)
silicon, oxygen = symbols == "Si", symbols == "O"
BOND = 2.2  # Å, between the first and the second peak of Si-O


def vectors(positions, first, second):
    """Nearest images of all vectors from atoms of one kind to those of another."""
    d = positions[second][None] - positions[first][:, None]
    return d - box * np.round(d / box)


def distances(positions, first, second):
    """The same, as lengths, without an atom's distance to itself."""
    r = np.linalg.norm(vectors(positions, first, second), axis=-1)
    return r if first is not second else r[np.triu_indices(len(r), 1)]


def distribution(first, second, bins):
    """g(r), and where its first peak is: the vertex of a parabola through ln g, from 60 % of the peak's height on."""
    r = np.concatenate([distances(f.positions, first, second).ravel() for f in frames])
    shell = 4 / 3 * np.pi * (bins[1:] ** 3 - bins[:-1] ** 3)
    g = np.histogram(r, bins)[0] / r.size * box.prod() / shell
    middle = 0.5 * (bins[1:] + bins[:-1])
    top = (g > 0.6 * g.max()) & (abs(middle - middle[np.argmax(g)]) < 0.3)
    square, slope, _ = np.polyfit(middle[top], np.log(g[top]), 2, w=np.sqrt(g[top]))
    return middle, g, -slope / (2 * square)


def angles(center, ends, structures):
    found = []
    for positions in structures:
        for row in vectors(positions, center, ends):
            length = np.linalg.norm(row, axis=-1)
            bonds = row[length < BOND] / length[length < BOND][:, None]
            cosines = (bonds @ bonds.T)[np.triu_indices(len(bonds), 1)]
            found += list(np.degrees(np.arccos(np.clip(cosines, -1, 1))))
    return np.array(found)


def bonded(positions):
    return np.linalg.norm(vectors(positions, silicon, oxygen), axis=-1) < BOND


def column(table, name):
    with open(f"{run}/{table}.csv") as file:
        rows = list(csv.reader(line for line in file if not line.startswith("#")))
    at = [heading.split(" ")[0] for heading in rows[0]].index(name)
    return np.array([float(row[at]) for row in rows[1:]])


# The melt: how far atoms have come, and which bonds of the crystal are left.
with Dataset(f"{run}/melt.nc") as file:
    time = file["tektite_time"][:].filled()
    paths = file["coordinates"][:].filled().astype(float)
masses = still.get_masses()
center = (masses[:, None] * paths).sum(1, keepdims=True) / masses.sum()
moved = ((paths - center - (paths - center)[0]) ** 2).sum(-1)
crystal = bonded(paths[0])
kept = np.array([(crystal & bonded(p)).sum() for p in paths]) / crystal.sum()
nearest = distances(paths[0], silicon, silicon).min()

# The glass.
fine, coarse = np.linspace(0, 7, 351), np.linspace(0, 7, 141)
partial = {
    "Si–O": distribution(silicon, oxygen, fine),
    "O–O": distribution(oxygen, oxygen, coarse),
    "Si–Si": distribution(silicon, silicon, coarse),
}
bonds = np.concatenate([(d := distances(f.positions, silicon, oxygen))[d < BOND] for f in frames])
moving = [f.positions for f in frames]
inner, outer = angles(silicon, oxygen, moving), angles(oxygen, silicon, moving)
pressure, temperature = column("glass", "pressure")[later:] * 160.2176634, column("glass", "temperature")[later:]
density = masses.sum() * 1.66053906660 / box.prod()
network = bonded(still.positions).astype(int)
edges = (np.triu(network @ network.T, 1) >= 2).sum()
rest = (still.positions - (masses[:, None] * still.positions).sum(0) / masses.sum()) - (paths - center)[0]

print(f"melt, {time[-1]:.1f} ps: {column('melt', 'temperature')[-10:].mean():.0f} K over the last ten rows")
for kind, name in ((silicon, "Si"), (oxygen, "O")):
    median = np.median(np.sqrt(moved[-1, kind]))
    print(f"  mean square displacement of {name} {moved[-1, kind].mean():.1f} Å^2, median distance {median:.1f} Å")
near = (moved[-1, silicon] < nearest**2).sum()
print(f"  {near} of {silicon.sum()} Si have not come as far as their neighbour in the crystal was, {nearest:.2f} Å")
print(f"  bonds of the crystal left: {(crystal & bonded(paths[-1])).sum()} of {crystal.sum()}")
print(f"  in the glass {(crystal & (network > 0)).sum()}, where chance would give {crystal.mean() * network.sum():.1f}")
print(f"  mean square displacement of Si from crystal to glass {(rest[silicon] ** 2).sum(1).mean():.0f} Å^2")
cooling = f"{temperature.mean():.0f} K ({temperature[0]:.0f} to {temperature[-1]:.0f})"
print(f"glass: {len(frames)} frames, {cooling}, density {density:.3f} g/cm^3 (kept)")
print(f"  mean pressure {pressure.mean():.2f} GPa, its rows scatter by {pressure.std(ddof=1):.2f}")
for name, (_, _, peak) in partial.items():
    print(f"  {name} first peak at {peak:.3f} Å")
print(f"  Si-O bond {bonds.mean():.3f} ± {bonds.std():.3f} Å")
wide = outer[outer > 100]  # without tetrahedra that share an edge
print(f"  O-Si-O {inner.mean():.1f} ± {inner.std():.1f}°, Si-O-Si {outer.mean():.1f} ± {outer.std():.1f}°")
print(f"  Si-O-Si above 100° {wide.mean():.1f} ± {wide.std():.1f}°")
one = [a.mean() for a in (angles(oxygen, silicon, [p]) for p in moving)]
print(f"  Si-O-Si of one frame {min(one):.1f} to {max(one):.1f}°")
at_rest = angles(oxygen, silicon, [still.positions])
error = at_rest.std() / np.sqrt(len(at_rest))
print(f"minimum: rms force {rms:.4f} eV/Å; Si-O-Si {at_rest.mean():.1f} ± {at_rest.std():.1f}°, standard error {error:.1f}°")
for name, counts in (("O around Si", np.bincount(network.sum(1))), ("Si around O", np.bincount(network.sum(0)))):
    print(f"  {name}: " + ", ".join(f"{n} of them {c} times" for n, c in enumerate(counts) if c))
print(f"  pairs of tetrahedra that share an edge: {edges}")
for kind, name in ((silicon, "Si-Si"), (oxygen, "O-O")):
    print(f"  shortest {name} {distances(still.positions, kind, kind).min():.2f} Å")

plt.rcParams.update({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False})
BLUE, RED, GREEN = "#1f5f8b", "#c1502e", "#3d8b4f"
figure, (first, left, right) = plt.subplots(1, 3, figsize=(11.5, 3.3), constrained_layout=True)
dotted = {"lw": 0.8, "ls": ":", "color": "grey"}

first.plot(time, moved[:, oxygen].mean(1), lw=1.2, color=RED, label="O")
first.plot(time, moved[:, silicon].mean(1), lw=1.2, color=BLUE, label="Si")
first.axhline(nearest**2, **dotted)
first.set(xlabel="time / ps", ylabel="mean square displacement / Å²", title="The melt", xlim=(0, time[-1]), ylim=(0, None))
bonds_left = first.twinx()
bonds_left.spines["right"].set_visible(True)
bonds_left.plot(time, 100 * kept, lw=1, ls="--", color="dimgrey")
bonds_left.set(ylabel="Si–O bonds of the crystal left / %", ylim=(0, 102))
first.plot([], [], lw=1, ls="--", color="dimgrey", label="bonds left")
first.legend(frameon=False, loc="center left", bbox_to_anchor=(0, 0.55))

inset = left.inset_axes([0.56, 0.3, 0.42, 0.46])
for (label, (r, g, _)), colour, measured in zip(partial.items(), (BLUE, RED, GREEN), (1.61, 2.63, 3.08)):
    left.plot(r, g, lw=1.2, label=label, color=colour)
    left.axvline(measured, **dotted)
r, g, _ = partial["Si–O"]
inset.plot(r, g, lw=1.2, color=BLUE)
inset.axvline(1.61, **dotted)
inset.set(xlim=(1.45, 1.9), ylim=(0, None), xticks=(1.5, 1.6, 1.7, 1.8))
inset.tick_params(labelsize=7)
inset.patch.set_alpha(0)
left.set(xlabel="r / Å", ylabel="g(r)", title=f"Pair distribution functions, {temperature.mean():.0f} K", xlim=(1, 7), ylim=(0, 9))
left.legend(frameon=False, loc="upper right", ncols=3, columnspacing=1, handlelength=1.2)

bars = np.linspace(60, 180, 49)
for found, label, colour in ((inner, "O–Si–O", BLUE), (outer, "Si–O–Si", RED)):
    right.hist(found, bars, density=True, histtype="step", lw=1.2, color=colour)
    right.plot([], [], lw=1.2, color=colour, label=label)
right.axvline(109.5, **dotted)
right.axvspan(144, 151, lw=0, color="grey", alpha=0.25)
right.set(xlabel="angle / degrees", ylabel="density", title=f"Bond angles, {temperature.mean():.0f} K", xlim=(60, 180))
right.legend(frameon=False, loc="upper left")
figure.savefig(out, dpi=130)
