"""Opens AMBER files of Tektite with other people's readers and compares them number by number.

    python readers.py FOLDER

FOLDER holds, for each case, NAME.nc (or NAME.ncrst), NAME.pdb and NAME.json with what went in: positions (length unit), velocities
(length/ps or length/tau), forces (kcal/mol/length or reduced), times (ps or tau), steps and cells, all in the axes of the run. What the file
should hold is worked out here from those, independently of Tektite's own code.

Which reader supports which case (a reader that is not installed is an error, a case that is not supported is listed here):

    netCDF4     everything
    scipy       everything; it loads whole files, so the file of 3 GB is not tried
    MDAnalysis  not: no frames (it reads the first on opening); restarts. A cell with a length of 0 counts as none.
    mdtraj      positions, time and cell. Not: restarts of this layout. Velocities and forces are not read.
    ASE         positions and cells; a direction without a lattice vector gets what the atoms span. Not: restarts, files without
                frames, files without a cell (it asks for cell_lengths). Velocities are not compared: it takes no notice of their unit.
    chemfiles   positions, velocities, cells; time and cells with a length of 0 are not compared. Not: files without frames.
    ParmEd      everything but files without frames; it loads whole files, so the file of 3 GB is not tried
"""

import json
import os
import sys
import warnings

import numpy as np

warnings.simplefilter("ignore")

# Positions are stored in single precision: half a unit in the last place is 2^-24 of a number; the rotation adds the same of its
# neighbours in a vector, and readers that change units (nanometres, kJ) round once or twice more.
SINGLE = 4e-7


class Case:
    def __init__(self, folder, name):
        with open(os.path.join(folder, name + ".json")) as f:
            self.__dict__.update(json.load(f))
        self.name = name
        self.path = os.path.join(folder, self.file)
        self.pdb = os.path.join(folder, name + ".pdb")
        self.frames = [Frame(self, f) for f in self.frames]


class Frame:
    """A frame in the axes of the file."""

    def __init__(self, case, raw):
        self.time, self.step = raw["time"], raw["step"]
        positions = np.array(raw["positions"]).reshape(-1, 3)
        self.original = np.array(raw["cell"]).reshape(3, 3) if raw["cell"] else None
        periodic = np.array(case.periodic)
        self.box = None
        rotation = np.eye(3)
        if self.original is not None and periodic.any():
            lengths = np.linalg.norm(self.original, axis=1)
            self.box = lengths, angles(self.original)
            if case.rotated:
                # Gram-Schmidt on the lattice; a left-handed one is replaced by its negative, which is the same lattice.
                h = self.original if np.linalg.det(self.original) > 0 else -self.original
                x = h[0] / np.linalg.norm(h[0])
                y = h[1] - (h[1] @ x) * x
                y /= np.linalg.norm(y)
                rotation = np.array([x, y, np.cross(x, y)]).T
                self.cell = h @ rotation
            else:
                self.cell = self.original
        self.unwrapped = positions @ rotation
        self.positions = self.unwrapped
        if case.wrapped:
            f = self.positions @ np.linalg.inv(self.cell)
            self.positions = (f - np.floor(f) * periodic) @ self.cell
        self.velocities = np.array(raw["velocities"]).reshape(-1, 3) @ rotation if raw["velocities"] else None
        self.forces = np.array(raw["forces"]).reshape(-1, 3) @ rotation if raw["forces"] else None


def angles(cell):
    def angle(u, v):
        product = np.linalg.norm(u) * np.linalg.norm(v)
        return 90.0 if product == 0 else np.degrees(np.arccos(u @ v / product))

    return np.array([angle(cell[1], cell[2]), angle(cell[2], cell[0]), angle(cell[0], cell[1])])


class Mismatch(Exception):
    pass


def same(what, found, wanted, tolerance=SINGLE):
    found, wanted = np.asarray(found, float), np.asarray(wanted, float)
    if found.shape != wanted.shape:
        raise Mismatch(f"{what}: shape {found.shape} instead of {wanted.shape}")
    if wanted.size == 0:
        return
    scale = np.maximum(1, np.abs(wanted).max())
    worst = np.abs(found - wanted).max() / scale
    if not worst <= tolerance:
        raise Mismatch(f"{what}: off by {worst:.3g} relative to {scale:.3g}")


def same_box(found, frame, tolerance=1e-6):
    if frame.box is None:
        return
    same("cell lengths", found[:3], frame.box[0], tolerance)
    same("cell angles", found[3:], frame.box[1], tolerance)


# ---- readers: each returns False for a case that it does not support ---------------------------------------------------------


def read_netcdf4(case):
    import netCDF4

    with netCDF4.Dataset(case.path) as d:
        if d.data_model != "NETCDF3_64BIT_OFFSET":
            raise Mismatch(f"format {d.data_model}")
        raw_netcdf(case, lambda name: d.variables[name][:], lambda: set(d.variables), d.ncattrs(), d.getncattr)


def read_scipy(case):
    import scipy.io

    if os.path.getsize(case.path) > 1 << 30:
        return False
    with scipy.io.netcdf_file(case.path, mmap=False, maskandscale=True) as d:
        text = lambda name: getattr(d, name).decode()
        raw_netcdf(case, lambda name: d.variables[name][...] if d.variables[name].shape else d.variables[name].getValue(),
                   lambda: set(d.variables), list(d._attributes), text)


def raw_netcdf(case, get, names, attributes, text):
    """All variables, as the convention and Tektite's own additions have them."""
    restart = case.file.endswith(".ncrst")
    wanted = {"Conventions": "AMBERRESTART" if restart else "AMBER", "ConventionVersion": "1.0", "program": "tektite"}
    for name, value in wanted.items():
        if text(name) != value:
            raise Mismatch(f"{name} is {text(name)!r}")
    for name in ["programVersion", "title", "application"]:
        if name not in attributes:
            raise Mismatch(f"no attribute {name}")
    present = names()
    if ("cell_lengths" in present) != any(case.periodic):
        raise Mismatch("cell variables in the wrong place")
    if not restart and case.huge:
        return huge(case, get)
    frames = case.frames
    stack = lambda name: [np.asarray(get(name))] if restart else np.asarray(get(name))
    if len(stack("coordinates")) != len(frames):
        raise Mismatch(f"{len(stack('coordinates'))} frames instead of {len(frames)}")
    labels = np.asarray(get("cell_angular")).tobytes() if any(case.periodic) else b"alphabeta gamma"
    if labels != b"alphabeta gamma":
        raise Mismatch(f"labels {labels!r}")
    for k, frame in enumerate(frames):
        same("coordinates", stack("coordinates")[k], frame.positions)
        same("time", stack("time")[k], frame.time)
        same("tektite_time", stack("tektite_time")[k], frame.time, 1e-11)  # the unit of time is known to eleven digits
        same("tektite_step", stack("tektite_step")[k], frame.step, 0)
        if frame.velocities is not None:
            same("velocities", stack("velocities")[k], frame.velocities)
        if frame.forces is not None:
            same("forces", stack("forces")[k], frame.forces)
        if frame.box is not None:
            same("cell_lengths", stack("cell_lengths")[k], frame.box[0], 1e-14)
            same("cell_angles", stack("cell_angles")[k], frame.box[1], 1e-12)
        if frame.original is not None:
            same("tektite_cell", stack("tektite_cell")[k], frame.original, 0)
        if case.wrapped:
            same("images", stack("coordinates")[k] + stack("tektite_images")[k] @ frame.cell, frame.unwrapped)


def huge(case, get):
    same("last coordinates", get("coordinates")[-1], case.frames[-1].positions)


def read_mdanalysis(case):
    import MDAnalysis

    if not case.frames or case.file.endswith(".ncrst"):
        return False
    u = MDAnalysis.Universe(case.pdb, case.path, format="NCDF", to_guess=())
    if case.huge:
        ts = u.trajectory[len(u.trajectory) - 1]
        return same("positions", ts.positions, case.frames[-1].positions)
    if len(u.trajectory) != len(case.frames):
        raise Mismatch(f"{len(u.trajectory)} frames")
    for k, frame in enumerate(case.frames):
        ts = u.trajectory[k]
        same("positions", ts.positions, frame.positions)
        same("time", ts.time, frame.time)
        if frame.velocities is not None:
            same("velocities", ts.velocities, frame.velocities)
        if frame.forces is not None:
            same("forces", ts.forces / 4.184, frame.forces)
        if frame.box is not None and (frame.box[0] > 0).all():
            same_box(ts.dimensions, frame)


def read_mdtraj(case):
    import mdtraj

    if case.file.endswith(".ncrst"):
        return False
    if case.huge:
        t = mdtraj.load_frame(case.path, case.frameCount - 1, top=case.pdb)
        return same("xyz", t.xyz[0] * 10, case.frames[-1].positions, 1e-6)
    with mdtraj.formats.NetCDFTrajectoryFile(case.path) as f:
        if f.n_frames != len(case.frames):
            raise Mismatch(f"{f.n_frames} frames")
    if not case.frames:
        return
    t = mdtraj.load(case.path, top=case.pdb)
    for k, frame in enumerate(case.frames):
        same("xyz", t.xyz[k] * 10, frame.positions, 1e-6)
        same("time", t.time[k], frame.time)
        if frame.box is not None and (frame.box[0] > 0).all():
            same_box(np.concatenate([t.unitcell_lengths[k] * 10, t.unitcell_angles[k]]), frame, 1e-5)


def read_ase(case):
    from ase.io.netcdftrajectory import NetCDFTrajectory

    if not any(case.periodic) or not case.frames or case.file.endswith(".ncrst"):
        return False
    t = NetCDFTrajectory(case.path, "r")
    if case.huge:
        return same("positions", t[len(t) - 1].get_positions(), case.frames[-1].positions)
    if len(t) != len(case.frames):
        raise Mismatch(f"{len(t)} frames")
    for k, frame in enumerate(case.frames):
        same("positions", t[k].get_positions(), frame.positions)
        if frame.box is not None:
            there = frame.box[0] > 0
            same("cell lengths", t[k].cell.lengths()[there], frame.box[0][there], 1e-6)
            same("cell angles", t[k].cell.angles(), frame.box[1], 1e-6)
            if list(t[k].pbc) != list(there):
                raise Mismatch(f"pbc {t[k].pbc}")


def read_chemfiles(case):
    import chemfiles

    chemfiles.set_warnings_callback(lambda message: None)
    if not case.frames:
        return False
    format = "Amber Restart" if case.file.endswith(".ncrst") else "Amber NetCDF"
    with chemfiles.Trajectory(case.path, "r", format) as t:
        if case.huge:
            last = t.read_step(case.frameCount - 1)  # owns the memory of its positions
            return same("positions", last.positions, case.frames[-1].positions)
        if t.nsteps != len(case.frames):
            raise Mismatch(f"{t.nsteps} frames")
        for k, frame in enumerate(case.frames):
            f = t.read_step(k)
            same("positions", f.positions, frame.positions)
            if frame.velocities is not None:
                same("velocities", f.velocities, frame.velocities)
            if frame.box is not None and (frame.box[0] > 0).all():
                same_box(np.concatenate([f.cell.lengths, f.cell.angles]), frame)


def read_parmed(case):
    import parmed.amber

    if case.huge or not case.frames:
        return False
    restart = case.file.endswith(".ncrst")
    t = (parmed.amber.NetCDFRestart if restart else parmed.amber.NetCDFTraj).open_old(case.path)
    for k, frame in enumerate(case.frames):
        same("coordinates", np.asarray(t.coordinates).reshape(-1, case.atoms, 3)[k], frame.positions)
        if frame.velocities is not None:
            same("velocities", np.asarray(t.velocities).reshape(-1, case.atoms, 3)[k], frame.velocities)
        if frame.forces is not None and not restart:
            same("forces", t.forces[k], frame.forces)
        if frame.box is not None:
            same_box(np.asarray(t.box).reshape(-1, 6)[k], frame)


READERS = {
    "netCDF4": read_netcdf4, "scipy": read_scipy, "MDAnalysis": read_mdanalysis, "mdtraj": read_mdtraj, "ASE": read_ase,
    "chemfiles": read_chemfiles, "ParmEd": read_parmed,
}


def read_extxyz(folder):
    """Extended XYZ as ASE understands it: cell, periodicity, energy, stress and forces."""
    from ase.io import read

    with open(os.path.join(folder, "structure.xyz.json")) as f:
        wanted = json.load(f)
    atoms = read(os.path.join(folder, "structure.extxyz"), index=":")
    for a in atoms:
        same("positions", a.get_positions(), np.array(wanted["positions"]).reshape(-1, 3), 0)
        same("forces", a.get_forces(), np.array(wanted["forces"]).reshape(-1, 3), 0)
        same("energies", a.get_potential_energies(), wanted["energies"], 0)
        same("energy", a.get_potential_energy(), wanted["energy"], 0)
        same("stress", a.get_stress(voigt=False), np.array(wanted["stress"]).reshape(3, 3), 0)
        same("cell", a.cell[:], np.array(wanted["cell"]).reshape(3, 3), 0)
        if list(a.pbc) != wanted["periodic"] or a.get_chemical_symbols() != wanted["symbols"]:
            raise Mismatch("pbc or symbols differ")
    # And back: ASE's own file for our reader.
    from ase.io import write
    write(os.path.join(folder, "ase.extxyz"), atoms[0], format="extxyz")


def main(folder):
    cases = sorted(n[:-5] for n in os.listdir(folder) if n.endswith(".json") and not n.endswith(".xyz.json"))
    failures = 0
    for name in cases:
        case = Case(folder, name)
        results = []
        for reader, function in READERS.items():
            try:
                results.append(f"{reader} {'not supported' if function(case) is False else 'equal'}")
            except BaseException as error:  # not all of them raise an Exception
                failures += 1
                results.append(f"{reader} FAILED ({type(error).__name__}: {error})")
        print(f"{name}: " + ", ".join(results))
    try:
        read_extxyz(folder)
        print("extended XYZ: ASE equal")
    except Exception as error:
        failures += 1
        print(f"extended XYZ: ASE FAILED ({type(error).__name__}: {error})")
    print(f"{len(cases)} cases, {failures} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
