"""Cross-checks against freud, atooms-pp and scipy: each returns its largest difference by name, and asserts that it is within a stated bound.

freud computes in single precision what depends on distances, so its bounds are those of single precision; atooms-pp is double throughout.
"""
import contextlib
import logging
import math
import tempfile

import freud
import numpy as np

# Where it is imported, atooms-pp leaves a folder of compiled kernels, which are not used here.
with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
    from atooms.postprocessing import (
        Chi4SelfOverlap, IntermediateScattering, MeanSquareDisplacement, NonGaussianParameter, SelfIntermediateScattering,
        StructureFactor, VelocityAutocorrelation,
    )
    from atooms.postprocessing.gr import RadialDistributionFunctionLegacy
    from atooms.postprocessing.qt import SelfOverlap
    from atooms.system import Cell, Particle, System
    from atooms.trajectory.ram import TrajectoryRam
from correlations import AXIS, OVERLAP, SHELL, SPECIES, WAVE_NUMBERS, Observables, axis_vectors, vectors_of_shell
from scipy.spatial import ConvexHull
from statics import BINS, NEIGHBOR_CUTOFF, structure_factor

logging.disable(logging.WARNING)


class Memory(TrajectoryRam):
    """A trajectory of atooms in memory, with the timestep of the run."""

    spacing = 1.0

    def read_timestep(self):
        return self.spacing


def atooms_trajectory(run, name="all"):
    """The atoms of one species, at the steps of the run."""
    trajectory = Memory()
    trajectory.spacing = run.timestep
    indices = run.members[name]
    for frame, step in enumerate(run.steps):
        velocities = run.positions[frame] * 0 if run.velocities is None else run.velocities[frame]
        particles = [Particle(position=run.positions[frame][i].copy(), velocity=velocities[i].copy()) for i in indices]
        for particle, i in zip(particles, indices):
            particle.species = run.species[i]
        trajectory.write(System(particle=particles, cell=Cell([run.side] * 3)), int(step))
    trajectory.timestep = run.timestep
    return trajectory


def difference(name, found, expected, bound):
    """The largest absolute difference."""
    largest = float(np.abs(np.array(found) - np.array(expected)).max())
    assert largest <= bound, (name, largest, bound)
    return largest


def time_correlations(run, pairs, curves):
    """atooms-pp, given the same pairs of frames. Its non-Gaussian parameter is averaged over origins after the ratio is taken, so it is compared
    with that mean, and with ours where there is one origin; its chi4 chooses origins by itself, which are the same ones here."""
    origins = {}
    for of_lag in pairs:
        for i, j in of_lag:
            origins.setdefault(i, []).append(j - i)
    times = [(run.steps[p[0][1]] - run.steps[p[0][0]]) * run.timestep for p in pairs]
    unit = 2 * math.pi / run.side
    single = [n for n, p in enumerate(pairs) if len(p) == 1]
    found = {}

    def check(name, observable, key, bound, values=None):
        observable.compute()
        got = observable.value if values is None else values(observable)
        assert len(got) == len(pairs), (name, len(got))
        expected = curves[key]["mean"] if isinstance(key, str) else key
        found[name] = max(found.get(name, 0), difference(name, got, expected, bound))

    for name in SPECIES:
        trajectory = atooms_trajectory(run, name)
        # Bounds: sums of a hundred terms of order one in another order, and positions unfolded anew.
        check("msd", MeanSquareDisplacement(trajectory, tgrid=times, tpairs=origins), f"msd_{name}", 1e-13)
        ratios = [
            np.mean([3 * f / (5 * s**2) - 1 for s, f in zip(second, fourth)])
            for second, fourth in zip(curves[f"msd_{name}"]["per_origin"], curves[f"r4_{name}"]["per_origin"])
        ]
        parameter = NonGaussianParameter(trajectory, tgrid=times, tpairs=origins)
        check("non-Gaussian of origins", parameter, ratios, 1e-13)
        ours = curves[f"alpha2_{name}"]["mean"]
        if single:
            difference("non-Gaussian", [parameter.value[n] for n in single], [ours[n] for n in single], 1e-13)
        check("overlap", SelfOverlap(trajectory, tgrid=times, a=OVERLAP, tpairs=origins), f"overlap_{name}", 1e-14)
        check("chi4", Chi4SelfOverlap(trajectory, tgrid=times, a=OVERLAP, norigins=-1), f"chi4_{name}", 1e-11)
        for key, waves in (("axis", axis_vectors(AXIS)), ("shell", vectors_of_shell(SHELL))):
            # Powers of exp(ik.r) are made by repeated products there.
            vectors = [[unit * w for w in waves]]
            scattering = SelfIntermediateScattering(
                trajectory, kgrid=[unit * np.linalg.norm(waves[0])], tgrid=list(times), tpairs=origins, normalize=False
            )
            scattering._kgrid.kvectors_input = vectors
            check("self scattering", scattering, f"fs_{key}_{name}", 1e-12, lambda o: o.value[0])
        scattering = IntermediateScattering(
            trajectory, kgrid=[unit * math.sqrt(SHELL)], tgrid=list(times), tpairs=origins, normalize=False,
            kvectors=[[unit * w for w in vectors_of_shell(SHELL)]],
        )
        # It is not divided by the number of atoms there.
        count = len(run.members[name])
        key = "collective_all" if name == "all" else f"collective_{name}{name}"
        check("collective scattering", scattering, key, 1e-11, lambda o: np.array(o.value[0]) / count)
        if name == "all" and run.velocities is not None:
            check("velocity", VelocityAutocorrelation(trajectory, tgrid=times, tpairs=origins), "vacf_all", 1e-13)
    return found


def isotropic_scattering(run, pairs):
    """sin(kr)/(kr) is the mean of cos(k.r) over the directions of k: by a quadrature over the sphere (Gauss in the height, evenly around), exact to
    rounding for kr up to 30. The first origin of each lag."""
    height, weight = np.polynomial.legendre.leggauss(48)
    around = np.arange(96) * 2 * math.pi / 96
    flat = np.sqrt(1 - height**2)
    directions = np.stack([np.outer(flat, np.cos(around)), np.outer(flat, np.sin(around)), np.outer(height, 0 * around + 1)], -1)
    weights = np.repeat(weight / 2 / 96, 96)
    observables = Observables(run.positions, None, run.members, run.side)
    largest = 0.0
    for i, j in (p[0] for p in pairs):
        values = observables.of_pair(i, j)
        moved = run.positions[j] - run.positions[i]
        for k in WAVE_NUMBERS:
            # In one go the directions and atoms of a pair are a million cosines.
            by_atom = np.cos(k * moved @ directions.reshape(-1, 3).T) @ weights
            for name in SPECIES:
                expected = by_atom[run.members[name]].mean()
                largest = max(largest, difference("isotropic", values[f"fs_{name}_{k}"], expected, 1e-12))
    return {"isotropic self scattering": largest}


def freud_displacements(run, lags, curves):
    """freud's mean squared displacement of all origins, by Fourier transforms in single precision: taken from the first frame,
    where squares stay below ten, that is good to one in a million."""
    largest = 0.0
    moved = run.positions - run.positions[0]
    for name in SPECIES:
        msd = freud.msd.MSD(mode="window")
        msd.compute(moved[:, run.members[name]])
        largest = max(largest, difference("freud msd", msd.msd[lags], curves[f"msd_{name}"]["mean"], 1e-6))
    return {"freud msd": largest}


def boxed(run, frame, name="all"):
    box = freud.box.Box.cube(run.side)
    points = run.positions[frame][run.members[name]]
    return box, (points - run.side * np.rint(points / run.side)).astype(np.float32)


def pair_distributions(run, table):
    """freud's RDF is over N_a N_b, like pairs too, so that its like pairs are (N_a - 1)/N_a of ours; atooms' likewise. In single precision
    a distance may fall into the next bin: at most three of the some hundred thousand pairs of a kind."""
    edges = np.array(table["edges"])
    shell = 4 * math.pi / 3 * (edges[1:] ** 3 - edges[:-1] ** 3)
    found = {"freud pairs in another bin": 0.0, "atooms g": 0.0}
    for label, counts in table["counts"].items():
        a, b = ("all", "all") if label == "all" else label
        n, m = len(run.members[a]), len(run.members[b])
        # The largest radius is half the side, which freud refuses by a hair.
        rdf = freud.density.RDF(BINS, run.side / 2 * (1 - 1e-7))
        for frame in range(len(run.positions)):
            box, first = boxed(run, frame, a)
            _, second = boxed(run, frame, b)
            rdf.compute((box, first), query_points=second, neighbors={"r_max": run.side / 2 * (1 - 1e-7), "exclude_ii": a == b},
                        reset=False)
        got = np.array(rdf.bin_counts) / (2 if a == b else 1)
        moved = float(np.abs(got - np.array(counts)).sum())
        assert moved <= 6, (label, moved)
        norm = (n - 1) / n if a == b else 1
        ours = np.array(table["g"][label]) * norm
        theirs = np.array(rdf.rdf)
        # One pair in a bin of a given shell changes g by this much; single precision adds 1e-6 of the value.
        pair = run.side**3 / (shell * n * m * len(run.positions)) * (2 if a == b else 1)
        assert (np.abs(ours - theirs) <= 3 * pair + 2e-6 * ours).all(), label
        found["freud pairs in another bin"] = max(found["freud pairs in another bin"], moved)
        if a == b:
            centers = (edges[1:] + edges[:-1]) / 2
            g = RadialDistributionFunctionLegacy(atooms_trajectory(run, a), rgrid=centers.tolist(), norigins=-1)
            g.compute()
            # Its edges are remade from the centers; no distance lies within 1e-7 of an edge.
            found["atooms g"] = max(found["atooms g"], difference("atooms g", g.value, ours, 1e-12))
    return found


def structure_factors(run, table):
    """freud's partial structure factors are over N, so that S_AA is x_A of ours and S_AB sqrt(x_A x_B) of ours; bins so narrow that none holds
    two shells. It takes only the vectors without negative components, hence another average of ours. Single precision of k.r up to 50
    limits it to 1e-4."""
    octant = structure_factor(run.positions, run.members, run.side, lambda v: v[(v >= 0).all(1)])
    assert octant["square"] == table["square"]
    n = len(run.members["all"])
    bins, top = 4000, 10.0
    found = {"freud S(k)": 0.0, "atooms S(k)": 0.0}
    where = np.floor(np.array(table["k"]) / (top / bins)).astype(int)
    assert len(set(where)) == len(where)
    for label, values in octant["S"].items():
        a, b = ("all", "all") if label == "all" else label
        factor = freud.diffraction.StaticStructureFactorDirect(bins=bins, k_max=top)
        for frame in range(len(run.positions)):
            box, first = boxed(run, frame, a)
            _, second = boxed(run, frame, b)
            factor.compute((box, first), query_points=second, N_total=n, reset=False)
        norm = math.sqrt(len(run.members[a]) * len(run.members[b])) / n
        ours, theirs = norm * np.array(values), np.array(factor.S_k)
        filled = np.flatnonzero(np.isfinite(theirs) & (np.abs(theirs) > 0))
        got = [theirs[filled[np.abs(filled - w).argmin()]] for w in where]
        found["freud S(k)"] = max(found["freud S(k)"], difference("freud S", got, ours, 1e-4))
    unit = 2 * math.pi / run.side
    vectors = [[unit * v for v in vectors_of_shell(s)] for s in table["square"]]
    for name in SPECIES:
        factor = StructureFactor(atooms_trajectory(run, name), kgrid=list(table["k"]), norigins=-1)
        factor._kgrid.kvectors_input = vectors
        factor.compute()
        label = "all" if name == "all" else name + name
        found["atooms S(k)"] = max(found["atooms S(k)"], difference("atooms S", factor.value, table["S"][label], 1e-11))
    return found


def bond_orders(run, frame, table):
    """freud's Steinhardt parameters, in single precision, with the same neighbours; the averaged ones are averaged over the atom too."""
    system = boxed(run, frame)
    neighbors = freud.locality.AABBQuery(*system).query(system[1], {"r_max": NEIGHBOR_CUTOFF, "exclude_ii": True}).toNeighborList()
    assert np.bincount(neighbors.query_point_indices, minlength=len(system[1])).tolist() == table["neighbors"]
    found = {}
    for l in (4, 6):
        for key, options in (
            (f"q{l}", {}), (f"averaged_q{l}", {"average": True}), (f"w{l}", {"wl": True}),
            (f"normalized_w{l}", {"wl": True, "wl_normalize": True}),
        ):
            order = freud.order.Steinhardt(l, **options).compute(system, neighbors).particle_order
            found[f"freud {key}"] = difference(key, order, table[key], 2e-5)
    return found


def regular_triangulation(positions, side, radii):
    """Faces of radical cells from the other end: the lower hull of the points lifted to |r|^2 - R^2. Of each atom the number of simplices around
    each of its edges, which is the number of corners of that face."""
    n = len(positions)
    shifts = np.array([s for s in np.ndindex(3, 3, 3)]) - 1
    points = (positions[None] + side * shifts[:, None]).reshape(-1, 3) - side / 2
    weights = np.tile(np.asarray(radii) ** 2, 27)
    hull = ConvexHull(np.column_stack([points, (points**2).sum(1) - weights]))
    simplices = hull.simplices[hull.equations[:, 3] < -1e-12]
    center = next(k for k, s in enumerate(shifts) if not s.any()) * n
    corners = [dict() for _ in range(n)]
    for simplex in simplices:
        for i in simplex:
            if center <= i < center + n:
                for j in simplex:
                    if i != j:
                        corners[i - center][j] = corners[i - center].get(j, 0) + 1
    return [[sum(c == k for c in row.values()) for k in (3, 4, 5, 6)] for row in corners], [len(row) for row in corners]


def voronoi_cells(run, frame, positions, plain, radical, radii):
    """Plain volumes and faces by freud, and indices of both tessellations by scipy's hull."""
    cells = freud.locality.Voronoi().compute(boxed(run, frame))
    found = {"freud Voronoi volume": difference("volume", cells.volumes, plain["volume"], 2e-5)}
    for table, r in ((plain, 0 * radii), (radical, radii)):
        index, faces = regular_triangulation(positions, run.side, r)
        assert faces == table["faces"]
        assert index == table["index"]
        assert abs(sum(table["volume"]) - run.side**3) < 1e-9
    return found
