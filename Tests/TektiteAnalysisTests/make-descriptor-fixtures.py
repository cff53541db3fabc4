"""Makes fixtures/descriptors.json (structural descriptors of a small mixture) and fixtures/ridge.json (ridge regression), by definitions in numpy and scipy and by
scikit-learn. Slow on purpose: every image of every atom is looked at, and harmonics are the complex ones of scipy.

    python3.11 -m venv V
    V/bin/pip install numpy==2.4.6 scipy==1.17.1 scikit-learn==1.9.1
    V/bin/python make-descriptor-fixtures.py

descriptors.json
    cell, positions, species  the mixture: 120 A and 30 B in a triclinic cell that is narrower than the range of the descriptors
    atoms                     the atoms whose descriptors are given in full
    features                  their rows
    means                     of each column over all 150 atoms
ridge.json
    x, y                      samples of correlated features (one column constant) and two targets
    training, held            rows to learn from and rows to predict
    penalties                 alpha of scikit-learn's Ridge behind its StandardScaler
    predictions               by penalty and target, of the held rows
    folds                     number of each row's fold; rows of a fold are predicted by what the others teach
    chosen, crossed           for each target: for each fold the penalty whose mean squared error is least when the other folds predict one another, and
                              the predictions with these penalties
"""
import json
import pathlib
from importlib.metadata import version

import numpy as np
from scipy.special import sph_harm_y
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

VERSIONS = {"numpy": "2.4.6", "scipy": "1.17.1", "scikit-learn": "1.9.1"}
for package, expected in VERSIONS.items():
    assert version(package) == expected, (package, version(package), expected)

FOLDER = pathlib.Path(__file__).parent / "fixtures"
# Radial shells (first centre, spacing, number of centres, width), then those of bond order, in units of length.
RADIAL = [(0.70, 0.025, 53, 0.025), (2.05, 0.05, 20, 0.05), (3.1, 0.1, 20, 0.1)]
BONDS = (1.0, 0.1, 16, 0.1)
DEGREES = range(1, 13)
AVERAGE = 2.1
# Gaussians end at so many widths, where they are 1e-14.
END = 8.0


def mixture(rng):
    """Atoms that keep their distance, as far as a few sweeps of pushing overlapping ones apart go."""
    cell = np.array([[5.1, 0.0, 0.0], [0.9, 4.9, 0.0], [-0.7, 1.1, 5.0]])
    count = 150
    species = np.array([0] * 120 + [1] * 30)
    rng.shuffle(species)
    fractions = rng.random((count, 3))
    inverse = np.linalg.inv(cell)
    for _ in range(400):
        d = fractions[None] - fractions[:, None]
        d -= np.rint(d)
        d = d @ cell
        r = np.linalg.norm(d, axis=-1) + np.eye(count) * 9
        push = np.clip(0.95 - r, 0, None)
        fractions -= 0.25 * ((push / r)[..., None] * d).sum(1) @ inverse
    return cell, fractions % 1.0, species


def neighbours(cell, positions, atom, radius):
    """Vectors from an atom to all images within a radius but itself, and their indices."""
    widths = abs(np.linalg.det(cell)) / np.linalg.norm(
        [np.cross(cell[1], cell[2]), np.cross(cell[2], cell[0]), np.cross(cell[0], cell[1])], axis=1)
    most = np.ceil(radius / widths).astype(int) + 1
    vectors, indices = [], []
    for a in range(-most[0], most[0] + 1):
        for b in range(-most[1], most[1] + 1):
            for c in range(-most[2], most[2] + 1):
                d = positions - positions[atom] + np.array([a, b, c]) @ cell
                r = np.linalg.norm(d, axis=1)
                near = (r < radius) & (r > 1e-9)
                vectors.append(d[near])
                indices.append(np.nonzero(near)[0])
    return np.concatenate(vectors), np.concatenate(indices)


def gaussian(r, centre, width):
    x = (r - centre) / width
    return np.where(np.abs(x) < END, np.exp(-x * x / 2), 0.0)


def centres(first, spacing, count, width):
    return [(first + k * spacing, width) for k in range(count)]


def plain(cell, positions, species, atom):
    radial = [c for shells in RADIAL for c in centres(*shells)]
    bonds = centres(*BONDS)
    reach = max(c + END * w for c, w in radial + bonds)
    d, j = neighbours(cell, positions, atom, reach)
    r = np.linalg.norm(d, axis=1)
    row = []
    for kind in (0, 1):
        row += [gaussian(r[species[j] == kind], c, w).sum() for c, w in radial]
    theta, phi = np.arccos(np.clip(d[:, 2] / r, -1, 1)), np.arctan2(d[:, 1], d[:, 0])
    for c, w in bonds:
        weight = gaussian(r, c, w)
        total = weight.sum()
        for degree in DEGREES:
            if total == 0:
                row.append(0.0)
                continue
            q = [(weight * sph_harm_y(degree, m, theta, phi)).sum() / total for m in range(-degree, degree + 1)]
            row.append(np.sqrt(4 * np.pi / (2 * degree + 1) * np.sum(np.abs(q) ** 2)))
    return np.array(row)


def averaged(cell, positions, rows):
    out = np.empty_like(rows)
    for i in range(len(positions)):
        d, j = neighbours(cell, positions, i, AVERAGE)
        weight = np.exp(-np.linalg.norm(d, axis=1) / AVERAGE)
        out[i] = (rows[i] + weight @ rows[j]) / (1 + weight.sum())
    return out


def descriptors(rng):
    cell, fractions, species = mixture(rng)
    # Written with few digits, so that both sides start from the same numbers.
    positions = np.round(fractions @ cell, 6)
    first = np.array([plain(cell, positions, species, i) for i in range(len(positions))])
    second = averaged(cell, positions, first)
    third = averaged(cell, positions, second)
    rows = np.hstack([first, second, third])
    atoms = [0, 17, 42, 77, 101, 149]
    return {
        "cell": cell.ravel().tolist(), "positions": positions.ravel().tolist(), "species": species.tolist(), "atoms": atoms,
        "features": rows[atoms].tolist(), "means": rows.mean(0).tolist(),
    }


def ridge(rng):
    x = rng.normal(size=(60, 4)) @ rng.normal(size=(4, 12)) + 0.3 * rng.normal(size=(60, 12)) + 5.0
    x[:, 3] = 2.5
    y = np.stack([np.sin(x[:, 0]) + 0.1 * x[:, 1], x[:, 5] ** 2 / 20 + 0.2 * rng.normal(size=60)], axis=1)
    x, y = np.round(x, 8), np.round(y, 8)
    penalties = [0.01, 1.0, 30.0, 1000.0]
    training, held = list(range(45)), list(range(45, 60))

    def fit(rows, target, alpha):
        return make_pipeline(StandardScaler(), Ridge(alpha=alpha)).fit(x[rows], y[rows, target])

    predictions = [[fit(training, t, alpha).predict(x[held]).tolist() for t in (0, 1)] for alpha in penalties]
    folds = np.array([(7 * k) % 5 for k in range(60)])
    chosen, crossed = [], []
    for target in (0, 1):
        out = np.zeros(60)
        best_of_fold = []
        for fold in range(5):
            errors = []
            for alpha in penalties:
                error = 0.0
                for other in range(5):
                    if other == fold:
                        continue
                    rows = np.nonzero((folds != fold) & (folds != other))[0]
                    test = np.nonzero(folds == other)[0]
                    error += ((fit(rows, target, alpha).predict(x[test]) - y[test, target]) ** 2).sum()
                errors.append(error)
            alpha = penalties[int(np.argmin(errors))]
            best_of_fold.append(alpha)
            test = np.nonzero(folds == fold)[0]
            out[test] = fit(np.nonzero(folds != fold)[0], target, alpha).predict(x[test])
        chosen.append(best_of_fold)
        crossed.append(out.tolist())
    return {
        "x": x.tolist(), "y": y.tolist(), "training": training, "held": held, "penalties": penalties,
        "predictions": predictions, "folds": folds.tolist(), "chosen": chosen, "crossed": crossed,
    }


rng = np.random.default_rng(2021)
for name, content in (("descriptors", descriptors(rng)), ("ridge", ridge(rng))):
    (FOLDER / f"{name}.json").write_text(json.dumps(content) + "\n")
