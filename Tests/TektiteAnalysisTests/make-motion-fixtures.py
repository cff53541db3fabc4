"""Makes fixtures/motion.json from fixtures/even.nc, by definitions in plain numpy: van Hove functions, S_4(q, t), bond breaking, displacement relative to
neighbours. Every frame is an origin; lags are 1 and 5 frames.

    V/bin/pip install numpy==2.4.6 netCDF4==1.7.5.1.post1
    V/bin/python make-motion-fixtures.py
"""
import json
import math
import pathlib
from importlib.metadata import version

import netCDF4
import numpy as np

for package, expected in {"numpy": "2.4.6", "netCDF4": "1.7.5.1.post1"}.items():
    assert version(package) == expected, (package, version(package), expected)

FOLDER = pathlib.Path(__file__).parent / "fixtures"
with netCDF4.Dataset(FOLDER / "even.nc") as file:
    positions = np.array(file["coordinates"][:], float)
    labels = file["tektite_species"].labels.split("\n")
    species = np.array([labels[i] for i in file["tektite_species"][:]])
    steps = [int(s) for s in file["tektite_step"][:]]
    side = float(file["cell_lengths"][0, 0])
SPACING = steps[1]
LAGS = (1, 5)
BINS, RANGE = 25, 2.5
DISTANCE, LARGEST = 0.3, 4.0
FORMED, BROKEN = 1.3, 1.7
SIGMA = {"AA": 1.0, "AB": 0.8, "BA": 0.8, "BB": 0.88}
members = {"A": np.flatnonzero(species == "A"), "B": np.flatnonzero(species == "B"), "all": np.arange(len(species))}
sigma = np.array([[SIGMA[a + b] for b in species] for a in species])
edges = np.linspace(0, RANGE, BINS + 1)
shells = 4 / 3 * math.pi * np.diff(edges**3)
margin = math.inf


def nearest(d):
    return d - side * np.rint(d / side)


def watch(values, thresholds):
    """Keeps the least distance of any value from any threshold."""
    global margin
    flat = np.abs(np.subtract.outer(np.ravel(values), np.atleast_1d(thresholds)))
    margin = min(margin, float(flat.min()))


def self_part(i, j, name):
    r = np.linalg.norm(positions[j][members[name]] - positions[i][members[name]], axis=1)
    watch(r, edges[1:])
    return np.histogram(r, edges)[0] / len(r) / shells


def distinct_part(i, j, a, b):
    def pairs(a, b):
        d = nearest(positions[j][members[b]][None, :, :] - positions[i][members[a]][:, None, :])
        r = np.linalg.norm(d, axis=2)[members[a][:, None] != members[b][None, :]]
        watch(r[r < 2 * RANGE], edges[1:])
        return np.histogram(r, edges)[0], len(r)

    counts, possible = pairs(a, b)
    if a != b:
        more, others = pairs(b, a)
        counts, possible = counts + more, possible + others
    return counts / possible * side**3 / shells


top = math.isqrt(int((LARGEST * side / (2 * math.pi)) ** 2)) + 1
axis = np.arange(-top, top + 1)
grid = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), -1).reshape(-1, 3)
squares = sorted({int(s) for s in (grid**2).sum(1) if 0 < s and 2 * math.pi / side * math.sqrt(s) <= LARGEST})


def four_point(i, j, name):
    own = members[name]
    r = np.linalg.norm(positions[j][own] - positions[i][own], axis=1)
    watch(r, DISTANCE)
    result = []
    for square in squares:
        q = 2 * math.pi / side * grid[(grid**2).sum(1) == square]
        mode = ((r < DISTANCE)[:, None] * np.exp(1j * positions[i][own] @ q.T)).sum(0)
        result.append((np.abs(mode) ** 2).mean() / len(own))
    return np.array(result)


def neighbors(i):
    r = np.linalg.norm(nearest(positions[i][None, :, :] - positions[i][:, None, :]), axis=2)
    np.fill_diagonal(r, np.inf)
    finite = ~np.eye(len(r), dtype=bool)
    watch((r / sigma)[finite], FORMED)
    return r / sigma < FORMED


def bonds(i, j, name):
    near = neighbors(i)[members[name]]
    r = np.linalg.norm(nearest(positions[j][None, :, :] - positions[j][:, None, :]), axis=2) / sigma
    r = r[members[name]]
    watch(r[near], BROKEN)
    return ((r < BROKEN) & near).sum() / near.sum()


def relative(i, j, name):
    near = neighbors(i)
    d = positions[j] - positions[i]
    cage = near @ d / near.sum(1)[:, None]
    assert near.sum(1).min() > 0
    return (((d - cage)[members[name]]) ** 2).sum(1).mean()


def averages(function, *arguments):
    result = []
    for lag in LAGS:
        rows = [np.asarray(function(i, i + lag, *arguments)) for i in range(len(steps) - lag)]
        result.append(np.mean(rows, axis=0).tolist())
    return result


result = {
    "steps": [lag * SPACING for lag in LAGS],
    "origins": [len(steps) - lag for lag in LAGS],
    "own": {name: averages(self_part, name) for name in members},
    "distinct": {"A-A": averages(distinct_part, "A", "A"), "A-B": averages(distinct_part, "A", "B"), "B-B": averages(distinct_part, "B", "B"),
                 "all": averages(distinct_part, "all", "all")},
    "q": [2 * math.pi / side * math.sqrt(s) for s in squares],
    "four_point": {name: averages(four_point, name) for name in members},
    "bonds": {name: averages(bonds, name) for name in members},
    "relative": {name: averages(relative, name) for name in members},
    "margin": margin,
}
assert margin > 1e-9, margin
(FOLDER / "motion.json").write_text(json.dumps(result).replace('], "', '],\n"').replace('}, "', '},\n"') + "\n")
print(result["margin"], result["bonds"], result["relative"], result["q"])
