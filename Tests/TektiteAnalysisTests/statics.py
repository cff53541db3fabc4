"""Structure of single frames: pair distribution, structure factors, bond order and Voronoi cells, in double precision."""
import math
from collections import Counter

import numpy as np
from correlations import vectors_of_shell
from scipy.special import sph_harm_y

PAIRS = (("A", "A"), ("A", "B"), ("B", "B"), ("all", "all"))
BINS = 60
LARGEST_WAVE = 10.0
NEIGHBOR_CUTOFF = 1.45


def label(a, b):
    return "all" if a == "all" else a + b


def separations(positions, side):
    """Vectors (n, n, 3) from the first atom to the nearest image of the second, and their lengths."""
    d = positions[None] - positions[:, None]
    d -= side * np.rint(d / side)
    return d, np.sqrt((d**2).sum(-1))


def pair_distribution(frames, members, side):
    """Bins of width L/120 up to L/2, closed below and open above. Counts are of unordered pairs, summed over frames, and
    g_ab = counts / (frames * M_ab * shell / V), where M_aa = N_a (N_a - 1)/2, M_ab = N_a N_b and shell = 4 pi/3 (outer^3 - inner^3)."""
    edges = np.arange(BINS + 1) * (side / 2 / BINS)
    shell = 4 * math.pi / 3 * (edges[1:] ** 3 - edges[:-1] ** 3)
    result = {"edges": edges.tolist(), "counts": {}, "g": {}}
    closest = math.inf
    for a, b in PAIRS:
        counts = np.zeros(BINS, int)
        for positions in frames:
            _, r = separations(positions, side)
            r = r[np.ix_(members[a], members[b])]
            r = r[np.triu_indices(len(r), 1)] if a == b else r.ravel()
            x = r / edges[1]
            closest = min(closest, np.abs(x - np.rint(x))[x < BINS + 0.5].min() * edges[1])
            counts += np.bincount(np.floor(x[x < BINS]).astype(int), minlength=BINS)
        n, m = len(members[a]), len(members[b])
        pairs = n * (n - 1) / 2 if a == b else n * m
        result["counts"][label(a, b)] = counts.tolist()
        result["g"][label(a, b)] = (counts / (len(frames) * pairs * shell / side**3)).tolist()
    return result, closest


def structure_factor(frames, members, side, chosen=lambda n: n):
    """All shells n^2 of lattice vectors up to |k| = 10, averaged over the vectors of a shell and over frames:
    S_ab = Re rho_a(k) rho_b(-k) / sqrt(N_a N_b), and of all atoms |rho|^2 / N. `chosen` may take fewer vectors of a shell."""
    unit = 2 * math.pi / side
    result = {"square": [], "k": [], "vectors": [], "S": {label(*p): [] for p in PAIRS}}
    for square in range(1, int((LARGEST_WAVE / unit) ** 2) + 1):
        vectors = chosen(vectors_of_shell(square))
        if len(vectors) == 0:
            continue
        result["square"].append(square)
        result["k"].append(unit * math.sqrt(square))
        result["vectors"].append(len(vectors))
        phase = np.exp(1j * unit * (frames @ vectors.T))
        rho = {name: phase[:, members[name]].sum(1) for name in members}
        for a, b in PAIRS:
            norm = math.sqrt(len(members[a]) * len(members[b]))
            result["S"][label(a, b)].append(float((rho[a] * rho[b].conj()).real.mean() / norm))
    return result


def three_j(l, m1, m2):
    """Wigner's (l l l; m1 m2 -m1-m2) by Racah's sum."""
    m3 = -m1 - m2
    f = math.factorial
    front = math.sqrt(f(l) ** 3 / f(3 * l + 1)) * math.sqrt(
        f(l + m1) * f(l - m1) * f(l + m2) * f(l - m2) * f(l + m3) * f(l - m3)
    )
    total = 0
    for t in range(l + 1):
        terms = (t, l - t, l - m1 - t, l + m2 - t, m1 + t, -m2 + t)
        if min(terms) >= 0:
            total += (-1) ** t / math.prod(f(x) for x in terms)
    return (-1) ** m3 * front * total


def invariants(q, l):
    """q_l, w_l and w_l / (sum |q_lm|^2)^(3/2) of the last axis of q, m from -l to l."""
    square = (np.abs(q) ** 2).sum(-1)
    w = sum(
        three_j(l, m1, m2) * q[..., l + m1] * q[..., l + m2] * q[..., l - m1 - m2]
        for m1 in range(-l, l + 1)
        for m2 in range(max(-l, -l - m1), min(l, l - m1) + 1)
    ).real
    # Below rounding the shell has no order of this degree, and the ratio means nothing.
    normalized = np.where(square > 1e-20, w / np.maximum(square, 1e-30) ** 1.5, np.nan)
    return np.sqrt(4 * math.pi / (2 * l + 1) * square), w, normalized


def harmonics(directions, l):
    """Y_lm, m from -l to l on the last axis."""
    x, y, z = np.moveaxis(directions / np.linalg.norm(directions, axis=-1, keepdims=True), -1, 0)
    theta, phi = np.arccos(np.clip(z, -1, 1)), np.arctan2(y, x)
    return np.stack([sph_harm_y(l, m, theta, phi) for m in range(-l, l + 1)], -1)


def bond_order(positions, side):
    """Of each atom, with the neighbours at r < 1.45 of any species: q_lm is the mean of Y_lm over the neighbours, the averaged one the mean of
    q_lm over the atom and its neighbours; w_l of the plain q_lm."""
    d, r = separations(positions, side)
    near = (r < NEIGHBOR_CUTOFF) & ~np.eye(len(r), dtype=bool)
    result = {"neighbors": near.sum(1).tolist()}
    for l in (4, 6):
        q = np.array([harmonics(d[i][near[i]], l).mean(0) for i in range(len(r))])
        plain, w, normalized = invariants(q, l)
        averaged, _, _ = invariants((near @ q + q) / (near.sum(1) + 1)[:, None], l)
        result |= {f"q{l}": plain.tolist(), f"averaged_q{l}": averaged.tolist()}
        result |= {f"w{l}": w.tolist(), f"normalized_w{l}": normalized.tolist()}
    return result, float(np.abs(r - NEIGHBOR_CUTOFF).min())


def perfect_shells():
    """Neighbour vectors of ideal crystals and of the icosahedron."""
    signs = [np.array(s) for s in np.ndindex(2, 2, 2)]
    corners = np.array([2 * s - 1 for s in signs])
    axes = np.concatenate([np.eye(3), -np.eye(3)])
    fcc = vectors_of_shell(2)
    # Twelve neighbours of hcp: six in the plane and two like-oriented triangles above and below it.
    angle = np.arange(6) * math.pi / 3
    plane = np.stack([np.cos(angle), np.sin(angle), 0 * angle], -1)
    angle = math.pi / 6 + np.arange(3) * 2 * math.pi / 3
    triangle = np.stack([np.cos(angle) / math.sqrt(3), np.sin(angle) / math.sqrt(3), 0 * angle + math.sqrt(2 / 3)], -1)
    golden = (1 + math.sqrt(5)) / 2
    edge = np.array([[0, a, b * golden] for a in (-1, 1) for b in (-1, 1)])
    return {
        "fcc": fcc,
        "hcp": np.concatenate([plane, triangle, triangle * [1, 1, -1]]),
        "bcc8": corners,
        "bcc14": np.concatenate([corners, 2 * axes]),
        "icosahedron": np.concatenate([np.roll(edge, k, axis=1) for k in range(3)]),
        "sc": axes,
    }


def shell_table():
    """Vectors and q_l, normalized w_l (null where q_l vanishes) for l = 4, 6, 8; q_l is checked by the addition theorem of Legendre polynomials."""
    table = {}
    for name, vectors in perfect_shells().items():
        unit = vectors / np.linalg.norm(vectors, axis=1)[:, None]
        row = {"vectors": vectors.astype(float).tolist()}
        for l in (4, 6, 8):
            q, _, w = invariants(harmonics(unit, l).mean(0), l)
            legendre = np.polynomial.legendre.Legendre.basis(l)(np.clip(unit @ unit.T, -1, 1)).mean()
            assert abs(q**2 - legendre) < 1e-13, (name, l)
            row[f"q{l}"] = float(q) if q > 1e-10 else 0.0
            row[f"normalized_w{l}"] = None if math.isnan(w) else float(w)
        table[name] = row
    return table


def voronoi(positions, side, radii):
    """Cells of the radical tessellation (plain where radii are equal) from voro++: index <n3 n4 n5 n6>, number of faces, volume, and the area
    of the smallest face in each cell."""
    import pyvoro

    cells = pyvoro.compute_voronoi(
        positions.tolist(), [[0, side]] * 3, 1.0, radii=list(radii), periodic=[True] * 3
    )
    index, faces, volume, smallest, edge = [], [], [], [], []
    for cell in cells:
        kinds = Counter(len(f["vertices"]) for f in cell["faces"])
        vertices = np.array(cell["vertices"])
        areas, edges = [], []
        for f in cell["faces"]:
            p = vertices[f["vertices"]]
            q = p - p[0]
            areas.append(np.linalg.norm(np.cross(q[1:-1], q[2:]).sum(0)) / 2)
            edges.append(np.linalg.norm(p - np.roll(p, 1, axis=0), axis=1).min())
        index.append([kinds[n] for n in (3, 4, 5, 6)])
        faces.append(len(cell["faces"]))
        volume.append(cell["volume"])
        smallest.append(float(min(areas)))
        edge.append(float(min(edges)))
    return {"index": index, "faces": faces, "volume": volume, "smallest_face": min(smallest), "shortest_edge": min(edge)}
