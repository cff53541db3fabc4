"""Makes fixtures/nonaffine.json: two frames of 60 atoms in tilted cells, the second sheared past half of the cell, flipped and disturbed, and D²_min of every atom by brute
force over images and by numpy's least squares.

    V/bin/pip install numpy==2.4.6
    V/bin/python make-nonaffine-fixtures.py
"""
import itertools
import json
import pathlib
from importlib.metadata import version

import numpy as np

assert version("numpy") == "2.4.6", version("numpy")
rng = np.random.default_rng(20)
N, RADIUS = 60, 1.9
cell = np.array([[4.2, 0, 0], [0.9, 3.9, 0], [-0.4, 0.6, 4.1]])
# Off the lattice of a grid, so that no two atoms are close and distances stay away from the radius.
grid = np.array(list(itertools.product(range(4), range(4), range(4))), float)[:N] / 4
first = (grid + rng.uniform(-0.06, 0.06, (N, 3)) + rng.integers(-2, 3, (N, 3))) @ cell
strain = np.eye(3)
strain[1, 0] = 0.46
continuous = cell @ strain
second = first @ strain + rng.normal(0, 0.08, (N, 3))
flipped = continuous.copy()
flipped[1] -= np.rint(flipped[1, 0] / flipped[0, 0]) * flipped[0]
assert not np.allclose(flipped, continuous)

images = np.array(list(itertools.product(range(-9, 10), repeat=3)), float)
values, shears, counts = [], [], []
margin = np.inf
for i in range(N):
    before, after = [], []
    for j in range(N):
        d = first[j] - first[i] + images @ cell
        r = np.linalg.norm(d, axis=1)
        margin = min(margin, np.abs(r - RADIUS).min())
        for n in np.flatnonzero((r < RADIUS) & (r > 1e-9)):
            before.append(d[n])
            after.append(second[j] - second[i] + images[n] @ continuous)
    before, after = np.array(before), np.array(after)
    best = np.linalg.lstsq(before, after, rcond=None)[0]
    values.append(float(((after - before @ best) ** 2).sum()))
    eta = (best @ best.T - np.eye(3)) / 2
    deviator = eta - np.trace(eta) / 3 * np.eye(3)
    shears.append(float(np.sqrt((deviator**2).sum() / 2)))
    counts.append(len(before))
assert margin > 1e-6, margin
out = {
    "radius": RADIUS, "cell": cell.tolist(), "flipped": flipped.tolist(), "continuous": continuous.tolist(), "first": first.tolist(),
    "second": second.tolist(), "square": values, "shear": shears, "neighbors": counts,
}
path = pathlib.Path(__file__).parent / "fixtures" / "nonaffine.json"
path.write_text(json.dumps(out) + "\n")
print("nearest to the radius:", margin, "neighbours", min(counts), max(counts))
