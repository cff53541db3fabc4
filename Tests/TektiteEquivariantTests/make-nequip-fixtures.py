"""Makes the small NequIP models of the tests and what nequip computes with them.

    python3.11 -m venv V; V/bin/pip install torch==2.13.0 numpy==2.4.6 e3nn==0.6.0 nequip==0.19.1
    V/bin/python make-nequip-fixtures.py [NAME ...]

makes fixtures/nequip-NAME.nequip.zip or fixtures/nequip-NAME.ckpt, and fixtures/nequip-NAME.json, for the named models (all without names).

Checkpoints are of nequip-train: two epochs on six generated structures. What a reader of weights has no use for is taken out of them: the state of the optimizer, of
the callbacks and of the generators of random numbers. With an exponential moving average (EMA) the expected values are of its weights, which nequip too takes.

Packages hold random weights and are made by nequip-package from checkpoints of that form, with the eager model only. Their members are then copied into a new
archive without Python sources and without the example structure, and the bytes of the graphs that e3nn compiles are left empty in the pickled model, with the memo
entries that nothing reads (the models of KEPT stay as they are), because each of these is larger than the weights. Nothing else is changed, but such a package
cannot be run by nequip any more.

All is evaluated in double precision with the model that nequip reads from the complete file: a model of single precision is converted, with its rounded constants,
those in the compiled graphs included. Edges come from a plain search over images, and forces and virials from autograd.
"""

import logging
import os
import pickletools
import shutil
import struct
import subprocess
import sys
import tempfile
import warnings
import zipfile

warnings.filterwarnings("ignore")
import numpy as np
import torch
import yaml
from ase import Atoms
from ase.calculators.lj import LennardJones
from ase.data import chemical_symbols
from ase.io import write as write_structures
from nequip.data import AtomicDataDict
from nequip.model.saved_models.load_utils import load_saved_model
from nequip.scripts import package
from nequip.scripts._package_utils import register_packaging_mode
from nequip.train import NequIPLightningModule
from nequip.utils.global_state import set_global_state

from strained import Strained
from structures import structures, write

torch.set_num_threads(1)
logging.disable(logging.INFO)
HERE = os.path.dirname(os.path.abspath(__file__))
OUT = os.path.join(HERE, "fixtures")
register_packaging_mode("eager", lambda: ["eager"])


# ---- Evaluation.


def double(path):
    """The model of a file as nequip reads it, in double precision."""
    model = load_saved_model(path).double().eval()
    for module in model.modules():
        for key in ("_output_dtype", "model_dtype"):
            if hasattr(module, key):
                setattr(module, key, torch.float64)
    return model


def evaluate(model, s, numbers):
    types = torch.tensor([model.type_names.index(chemical_symbols[numbers[k]]) for k in s["kinds"]])
    edges = Strained(s, float(model.metadata["r_max"]))
    # The model below the module that takes derivatives.
    out = model.model.func({
        AtomicDataDict.POSITIONS_KEY: edges.positions, AtomicDataDict.ATOM_TYPE_KEY: types,
        AtomicDataDict.EDGE_INDEX_KEY: edges.index, AtomicDataDict.EDGE_VECTORS_KEY: edges.vectors})
    return edges.result(out[AtomicDataDict.PER_ATOM_ENERGY_KEY].reshape(-1))


def ladder(model, s, numbers):
    """Features of atoms after each layer, in e3nn's layout."""
    kept, hooks = [], []
    for name, module in model.model.func.named_children():
        if name.endswith("_convnet"):
            hooks.append(module.register_forward_hook(
                lambda m, i, data: kept.append(data[AtomicDataDict.NODE_FEATURES_KEY].reshape(-1).tolist())))
    evaluate(model, s, numbers)
    for hook in hooks:
        hook.remove()
    return kept


def expectation(path, with_ladder):
    model = double(path)
    numbers = sorted(chemical_symbols.index(name) for name in model.type_names)
    numbers = numbers if len(numbers) > 2 else [numbers[0], numbers[1], numbers[1]]
    results = [{"structure": structure, "head": 0, **evaluate(model, s, numbers)} for structure, s in structures().items()]
    expected = {"numbers": numbers, "heads": 1, "results": results}
    if with_ladder:
        expected["ladder"] = {"structure": "left-handed", "features": ladder(model, structures()["left-handed"], numbers)}
    return expected


# ---- Models.

BASE = {
    "_target_": "nequip.model.NequIPGNNModel", "seed": 7, "model_dtype": "float64", "type_names": ["H", "C", "O"], "r_max": 3.2,
    "num_layers": 3, "l_max": 1, "parity": False, "num_features": 4, "radial_mlp_depth": 1, "radial_mlp_width": 8, "num_bessels": 5,
    "avg_num_neighbors": 2.5, "per_type_energy_scales": {"H": 0.55, "C": 1.45, "O": 1.2},
    "per_type_energy_shifts": {"H": -1.1, "C": -3.3, "O": -2.2},
}
TWO = {
    "type_names": ["O", "H"], "per_type_energy_scales": {"O": 1.2, "H": 0.55}, "per_type_energy_shifts": {"O": -2.2, "H": -1.1},
}

# name: changes to BASE.
PACKAGES = {
    "plain": {"l_max": 2, "parity": True, "num_features": 3},
    "single": {
        "model_dtype": "float32", "l_max": 2, "num_features": [6, 4, 2], "type_embed_num_features": 5, "type_names": ["O", "H", "C"],
        "avg_num_neighbors": {"H": 1.75, "C": 3.5, "O": 2.25}, "readout_mlp_hidden_layers_depth": 1, "readout_mlp_hidden_layers_width": 7},
    "deep": {
        "model_dtype": "float32", "num_layers": 5, "radial_mlp_depth": 3, "bessel_trainable": True, "polynomial_cutoff_p": 5, "r_max": 2.8,
        "per_type_energy_scales": 1.35, "per_type_energy_shifts": None, "num_features": [5, 3]},
    "lmax3": {
        **TWO, "model_dtype": "float32", "l_max": 3, "num_features": [4, 3, 3, 2], "radial_mlp_depth": 2, "r_max": 3.5,
        "per_edge_type_cutoff": {"H": 2.6, "O": {"H": 3.1}}},
    "lmax4": {
        "l_max": 4, "parity": True, "num_features": 2, "readout_mlp_hidden_layers_depth": 2, "readout_mlp_nonlinearity": "gelu"},
    "repulsion": {
        "parity": True, "num_layers": 4, "num_features": 3, "polynomial_cutoff_p": 4, "per_type_energy_scales": 0.8, "per_type_energy_scales_trainable": True,
        "per_type_energy_shifts_trainable": True, "type_names": ["C", "O", "H"],
        "pair_potential": {
            "_target_": "nequip.nn.pair_potential.ZBL", "chemical_species": ["C", "O", "H"], "units": "metal", "polynomial_cutoff_p": 5.0}},
    "minimal": {
        "num_layers": 1, "per_type_energy_scales": None, "per_type_energy_shifts": -4.25, "readout_mlp_hidden_layers_depth": 1,
        "readout_mlp_nonlinearity": None, "num_bessels": 3},
    "resnet": {
        "convnet_resnet": True, "convnet_sc": False, "learnable_shift": True, "readout_mlp_hidden_layers_depth": 1,
        "readout_mlp_nonlinearity": "mish", "convnet_nonlinearity_scalars": {"e": "ssp", "o": "tanh"},
        "convnet_nonlinearity_gates": {"e": "ssp", "o": "tanh"}},
    "shift": {
        "model_dtype": "float32", "learnable_shift": True, "num_layers": 2, "l_max": 2, "num_features": [4, 2, 2],
        "type_embed_num_features": 3, "per_type_energy_scales": None,
        "pair_potential": {"_target_": "nequip.nn.pair_potential.ZBL", "chemical_species": ["H", "C", "O"], "units": "metal"}},
    "norm": {"model_dtype": "float32", "num_layers": 2, "convnet_nonlinearity_type": "norm", "l_max": 2, "num_features": [4, 3, 2]},
}
KEPT = ("minimal",)  # packages whose compiled graphs stay
LADDERS = ("plain", "single")

# name: the training module.
CHECKPOINTS = {"average": "nequip.train.EMALightningModule", "trained": "nequip.train.NequIPLightningModule"}


def training(module):
    """The configuration of nequip-train."""
    names, cutoff = ["H", "C", "O"], 3.0
    loader = {"_target_": "torch.utils.data.DataLoader", "batch_size": 2}
    model = {
        **BASE, "type_names": names, "r_max": cutoff, "model_dtype": "float32", "num_layers": 2, "parity": True, "num_bessels": 4,
        "per_type_energy_shifts_trainable": True, "bessel_trainable": True}
    return {
        "run": ["train"],
        "data": {
            "_target_": "nequip.data.datamodule.ASEDataModule", "seed": 1, "split_dataset": {"file_path": "data.xyz", "train": 4, "val": 2},
            "transforms": [
                {"_target_": "nequip.data.transforms.ChemicalSpeciesToAtomTypeMapper", "model_type_names": names},
                {"_target_": "nequip.data.transforms.NeighborListTransform", "r_max": cutoff}],
            "train_dataloader": loader, "val_dataloader": loader,
        },
        "trainer": {
            "_target_": "lightning.Trainer", "max_epochs": 2, "accelerator": "cpu", "logger": False, "enable_progress_bar": False,
            "callbacks": [{"_target_": "lightning.pytorch.callbacks.ModelCheckpoint", "dirpath": ".", "save_last": True}]},
        "training_module": {
            "_target_": module, **({"ema_decay": 0.9} if "EMA" in module else {}),
            "loss": {
                "_target_": "nequip.train.EnergyForceLoss", "per_atom_energy": True, "coeffs": {"total_energy": 1.0, "forces": 1.0}},
            "val_metrics": {"_target_": "nequip.train.EnergyForceMetrics", "coeffs": {"total_energy_mae": 1.0, "forces_mae": 1.0}},
            "optimizer": {"_target_": "torch.optim.Adam", "lr": 0.05}, "model": model,
        },
        "global_options": {"allow_tf32": False},
    }


def train(folder, name):
    """Runs nequip-train in a folder and returns the path of the checkpoint without what is not needed."""
    rng = np.random.default_rng(3)
    corners = np.array([[x, y, z] for x in range(2) for y in range(2) for z in range(2)]) * 1.7
    frames = []
    for _ in range(6):
        frame = Atoms("HCOHHCOO", positions=corners + rng.normal(0, 0.12, (8, 3)), cell=[3.4, 3.4, 3.4], pbc=True)
        frame.calc = LennardJones(sigma=1.4, epsilon=0.5, rc=3.0)
        frame.get_forces()
        frames.append(frame)
    write_structures(os.path.join(folder, "data.xyz"), frames, format="extxyz")
    with open(os.path.join(folder, name + ".yaml"), "w") as f:
        yaml.safe_dump(training(CHECKPOINTS[name]), f)
    program = os.path.join(os.path.dirname(sys.executable), "nequip-train")
    place = os.path.join(folder, name)
    os.makedirs(place)
    shutil.copy(os.path.join(folder, "data.xyz"), place)
    subprocess.run(
        [program, "-cp", folder, "-cn", name + ".yaml", "hydra.run.dir=" + place], cwd=place, check=True, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL)
    path = os.path.join(place, "last.ckpt")
    content = torch.load(path, map_location="cpu", weights_only=False)
    content["optimizer_states"], content["callbacks"] = [], {}
    content.pop("ASEDataModule")
    torch.save(content, path)
    return path


def checkpoint(template, folder, name):
    """A checkpoint with random weights, like one of nequip-train."""
    model = {**BASE, **PACKAGES[name]}
    content = torch.load(template, map_location="cpu", weights_only=False)
    parameters = content["hyper_parameters"]
    parameters["model"] = parameters["info_dict"]["training_module"]["model"] = model
    parameters["info_dict"]["data"]["split_dataset"]["file_path"] = os.path.join(folder, "data.xyz")
    if len(model["type_names"]) == 3:
        parameters["info_dict"]["data"]["transforms"][0]["model_type_names"] = model["type_names"]
    parameters["info_dict"]["data"]["transforms"][1]["r_max"] = model["r_max"]
    module = NequIPLightningModule(**parameters)
    torch.manual_seed(400 + list(PACKAGES).index(name))
    # What starts at a round value would hide mistakes.
    for key, p in module.model.named_parameters():
        if key.endswith(("bessel_weights", ".scales", ".shifts")):
            p.data *= 1 + 0.1 * torch.randn_like(p)
    content["state_dict"] = module.state_dict()
    path = os.path.join(folder, name + ".ckpt")
    torch.save(content, path)
    return path


# ---- Packages without what is large.


def emptied(pickled):
    """A pickle whose byte strings that hold compiled graphs are empty, and which memoizes only what it reads again."""
    parts, start = [], 0
    for code, argument, position in pickletools.genops(pickled):
        if code.name == "BINBYTES" and b"torch.fx.graph_module" in argument:
            parts += [pickled[start:position], b"B" + struct.pack("<i", 0)]
            start = position + 5 + len(argument)
    return pickletools.optimize(b"".join(parts + [pickled[start:]]))


def shorten(source, target, name):
    with zipfile.ZipFile(source) as package, zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as copy:
        for member in package.namelist():
            content = package.read(member)
            if member.endswith((".py", "example_data.pkl")):
                continue
            if member.endswith("_model.pkl") and name not in KEPT:
                content = emptied(content)
            if member.endswith("config.yaml"):  # no place of the machine on which this ran
                lines = content.decode().split("\n")
                content = "\n".join("    file_path: data.xyz" if "file_path:" in line else line for line in lines).encode()
            info = zipfile.ZipInfo(member, (1980, 1, 1, 0, 0, 0))
            copy.writestr(info, content)


def fixture(name, folder, templates):
    if name in CHECKPOINTS:
        path = os.path.join(OUT, f"nequip-{name}.ckpt")
        shutil.copy(templates(name), path)
        expected = expectation(path, False)
    else:
        built = os.path.join(folder, "model.nequip.zip")  # whose name all members carry
        path = os.path.join(OUT, f"nequip-{name}.nequip.zip")
        package.main(["build", checkpoint(templates("trained"), folder, name), built, "--mode", "eager"])
        expected = expectation(built, name in LADDERS)
        shorten(built, path, name)
    write(os.path.join(OUT, f"nequip-{name}.json"), expected)
    size = os.path.getsize(os.path.join(OUT, f"nequip-{name}.json"))
    print(name, os.path.getsize(path), size, [f"{r['energy']:.3f}" for r in expected["results"]], flush=True)


if __name__ == "__main__":
    os.makedirs(OUT, exist_ok=True)
    set_global_state()
    with tempfile.TemporaryDirectory() as folder:
        made = {}

        def templates(name):
            if name not in made:
                made[name] = train(folder, name)
            return made[name]

        for name in sys.argv[1:] or [*CHECKPOINTS, *PACKAGES]:
            fixture(name, folder, templates)
