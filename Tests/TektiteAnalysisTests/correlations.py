"""Correlations in time, of stored positions and velocities in double precision, by their definitions and with plain numpy."""
import math

import numpy as np

# Both wave numbers of F_s by sin(kr)/(kr): the first peak of S_AA, and one near the smallest wave vector of the cell.
WAVE_NUMBERS = (7.25, 1.0)
# Lattice vectors of F_s by cos(k.dr): (6, 0, 0) and permutations, and all of the shell n^2 = 33 (k = 7.219), 48 of them.
AXIS = 6
SHELL = 33
# Radius of the overlap.
OVERLAP = 0.3
SPECIES = ("A", "B", "all")


def vectors_of_shell(square):
    """All integer vectors (n, 3) whose squared length is `square`."""
    top = math.isqrt(square)
    axis = np.arange(-top, top + 1)
    grid = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), -1).reshape(-1, 3)
    return grid[(grid**2).sum(1) == square]


def axis_vectors(n):
    """(n, 0, 0), (0, n, 0), (0, 0, n)."""
    return n * np.eye(3, dtype=int)


def evenly_spaced_pairs(frames, lags):
    """Of each lag (in frames) the pairs (origin, later): every frame is an origin."""
    return [[(i, i + lag) for i in range(frames - lag)] for lag in lags]


def block_pairs(steps, block):
    """Lags (in steps) and their pairs of frames: origins are the frames at multiples of `block`, later frames those at the offsets within the
    origin's own block, and the starts of the blocks after it."""
    frame = {int(step): i for i, step in enumerate(steps)}
    offsets = sorted({int(s) % block for s in steps} - {0})
    last = int(steps[-1])
    lags = offsets + list(range(block, last + 1, block))
    pairs = []
    for lag in lags:
        starts = [s for s in range(0, last + 1, block) if s + lag in frame]
        pairs.append([(frame[s], frame[s + lag]) for s in starts])
    return lags, pairs


def sinc(x):
    """sin(x)/x, 1 at 0."""
    return np.sinc(x / np.pi)


class Observables:
    """What is averaged over the atoms of one pair of frames; `members` holds the indices of A, B and all."""

    def __init__(self, positions, velocities, members, side):
        self.positions, self.velocities, self.members, self.side = positions, velocities, members, side
        unit = 2 * math.pi / side
        self.axis = unit * axis_vectors(AXIS)
        self.shell = unit * vectors_of_shell(SHELL)
        self.closest = math.inf  # the least distance of any displacement from the radius of the overlap

    def of_pair(self, start, later):
        """Each mean over atoms by name."""
        values = {}
        moved = self.positions[later] - self.positions[start]
        for name in SPECIES:
            d = moved[self.members[name]]
            square = (d**2).sum(1)
            r = np.sqrt(square)
            self.closest = min(self.closest, np.abs(r - OVERLAP).min())
            values[f"msd_{name}"] = square.mean()
            values[f"r4_{name}"] = (square**2).mean()
            values[f"overlap_{name}"] = (r < OVERLAP).mean()
            for k in WAVE_NUMBERS:
                values[f"fs_{name}_{k}"] = sinc(k * r).mean()
            values[f"fs_axis_{name}"] = np.cos(d @ self.axis.T).mean()
            values[f"fs_shell_{name}"] = np.cos(d @ self.shell.T).mean()
        if self.velocities is not None:
            values["vacf_all"] = (self.velocities[later] * self.velocities[start]).sum(1).mean()
        return values


def collective(positions, members, side, pairs):
    """F_ab(k, t) on the shell: the mean over its vectors and the pairs of Re rho_a(k, t0 + t) rho_b(-k, t0) / sqrt(N_a N_b), where rho_a is the
    sum over the atoms of a of exp(i k.r), and F_AB the mean of AB and BA, which differ by noise. `all` is the same with every atom, over N."""
    waves = 2 * math.pi / side * vectors_of_shell(SHELL)
    rho = {name: np.exp(1j * positions[:, members[name]] @ waves.T).sum(1) for name in SPECIES}

    def curve(a, b):
        norm = math.sqrt(len(members[a]) * len(members[b]))
        return np.array([np.mean([(rho[a][j] * rho[b][i].conj()).real.mean() / norm for i, j in of_lag]) for of_lag in pairs])

    result = {"AA": curve("A", "A"), "AB": (curve("A", "B") + curve("B", "A")) / 2, "BB": curve("B", "B"), "all": curve("all", "all")}
    x = {name: len(members[name]) / len(members["all"]) for name in ("A", "B")}
    parts = x["A"] * result["AA"] + x["B"] * result["BB"] + 2 * math.sqrt(x["A"] * x["B"]) * result["AB"]
    assert np.abs(parts - result["all"]).max() < 1e-12
    return {f"collective_{name}": values.tolist() for name, values in result.items()}


def correlate(positions, velocities, members, side, pairs):
    """Curves by name, `mean` over origins and `per_origin`, in the order of lags; and the least distance of a displacement from the overlap's
    radius. Non-Gaussian parameters and chi4 are made from the means over origins, not averaged over origins themselves."""
    observables = Observables(positions, velocities, members, side)
    curves = {}
    for of_lag in pairs:
        rows = [observables.of_pair(i, j) for i, j in of_lag]
        for name in rows[0]:
            values = np.array([row[name] for row in rows])
            curve = curves.setdefault(name, {"mean": [], "per_origin": []})
            curve["mean"].append(float(values.mean()))
            curve["per_origin"].append([float(v) for v in values])
    for name in SPECIES:
        second, fourth = (np.array(curves[f"{kind}_{name}"]["mean"]) for kind in ("msd", "r4"))
        curves[f"alpha2_{name}"] = {"mean": [float(v) for v in 3 * fourth / (5 * second**2) - 1]}
        # Counts of atoms are whole numbers, so that where all origins have the same overlap the variance is exactly zero.
        n = len(members[name])
        counts = [np.rint(n * np.array(row)) for row in curves[f"overlap_{name}"]["per_origin"]]
        curves[f"chi4_{name}"] = {"mean": [float(((c**2).mean() - c.mean() ** 2) / n) for c in counts]}
    for name, values in collective(positions, members, side, pairs).items():
        curves[name] = {"mean": values}
    return curves, observables.closest
