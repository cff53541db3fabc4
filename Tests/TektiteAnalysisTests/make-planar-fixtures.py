#!/usr/bin/env python3
"""Writes fixtures/planar.extxyz, a trajectory in two dimensions of atoms that wander about a sheared cell, and fixtures/planar.json, what numpy, scipy and
freud compute from it. Needs numpy, scipy and freud-analysis. The motion is random and made here; no program that is tested takes part.

Each correlation is the plain double loop over pairs of frames; freud gives g(r) and psi_6, in single precision.
"""
import json
import math
import pathlib

import freud
import numpy as np
from scipy.special import j0

FOLDER = pathlib.Path(__file__).parent / "fixtures"
ATOMS, A_ATOMS, FRAMES, EVERY, TIMESTEP = 240, 150, 24, 10, 0.005
CELL = np.array([[15.0, 0.0], [2.5, 13.0]])
K, RESOLUTION, LARGEST, RANGE, BINS, DISTANCE = 6.3, 0.15, 8.0, 6.0, 60, 0.3
LAGS = [1, 2, 3, 5, 8, 11]


def trajectory():
    random = np.random.default_rng(20)
    # On a square grid with noise, so that g(r) has structure; unwrapped, so that positions leave the cell.
    side = math.ceil(math.sqrt(ATOMS))
    grid = np.array([(i + 0.5, j + 0.5) for i in range(side) for j in range(side)])[:ATOMS] / side
    start = (grid + 0.012 * random.normal(size=grid.shape)) @ CELL
    steps = 0.16 * random.normal(size=(FRAMES, ATOMS, 2)) * np.where(np.arange(ATOMS) < A_ATOMS, 1.0, 1.6)[None, :, None]
    steps[0] = 0
    return start[None] + np.cumsum(steps, axis=0) + np.array([40.0, -25.0])


def write(positions):
    with open(FOLDER / "planar.extxyz", "w") as file:
        for frame, r in enumerate(positions):
            lattice = f"{CELL[0, 0]} {CELL[0, 1]} 0.0 {CELL[1, 0]} {CELL[1, 1]} 0.0 0.0 0.0 0.0"
            file.write(f'{ATOMS}\nLattice="{lattice}" Properties=species:S:1:pos:R:3 step={frame * EVERY} ')
            file.write(f'time={frame * EVERY * TIMESTEP!r} dimensions=2 pbc="T T F"\n')
            for atom, (x, y) in enumerate(r):
                file.write(f"{'A' if atom < A_ATOMS else 'B'} {float(x)!r} {float(y)!r} 0.0\n")


def vectors():
    """One of each vector and its opposite, with its length."""
    reciprocal = 2 * math.pi * np.linalg.inv(CELL).T
    found = []
    for a in range(0, 40):
        for b in range(-40, 41):
            if a == 0 and b <= 0:
                continue
            k = a * reciprocal[0] + b * reciprocal[1]
            if np.linalg.norm(k) <= LARGEST:
                found.append(k)
    return np.array(found)


def main():
    r = trajectory()
    write(r)
    members = {"A": np.arange(A_ATOMS), "B": np.arange(A_ATOMS, ATOMS), "all": np.arange(ATOMS)}
    out = {"lags": [EVERY * lag for lag in LAGS], "curves": {}}
    for name, atoms in members.items():
        curves = {key: [] for key in ("msd", "fs", "alpha2", "overlap", "vanhove")}
        for lag in LAGS:
            moved = np.linalg.norm(r[lag:, atoms] - r[:-lag, atoms], axis=2)
            square, fourth = (moved**2).mean(), (moved**4).mean()
            curves["msd"].append(square)
            curves["fs"].append(j0(K * moved).mean())
            curves["alpha2"].append(2 * fourth / (4 * square**2) - 1)
            curves["overlap"].append((moved < DISTANCE).mean())
            edges = np.linspace(0, RANGE, BINS + 1)
            counts = np.histogram(moved, edges)[0] / moved.size
            curves["vanhove"].append((counts / (math.pi * (edges[1:] ** 2 - edges[:-1] ** 2))).tolist())
        out["curves"][name] = curves

    k = vectors()
    lengths = np.linalg.norm(k, axis=1)
    shells = {}
    for index, length in enumerate(lengths):
        shells.setdefault(round(length / RESOLUTION), []).append(index)
    phases = np.exp(1j * np.einsum("fnd,kd->fkn", r, k))
    density = {name: phases[:, :, atoms].sum(axis=2) for name, atoms in members.items()}
    out["structure"] = {"k": [lengths[shells[s]].mean() for s in sorted(shells)]}
    for label, a, b in (("A-A", "A", "A"), ("A-B", "A", "B"), ("B-B", "B", "B"), ("all", "all", "all")):
        product = (density[a] * density[b].conj()).real / math.sqrt(len(members[a]) * len(members[b]))
        out["structure"][label] = [product[:, shells[s]].mean() for s in sorted(shells)]

    box = freud.box.Box(CELL[0, 0], CELL[1, 1], xy=CELL[1, 0] / CELL[1, 1], is2D=True)
    flat = np.concatenate([r, np.zeros(r.shape[:2] + (1,))], axis=2)
    out["rdf"] = {}
    for label, a, b in (("A-A", "A", "A"), ("A-B", "A", "B"), ("B-B", "B", "B"), ("all", "all", "all")):
        total = np.zeros(BINS)
        for frame in flat:
            found = freud.density.RDF(BINS, RANGE, normalization_mode="finite_size" if a == b else "exact")
            wrapped = box.wrap(frame)
            query = freud.locality.AABBQuery(box, wrapped[members[a]])
            neighbors = {"mode": "ball", "r_max": RANGE, "exclude_ii": a == b}
            found.compute((box, wrapped[members[a]]), query_points=wrapped[members[b]], neighbors=neighbors)
            total += found.rdf
        out["rdf"][label] = (total / FRAMES).tolist()

    hexatic = freud.order.Hexatic(k=6)
    values, means = [], []
    for frame in flat:
        hexatic.compute((box, box.wrap(frame)), neighbors={"num_neighbors": 6})
        values.append(np.abs(hexatic.particle_order))
        means.append(abs(np.mean(hexatic.particle_order.astype(complex))))
    out["hexatic"] = {
        "all": float(np.mean(values)), "A": float(np.mean([v[members["A"]] for v in values])), "global": float(np.mean(means)),
        "last": [float(v) for v in values[-1]],
    }
    (FOLDER / "planar.json").write_text(json.dumps(out))


main()
