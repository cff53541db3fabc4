"""Makes the small SevenNet models of the tests and what sevenn computes with them.

    python3.11 -m venv V; V/bin/pip install torch==2.13.0 numpy==2.4.6 e3nn==0.6.0 sevenn==0.13.0
    V/bin/python make-sevennet-fixtures.py [NAME ...]

makes fixtures/sevennet-NAME.pth and fixtures/sevennet-NAME.json for the named models (all without names);

    V/bin/python make-sevennet-fixtures.py --real FOLDER

evaluates the checkpoints of a folder and of the folders in it, which are not part of the repository, into sevennet-real.json.

Weights are random. Files are what the trainer of sevenn saves, with the configuration that its parser makes, but without states of an optimizer and a scheduler.
Files of OLD are as version 0.9 wrote them: made from a new model by the inverse of what sevenn does when it reads such files.

All is evaluated in double precision with the model that sevenn builds when it reads the file: what the file holds in single precision, such as the couplings of its
convolutions, keeps that rounding. Edges come from a plain search over images, and forces and virials from autograd. "head" of a result is the index of a modality.
"""

import datetime
import hashlib
import os
import sys
import warnings

warnings.filterwarnings("ignore")
import numpy as np
import torch
from ase.data import chemical_symbols
from sevenn import _keys as KEY
from sevenn.checkpoint import SevenNetCheckpoint
from sevenn.model_build import build_E3_equivariant_model
from sevenn.nn.node_embedding import OnehotEmbedding
from sevenn.parse_input import init_data_config, init_model_config, init_train_config

from strained import Strained
from structures import structures, write

torch.set_num_threads(1)
HERE = os.path.dirname(os.path.abspath(__file__))
OUT = os.path.join(HERE, "fixtures")


# ---- Evaluation.


def double(path):
    """The model of a file as sevenn reads it, in double precision and without its own forces."""
    checkpoint = SevenNetCheckpoint(path)
    model = checkpoint.build_model().double().eval()
    model.delete_module_by_key("force_output")
    model.key_grad = None
    model.eval_modal_map = False
    model.set_is_batch_data(False)
    for module in model:
        if isinstance(module, OnehotEmbedding):  # which gives single precision whatever the model's is
            module.register_forward_hook(
                lambda m, i, data: {k: v.double() if k in (m.key_output, m.key_additional_output) else v for k, v in data.items()})
    return model, checkpoint.config


def evaluate(model, s, numbers, head, modal):
    z = torch.tensor([numbers[k] for k in s["kinds"]])
    edges = Strained(s, model.cutoff)
    data = {
        KEY.ATOMIC_NUMBERS: z, KEY.EDGE_VEC: edges.vectors, KEY.EDGE_IDX: edges.index, KEY.NUM_ATOMS: torch.tensor(len(z))}
    if modal:
        data[KEY.MODAL_TYPE] = torch.tensor(head)
    return edges.result(model(data)[KEY.ATOMIC_ENERGY].reshape(-1))


def ladder(model, s, numbers, modal):
    """Features of atoms after the gate of each layer, in e3nn's layout."""
    kept, hooks = [], []
    for name, module in model.named_children():
        if name.endswith("_equivariant_gate"):
            hooks.append(module.register_forward_hook(lambda m, i, data: kept.append(data[KEY.NODE_FEATURE].reshape(-1).tolist())))
    evaluate(model, s, numbers, 0, modal)
    for hook in hooks:
        hook.remove()
    return kept


def expectation(path, numbers=None):
    model, config = double(path)
    names = sorted(config[KEY.MODAL_MAP], key=config[KEY.MODAL_MAP].get) if config.get(KEY.USE_MODALITY) else []
    if numbers is None:
        numbers = sorted(config[KEY.TYPE_MAP])
        numbers = numbers if len(numbers) > 2 else [numbers[0], numbers[1], numbers[1]]
    results = []
    for k, (structure, s) in enumerate(structures().items()):
        head = k % len(names) if names else 0
        results.append({"structure": structure, "head": head, **evaluate(model, s, numbers, head, bool(names))})
    return model, {"numbers": numbers, "heads": max(1, len(names)), "head_names": names, "results": results}


# ---- Models.

BASE = {
    KEY.CHEMICAL_SPECIES: ["H", "C", "O"], KEY.CUTOFF: 3.2, KEY.NODE_FEATURE_MULTIPLICITY: 4, KEY.LMAX: 2, KEY.IS_PARITY: False,
    KEY.NUM_CONVOLUTION: 3, KEY.RADIAL_BASIS: {"radial_basis_name": "bessel", "bessel_basis_num": 5},
    KEY.CUTOFF_FUNCTION: {"cutoff_function_name": "XPLOR", "cutoff_on": 2.5}, KEY.CONVOLUTION_WEIGHT_NN_HIDDEN_NEURONS: [8],
    KEY.SELF_CONNECTION_TYPE: "linear",
}
POLYNOMIAL = {"cutoff_function_name": "poly_cut", "poly_cut_p_value": 6}
MODAL = {
    key: True
    for key in (KEY.USE_MODAL_NODE_EMBEDDING, KEY.USE_MODAL_SELF_INTER_INTRO, KEY.USE_MODAL_SELF_INTER_OUTRO, KEY.USE_MODAL_OUTPUT_BLOCK)
}

# name: changes to BASE. "modals" and "single" (one shift and one scale for all elements) are not keys of sevenn.
MODELS = {
    "plain": {KEY.CONVOLUTION_WEIGHT_NN_HIDDEN_NEURONS: [8, 8]},
    "parity": {
        KEY.IS_PARITY: True, KEY.NODE_FEATURE_MULTIPLICITY: 3, KEY.CUTOFF_FUNCTION: POLYNOMIAL, KEY.SELF_CONNECTION_TYPE: "nequip",
        KEY.TRAIN_DENOMINTAOR: True},
    "manual": {
        KEY.CHEMICAL_SPECIES: ["H", "O"], KEY.IRREPS_MANUAL: ["6x0e", "6x0e+4x1e+2x2e", "5x0e+3x1e+2x2e", "7x0e"],
        KEY.SELF_CONNECTION_TYPE: ["nequip", "linear", "nequip"], KEY.USE_BIAS_IN_LINEAR: True, KEY.CUTOFF: 2.8},
    "manual-parity": {
        KEY.IS_PARITY: True, KEY.IRREPS_MANUAL: ["5x0e", "4x0e+3x1o+2x2e", "4x0e+2x0o+3x1o+2x1e+1x2e", "6x0e"],
        KEY.CUTOFF_FUNCTION: {**POLYNOMIAL, "poly_cut_p_value": 5}, KEY.SELF_CONNECTION_TYPE: ["linear", "nequip", "linear"]},
    "deep": {
        KEY.IS_PARITY: True, KEY.LMAX: 1, KEY.NUM_CONVOLUTION: 5, KEY.NODE_FEATURE_MULTIPLICITY: 3,
        KEY.CUTOFF_FUNCTION: {**POLYNOMIAL, "poly_cut_p_value": 5}, KEY.CUTOFF: 2.8, KEY.ACTIVATION_RADIAL: "elu"},
    "lmax3": {KEY.LMAX: 3, KEY.NODE_FEATURE_MULTIPLICITY: 3, KEY.CUTOFF: 3.5, KEY.SELF_CONNECTION_TYPE: "nequip"},
    "lmax4": {KEY.LMAX: 4, KEY.IS_PARITY: True, KEY.NODE_FEATURE_MULTIPLICITY: 2, KEY.CONVOLUTION_WEIGHT_NN_HIDDEN_NEURONS: [6]},
    "ranges": {KEY.LMAX: 2, KEY.LMAX_EDGE: 3, KEY.LMAX_NODE: 1, KEY.ACTIVATION_RADIAL: "sigmoid"},
    "activations": {
        KEY.IS_PARITY: True, KEY.LMAX: 1, KEY.NUM_CONVOLUTION: 4, KEY.NODE_FEATURE_MULTIPLICITY: 3,
        KEY.ACTIVATION_RADIAL: "ssp", KEY.ACTIVATION_SCARLAR: {"e": "ssp", "o": "abs"}, KEY.ACTIVATION_GATE: {"e": "ssp", "o": "tanh"},
        KEY.SELF_CONNECTION_TYPE: "nequip", KEY.CONVOLUTION_WEIGHT_NN_HIDDEN_NEURONS: [6]},
    "readout": {
        KEY.NUM_CONVOLUTION: 1, KEY.READOUT_AS_FCN: True, KEY.READOUT_FCN_HIDDEN_NEURONS: [6, 5], KEY.READOUT_FCN_ACTIVATION: "tanh",
        KEY.RADIAL_BASIS: {"radial_basis_name": "bessel", "bessel_basis_num": 4, "trainable_coeff": False},
        KEY.ACTIVATION_RADIAL: "tanh", "single": True},
    "solid": {
        KEY.NUM_CONVOLUTION: 2, KEY._NORMALIZE_SPH: False, KEY.ACTIVATION_RADIAL: "relu", KEY.CONVOLUTION_WEIGHT_NN_HIDDEN_NEURONS: [8, 7, 6]},
    "modal": {
        **MODAL, KEY.USE_MODAL_WISE_SHIFT: True, KEY.USE_MODAL_WISE_SCALE: True, "modals": ["pbe", "r2scan", "hse"],
        KEY.USE_BIAS_IN_LINEAR: True},
    "modal-some": {
        KEY.USE_MODAL_SELF_INTER_INTRO: True, KEY.USE_MODAL_OUTPUT_BLOCK: True, KEY.USE_MODAL_WISE_SHIFT: True, "modals": ["b", "a"],
        KEY.IS_PARITY: True, KEY.NUM_CONVOLUTION: 2, KEY.LMAX: 1, KEY.SELF_CONNECTION_TYPE: "nequip"},
    "old": {KEY.IRREPS_MANUAL: ["6x0e", "6x0e+4x1e+2x2e", "5x0e+3x1e+2x2e", "7x0e"], KEY.CONVOLUTION_WEIGHT_NN_HIDDEN_NEURONS: [8, 8]},
    "old-names": {KEY.LMAX: 3, KEY.NODE_FEATURE_MULTIPLICITY: 3, KEY._NORMALIZE_SPH: False, KEY.SELF_CONNECTION_TYPE: "nequip"},
}
LADDERS = ("plain", "parity")
OLD = ("old", "old-names")

# Where the couplings of e3nn before 0.5, with which version 0.9 worked, have the other sign.
FLIPPED = [(1, l, l) for l in (2, 3, 4)] + [(l, 1, l) for l in (2, 3, 4)] + [(l, l, 1) for l in (2, 3, 4)]


def configuration(name):
    rng = np.random.default_rng(200 + list(MODELS).index(name))
    given = {**BASE, **MODELS[name]}
    modals, single = given.pop("modals", None), given.pop("single", False)
    data = {key: given.pop(key) for key in (KEY.USE_MODAL_WISE_SHIFT, KEY.USE_MODAL_WISE_SCALE) if key in given}
    config = {"version": "0.13.0", KEY.MODEL_TYPE: "E3_equivariant_model"}
    config.update(init_model_config(given))
    config.update(init_train_config({KEY.USE_MODALITY: modals is not None}))
    config.update(init_data_config(data))
    config.update({KEY.IS_DDP: False, KEY.DDP_BACKEND: "nccl", KEY.LOCAL_RANK: 0, KEY.RANK: 0, KEY.WORLD_SIZE: 1})
    elements = config[KEY.NUM_SPECIES]
    # What training finds in its data.
    config[KEY.CONV_DENOMINATOR] = rng.uniform(3, 9, config[KEY.NUM_CONVOLUTION]).tolist()
    if single:
        config[KEY.SHIFT], config[KEY.SCALE] = -4.25, 1.375
    elif modals is None:
        config[KEY.SHIFT], config[KEY.SCALE] = rng.normal(-5, 3, elements).tolist(), rng.uniform(0.5, 1.5, elements).tolist()
    else:
        config[KEY.MODAL_LIST] = modals
        config[KEY.NUM_MODALITIES] = len(modals)
        config[KEY.MODAL_MAP] = {modal: k for k, modal in enumerate(modals)}
        config[KEY.SHIFT] = rng.normal(-5, 3, (len(modals), elements)).tolist()
        config[KEY.SCALE] = rng.uniform(0.5, 1.5, (len(modals), elements) if config[KEY.USE_MODAL_WISE_SCALE] else elements).tolist()
    return config


def as_old(model, config, weights, names):
    """The configuration and the weights as version 0.9 would have written them."""
    weights = {k: v.clone() for k, v in weights.items()}
    for i in range(config[KEY.NUM_CONVOLUTION]):
        convolution = model._modules[f"{i}_convolution"]
        arguments = convolution.convolution_kwargs
        degrees = {n: [ir.l for _, ir in arguments[f"irreps_{n}"]] for n in ("in1", "in2", "out")}
        key = f"{i}_convolution.weight_nn.layer{len(convolution.weight_nn.hs) - 2}.weight"
        columns, start = {}, 0
        for instruction in arguments["instructions"]:
            width = arguments["irreps_in1"][instruction[0]].mul
            columns[instruction[:3]] = weights[key][:, start : start + width]
            start += width
        assert start == weights[key].shape[1]
        blocks = []
        for a, b, c, *_ in convolution._instructions_before_sort:
            flipped = (degrees["in1"][a], degrees["in2"][b], degrees["out"][c]) in FLIPPED
            blocks.append(-columns[a, b, c] if flipped else columns[a, b, c])
        weights[key] = torch.cat(blocks, 1)
        for degree in FLIPPED:
            coupling = f"{i}_convolution.convolution._compiled_main_left_right._w3j_%d_%d_%d" % degree
            if coupling in weights:
                weights[coupling] = -weights[coupling]
    config = dict(config)
    config["version"] = "0.9.1"
    # 0.9 noted the mean of the squared number of neighbors; what it divided by is in the weights.
    config["avg_num_neigh"] = [d * d for d in config.pop(KEY.CONV_DENOMINATOR)]
    config["train_avg_num_neigh"] = config.pop(KEY.TRAIN_DENOMINTAOR)
    config["optimize_by_reduce"] = True
    config[KEY.CUTOFF_FUNCTION] = {**config[KEY.CUTOFF_FUNCTION], "poly_cut_p_value": 6}
    config[KEY.DEVICE] = torch.device("cuda")
    config[KEY.SHIFT] = np.array(config[KEY.SHIFT], np.float32)
    config[KEY.READOUT_FCN_HIDDEN_NEURONS] = config[KEY.READOUT_FCN_ACTIVATION] = None
    for key in (
        KEY.USE_MODALITY, KEY.USE_MODAL_NODE_EMBEDDING, KEY.USE_MODAL_SELF_INTER_INTRO, KEY.USE_MODAL_SELF_INTER_OUTRO, KEY.USE_MODAL_OUTPUT_BLOCK,
        KEY.USE_MODAL_WISE_SHIFT, KEY.USE_MODAL_WISE_SCALE, KEY.USE_FLASH_TP, KEY.USE_OEQ, KEY.CUEQUIVARIANCE_CONFIG, KEY.DATASET_TYPE,
        KEY.COMPUTE_STATISTICS):
        config.pop(key)
    if names:
        assert config.pop(KEY._NORMALIZE_SPH) is False  # the only way when names were these
        table = {
            "edge_embedding": "EdgeEmbedding", "reduce_input_to_hidden": "reducing nn input to hidden",
            "reduce_hidden_to_energy": "reducing nn hidden to energy", "rescale_atomic_energy": "rescale atomic energy",
        }
        for i in range(10):
            for part in ("self_connection_intro", "convolution", "self_interaction_2", "equivariant_gate"):
                table[f"{i}_{part}"] = f"{i} " + part.replace("_", " ")
        renamed = {}
        for key, value in weights.items():
            first, rest = key.split(".", 1)
            renamed[table.get(first, first) + "." + rest.replace("denominator", "denumerator")] = value
        weights = renamed
    return config, weights


def fixture(name, config):
    torch.manual_seed(300 + list(MODELS).index(name))
    model = build_E3_equivariant_model(config)
    # What starts at 0 or a round value would hide mistakes.
    for key, p in model.named_parameters():
        if key.endswith(".bias"):
            p.data += 0.3 * torch.randn_like(p)
        elif key.endswith(".coeffs") or (key.endswith(".denominator") and config[KEY.TRAIN_DENOMINTAOR]):
            p.data *= 1 + 0.1 * torch.randn_like(p)
    weights = model.state_dict()
    path = os.path.join(OUT, f"sevennet-{name}.pth")
    content = {"optimizer_state_dict": {}, "scheduler_state_dict": {}, "epoch": 2}
    if name in OLD:
        content["config"], old = as_old(model, config, weights, name == "old-names")
        content = {"model_state_dict": type(weights)(old), **content}
    else:
        content = {
            "model_state_dict": weights, **content, "config": config,
            "time": datetime.datetime(2026, 1, 1).strftime("%Y-%m-%d %H:%M"), "hash": hashlib.md5(name.encode()).hexdigest(),
        }
    torch.save(content, path)
    evaluated, expected = expectation(path)
    if name in OLD:  # sevenn has to find the model again from which the old file was made
        again = evaluated.state_dict()
        assert all(torch.equal(again[k], v.double()) for k, v in weights.items())
    if name in LADDERS:
        features = ladder(evaluated, structures()["left-handed"], expected["numbers"], False)
        expected["ladder"] = {"structure": "left-handed", "features": features}
    write(path[:-3] + "json", expected)
    energies = [f"{r['energy']:.3f}" for r in expected["results"]]
    print(name, os.path.getsize(path), os.path.getsize(path[:-3] + "json"), energies, flush=True)


def real(folder):
    expected = {}
    for place, _, files in sorted(os.walk(folder)):
        for file in files:
            if file.endswith(".pth"):
                key = os.path.relpath(os.path.join(place, file), folder)
                expected[key] = expectation(os.path.join(place, file), [1, 6, 8])[1]
                print(key, [f"{r['energy']:.3f}" for r in expected[key]["results"]], flush=True)
    write(os.path.join(HERE, "sevennet-real.json"), expected)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--real"]:
        real(sys.argv[2])
    else:
        os.makedirs(OUT, exist_ok=True)
        # All before any file is read: reading takes the defaults of sevenn's parser away.
        configurations = {name: configuration(name) for name in MODELS}
        for name in sys.argv[1:] or MODELS:
            fixture(name, configurations[name])
