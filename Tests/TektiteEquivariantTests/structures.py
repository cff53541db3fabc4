"""The structures of the fixtures, a plain search for their edges and the format of what is written. The makers of all kinds of models use them.

`kinds` of a structure are places in the `numbers` of a fixture, the atomic numbers in the order in which its maker gives them.
"""

import json

import numpy as np


def structures():
    rng = np.random.default_rng(5)
    all = {}

    def add(name, positions, kinds, cell=None, periodic=(0, 0, 0)):
        all[name] = {
            "positions": np.round(np.asarray(positions, float), 6).tolist(), "kinds": list(kinds),
            "cell": None if cell is None else np.asarray(cell, float).tolist(), "periodic": list(periodic),
        }

    add("molecule", [[0, 0, 0.1], [0.95, 0.1, 0], [-0.3, 0.9, 0.2], [0.2, -1.2, 0.7], [1.1, -1.9, 0.4]], [2, 0, 0, 1, 0])
    add("triclinic", [[0.1, 0.2, 0.3], [1.4, 1.1, 0.9]], [1, 2], [[2.4, 0, 0], [0.7, 2.2, 0], [-0.5, 0.6, 2.6]], (1, 1, 1))
    add(
        "left-handed", [[0, 0, 0], [1.6, 1.5, 0.2], [0.3, 1.7, 1.9]], [0, 1, 2], [[0.2, 3.4, 0], [3.1, 0, 0.3], [0, 0.4, 3.7]],
        (1, 1, 1))
    slab = [[x, y, z] for z in (0.0, 1.3) for x in (0.0, 1.5) for y in (0.0, 1.6)]
    add("slab", slab + rng.normal(0, 0.1, (8, 3)), [0, 1, 2, 1, 0, 0, 2, 1], [[3.0, 0, 0], [0.2, 3.2, 0], [0, 0, 0]], (1, 1, 0))
    grid = np.array([[x, y, z] for x in range(3) for y in range(3) for z in range(2)]) * 1.9
    add(
        "box", grid + rng.normal(0, 0.2, (18, 3)), rng.integers(0, 3, 18).tolist(), np.diag([5.7, 5.7, 3.8]), (1, 1, 1))
    add("atom", [[0.3, -0.2, 5.0]], [2])
    add("distant", [[0, 0, 0], [0, 9.0, 0]], [0, 2])
    add("contacts", [[0, 0, 0], [0.31, 0.1, 0], [0, 0.5, -0.2], [2.1, 0.3, 0.4]], [0, 2, 1, 1])
    add("chain", [[1.1 * k, 0.3 * (k % 2), 0.1 * k * k] for k in range(6)], [0, 1, 2, 2, 1, 0], [[6.9, 0, 0], [0, 0, 0], [0, 0, 0]], (1, 0, 0))
    return all


def edges(s, cutoff):
    """All (sender, receiver, shift) within the cutoff; the vector is r_receiver - r_sender + shift."""
    r = np.array(s["positions"])
    cell = np.zeros((3, 3)) if s["cell"] is None else np.array(s["cell"])
    span = []
    for k in range(3):
        if not s["periodic"][k]:
            span.append([0])
            continue
        n = 1
        others = [cell[m] for m in range(3) if m != k and s["periodic"][m]]
        direction = cell[k].copy()
        if len(others) == 2:
            direction = np.cross(*others)
        elif len(others) == 1:
            direction = cell[k] - others[0] * (cell[k] @ others[0]) / (others[0] @ others[0])
        height = abs(cell[k] @ direction) / np.linalg.norm(direction)
        extent = np.ptp(r @ direction) / np.linalg.norm(direction)
        n = int((cutoff + extent) / height) + 1
        span.append(range(-n, n + 1))
    found = []
    for a in span[0]:
        for b in span[1]:
            for c in span[2]:
                shift = np.array([a, b, c]) @ cell
                for i in range(len(r)):
                    for j in range(len(r)):
                        d = np.linalg.norm(r[j] - r[i] + shift)
                        if d < cutoff and (i != j or (a, b, c) != (0, 0, 0)):
                            found.append((i, j, a, b, c))
    return found


def write(name, value):
    with open(name, "w") as f:
        json.dump(value, f, separators=(",", ":"))
        f.write("\n")
