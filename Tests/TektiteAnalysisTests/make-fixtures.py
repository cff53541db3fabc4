"""Makes fixtures/observables.json, what is in the trajectories fixtures/even.nc and fixtures/blocks.nc, by definitions in numpy and cross-checked
against other programs. The trajectories come from fixtures/liquid.yaml (`tektite run liquid.yaml`), files of its run directory.

    python3.11 -m venv V
    V/bin/pip install numpy==2.4.6 scipy==1.17.1 netCDF4==1.7.5.1.post1 freud-analysis==3.4.0 atooms==3.30.2 atooms-pp==4.4.0 \
        pyvoro-mmalahe==1.3.4
    V/bin/python make-fixtures.py

Reduced units. Positions are the stored floats, unwrapped, taken as doubles.

    system                 side of the cubic cell, timestep, numbers of atoms, temperature of even.nc
    parameters             wave numbers, vectors, radii of what follows
    even, blocks           steps: lags in steps; origins: their numbers; curves: by name `mean`, one for each lag, and maybe `per_origin`, a list for
                           each lag in the order of origins. Names: msd, r4, alpha2, overlap, chi4 with _A, _B, _all; fs_A_7.25 by sin(kr)/(kr);
                           fs_axis_A and fs_shell_A by cos(k.dr); vacf_all; collective_AA. In `even` all frames are origins, in `blocks` those
                           at multiples of 256 steps
    pair_distribution      edges, counts of unordered pairs in all frames of even.nc, g
    structure_factor       square: n^2 of each shell, k, number of vectors, S by pair; all frames of even.nc
    bond_order             of the last frame of even.nc, by atom: neighbours at r < 1.45, q4, q6, averaged (Lechner-Dellago) ones, w4, w6 raw and
                           over (sum |q_lm|^2)^(3/2)
    voronoi                of the same frame, by atom: index <n3 n4 n5 n6>, faces, volume; plain, and radical with radii 0.5 (A) and 0.44 (B)
    shells                 perfect shells: vectors and q_l, w_l
    agreement              the largest differences from the other programs that were met
    margins                how near any number comes to a threshold: implementations that differ by less find the same counts
"""
import json
import math
import pathlib
from dataclasses import dataclass
from importlib.metadata import version

import correlations
import netCDF4
import numpy as np
import peers
import statics

VERSIONS = {
    "numpy": "2.4.6", "scipy": "1.17.1", "netCDF4": "1.7.5.1.post1", "freud-analysis": "3.4.0", "atooms": "3.30.2",
    "atooms-pp": "4.4.0", "pyvoro-mmalahe": "1.3.4",
}
for package, expected in VERSIONS.items():
    assert version(package) == expected, (package, version(package), expected)

FOLDER = pathlib.Path(__file__).parent / "fixtures"
LAGS = [1, 2, 3, 4, 5, 6, 8, 10, 13, 16, 20]
BLOCK = 256
# Curves whose values at single origins are kept; the others would only repeat the same sums.
PER_ORIGIN = ("msd_A", "msd_all", "fs_A_7.25", "fs_B_7.25", "overlap_all", "vacf_all")


@dataclass
class Run:
    """A trajectory: positions (frames, atoms, 3) and velocities or None, steps, labels and indices by species."""

    positions: np.ndarray
    velocities: np.ndarray | None
    steps: list
    species: list
    members: dict
    side: float
    timestep: float


def read(name):
    with netCDF4.Dataset(FOLDER / name) as file:
        positions = np.array(file["coordinates"][:], float)
        velocities = np.array(file["velocities"][:], float) if "velocities" in file.variables else None
        labels = file["tektite_species"].labels.split("\n")
        species = [labels[i] for i in file["tektite_species"][:]]
        steps = [int(s) for s in file["tektite_step"][:]]
        times = np.array(file["tektite_time"][:])
        sides = np.array(file["cell_lengths"][:])
        assert np.ptp(sides) == 0 and (np.array(file["cell_angles"][:]) == 90).all()
    members = {s: np.flatnonzero(np.array(species) == s) for s in ("A", "B")}
    members["all"] = np.arange(len(species))
    return Run(positions, velocities, steps, species, members, float(sides[0, 0]), float(times[1] / steps[1]))


def kept(curves):
    return {
        name: curve if name in PER_ORIGIN else {"mean": curve["mean"]}
        for name, curve in curves.items()
    }


even, blocks = read("even.nc"), read("blocks.nc")
spacing = even.steps[1]
assert even.steps == [i * spacing for i in range(24)]
margins, agreement = {}, {}

pairs = correlations.evenly_spaced_pairs(len(even.steps), LAGS)
curves, closest = correlations.correlate(even.positions, even.velocities, even.members, even.side, pairs)
agreement["even"] = peers.time_correlations(even, pairs, curves) | peers.freud_displacements(even, LAGS, curves)
agreement["even"] |= peers.isotropic_scattering(even, pairs)
even_table = {"steps": [lag * spacing for lag in LAGS], "origins": [len(p) for p in pairs], "curves": kept(curves)}
margins["overlap"] = closest

lags, pairs = correlations.block_pairs(blocks.steps, BLOCK)
curves, closest = correlations.correlate(blocks.positions, None, blocks.members, blocks.side, pairs)
agreement["blocks"] = peers.time_correlations(blocks, pairs, curves)
block_table = {"steps": lags, "origins": [len(p) for p in pairs], "curves": kept(curves)}
margins["overlap"] = float(min(margins["overlap"], closest))
# At the shortest time atoms fly freely: <dr^2> = 3 T t^2.
temperature = float((even.velocities**2).mean())
free = curves["msd_all"]["mean"][0] / (3 * (lags[0] * blocks.timestep) ** 2)
assert abs(free / temperature - 1) < 0.2, (free, temperature)

distribution, margins["edges"] = statics.pair_distribution(even.positions, even.members, even.side)
agreement["pairs"] = peers.pair_distributions(even, distribution)
factor = statics.structure_factor(even.positions, even.members, even.side)
agreement["structure factor"] = peers.structure_factors(even, factor)

last = len(even.steps) - 1
order, margins["neighbors"] = statics.bond_order(even.positions[last], even.side)
agreement["bond order"] = peers.bond_orders(even, last, order)

wrapped = even.positions[last] % even.side
radii = np.where(np.array(even.species) == "A", 0.5, 0.44)
plain = statics.voronoi(wrapped, even.side, 0 * radii + 0.5)
radical = statics.voronoi(wrapped, even.side, radii)
agreement["voronoi"] = peers.voronoi_cells(even, last, wrapped, plain, radical, radii)
for name, table in (("plain", plain), ("radical", radical)):
    margins[f"smallest face, {name}"] = table.pop("smallest_face")
    margins[f"shortest edge, {name}"] = table.pop("shortest_edge")

result = {
    "versions": VERSIONS,
    "system": {
        "side": even.side, "timestep": even.timestep, "A": len(even.members["A"]), "B": len(even.members["B"]),
        "temperature": temperature,
    },
    "parameters": {
        "wave_numbers": correlations.WAVE_NUMBERS, "axis": correlations.AXIS, "shell": correlations.SHELL,
        "overlap": correlations.OVERLAP, "neighbor_cutoff": statics.NEIGHBOR_CUTOFF, "block": BLOCK,
        "radii": {"A": 0.5, "B": 0.44}, "frame": last,
    },
    "even": even_table,
    "blocks": block_table,
    "pair_distribution": distribution,
    "structure_factor": factor,
    "bond_order": order,
    "voronoi": {"plain": plain, "radical": radical},
    "shells": statics.shell_table(),
    "agreement": agreement,
    "margins": margins,
}


def finite(value):
    """Every number but null, of which there is one kind only: where a shell has no order of a degree."""
    if isinstance(value, dict):
        return all(map(finite, value.values()))
    if isinstance(value, (list, tuple)):
        return all(map(finite, value))
    return not isinstance(value, float) or math.isfinite(value)


assert finite(result)
text = json.dumps(result, allow_nan=False)
# A line for each table keeps differences between two versions readable.
text = text.replace('}, "', '},\n"').replace('], "', '],\n"')
(FOLDER / "observables.json").write_text(text + "\n")
print(json.dumps({"agreement": agreement, "margins": margins, "bytes": len(text)}, indent=1))
