"""Makes the small MACE models of the tests and what mace-torch computes with them.

    python3.11 -m venv V; V/bin/pip install torch==2.13.0 numpy==2.4.6 mace-torch==0.3.16
    V/bin/python make-fixtures.py [NAME ...]

makes fixtures/NAME.model and fixtures/NAME.json for the named models (all without names) and fixtures/structures.json;

    V/bin/python make-fixtures.py --real FOLDER

evaluates the models of a folder, which are not part of the repository, into real.json.

Weights are random. What TorchScript and torch.fx add to a file (compiled copies of Linear, TensorProduct and of the contractions) is left out, because it is many
times larger than everything else; a reader of weights has no use for it. Files are otherwise what torch.save writes. All is evaluated in double precision: a
model of single precision is converted, with its rounded constants. Edges come from a plain search over images, and forces and virials from autograd.
"""

import os
import sys
import warnings

warnings.filterwarnings("ignore")
import numpy as np
import torch
from mace import modules  # before e3nn, whose constants torch would refuse to load otherwise
from mace.modules.blocks import NonLinearBiasReadoutBlock
from e3nn import o3

from structures import edges, structures, write

torch.set_num_threads(1)
HERE = os.path.dirname(os.path.abspath(__file__))
OUT = os.path.join(HERE, "fixtures")


def batch(s, model, numbers, head):
    z = [numbers[k] for k in s["kinds"]]
    table = [int(n) for n in model.atomic_numbers]
    found = edges(s, float(model.r_max))
    cell = torch.zeros(3, 3) if s["cell"] is None else torch.tensor(s["cell"])
    unit = torch.tensor([e[2:] for e in found], dtype=torch.get_default_dtype()).reshape(-1, 3)
    one_hot = torch.zeros(len(z), len(table))
    for i, n in enumerate(z):
        one_hot[i, table.index(n)] = 1
    return {
        "positions": torch.tensor(s["positions"]), "node_attrs": one_hot, "cell": cell,
        "edge_index": torch.tensor([[e[0] for e in found], [e[1] for e in found]], dtype=torch.int64).reshape(2, -1),
        "unit_shifts": unit, "shifts": unit @ cell, "batch": torch.zeros(len(z), dtype=torch.int64),
        "ptr": torch.tensor([0, len(z)]), "head": torch.tensor([head]),
    }


def evaluate(model, s, numbers, head, forces=True):
    out = model(
        batch(s, model, numbers, head), compute_force=forces, compute_virials=forces, compute_edge_forces=forces,
        compute_atomic_stresses=forces)
    result = {"energy": out["energy"].item(), "node_energies": out["node_energy"].tolist()}
    if forces:
        result["forces"] = out["forces"].reshape(-1).tolist()
        result["virial"] = out["virials"].reshape(-1).tolist()
        if out["atomic_virials"] is not None:
            result["atomic_virials"] = out["atomic_virials"].reshape(-1).tolist()
    return result


# ---- Models.

Plain, Residual = modules.RealAgnosticInteractionBlock, modules.RealAgnosticResidualInteractionBlock
Density = modules.RealAgnosticDensityInteractionBlock
DensityResidual = modules.RealAgnosticDensityResidualInteractionBlock
NonLinear = modules.RealAgnosticResidualNonLinearInteractionBlock

BASE = dict(
    r_max=3.5, num_bessel=5, num_polynomial_cutoff=5, max_ell=2, interaction_cls=Residual, interaction_cls_first=Plain,
    num_interactions=2, num_elements=3, hidden_irreps="6x0e", MLP_irreps="4x0e", avg_num_neighbors=7.5, atomic_numbers=[1, 6, 8],
    correlation=2, gate=torch.nn.functional.silu, radial_MLP=[8, 8], radial_type="bessel")

# name: (scale and shift or None, single precision, changes to BASE)
MODELS = {
    "plain": (True, False, dict(correlation=3)),
    "vectors": (False, False, dict(interaction_cls_first=Residual, hidden_irreps="4x0e+4x1o", max_ell=3, num_polynomial_cutoff=6)),
    "tensors": (True, True, dict(
        interaction_cls_first=Residual, hidden_irreps="4x0e+4x1o+4x2e", num_interactions=3, r_max=2.8, atomic_numbers=[1, 8])),
    "density": (True, False, dict(
        interaction_cls_first=Density, interaction_cls=DensityResidual, hidden_irreps="5x0e+5x1o", max_ell=1, correlation=3,
        distance_transform="Agnesi", pair_repulsion=True)),
    "density-uncut": (True, True, dict(
        interaction_cls_first=DensityResidual, interaction_cls=Density, apply_cutoff=False, distance_transform="Agnesi",
        radial_type="gaussian", atomic_numbers=[1, 8])),
    "nonlinear": (True, False, dict(
        interaction_cls_first=NonLinear, interaction_cls=NonLinear, hidden_irreps="4x0e+4x1o", apply_cutoff=False,
        use_agnostic_product=True, edge_irreps="3x0e+2x1o", heads=["first", "second"], readout_cls=NonLinearBiasReadoutBlock,
        use_last_readout_only=True)),
    "nonlinear-single": (False, True, dict(
        interaction_cls_first=NonLinear, interaction_cls=NonLinear, max_ell=1, correlation=3, distance_transform="Agnesi")),
    "soft": (False, False, dict(
        interaction_cls_first=Residual, num_interactions=1, radial_type="gaussian", distance_transform="Soft", correlation=3)),
    "chebyshev": (True, False, dict(radial_type="chebyshev", distance_transform="Agnesi", max_ell=1)),
    "order4": (True, True, dict(hidden_irreps="4x0e+4x1o", max_ell=1, correlation=4, atomic_numbers=[1, 8])),
    "odd": (True, False, dict(hidden_irreps="3x0e+3x0o+3x1o", interaction_cls_first=Residual)),
    "heads": (True, True, dict(heads=["a", "b", "c"], correlation=[3, 1], keep_last_layer_irreps=True, hidden_irreps="4x0e+4x1o", max_ell=1)),
    "repulsion": (False, False, dict(pair_repulsion=True, max_ell=1, interaction_cls_first=Residual)),
    "so3": (True, False, dict(use_so3=True, hidden_irreps="4x0e+4x1e", atomic_numbers=[1, 8], gate=None)),
    "edges": (True, False, dict(
        interaction_cls_first=Residual, hidden_irreps="4x0e+4x1o", edge_irreps="3x0e+3x1o", use_edge_irreps_first=True, max_ell=1)),
}


def make(name, spec):
    shifted, single, changes = spec
    seed = 100 + list(MODELS).index(name)
    torch.manual_seed(seed)
    torch.set_default_dtype(torch.float32 if single else torch.float64)
    options = {**BASE, **changes}
    options["num_elements"] = len(options["atomic_numbers"])
    for key in ("hidden_irreps", "MLP_irreps", "edge_irreps"):
        if key in options:
            options[key] = o3.Irreps(options[key])
    heads = len(options.get("heads", [0]))
    rng = np.random.default_rng(seed)
    shape = (heads, options["num_elements"]) if heads > 1 else options["num_elements"]
    options["atomic_energies"] = rng.normal(-5, 3, shape)
    if shifted:
        options["atomic_inter_scale"] = rng.uniform(0.5, 1.5, heads).tolist() if heads > 1 else 0.83
        options["atomic_inter_shift"] = rng.uniform(-0.5, 0.5, heads).tolist() if heads > 1 else 0.17
        model = modules.ScaleShiftMACE(**options)
    else:
        model = modules.MACE(**options)
    # What starts at 0, 1 or nearly so would hide mistakes.
    for key, p in model.named_parameters():
        if ".net." in key or key.endswith((".bias", ".alpha", ".beta")) or "_embedding.weight" in key:
            p.data += 0.3 * torch.randn_like(p) if not key.endswith(".alpha") else -15.0
    return model, single


def strip(model):
    for module in model.modules():
        for made in list(getattr(module, "__codegen__", [])):
            module._modules.pop(made, None)
        if hasattr(module, "__codegen__"):
            module.__codegen__ = []
        for graph in ("graph_opt_main", "contractions_weighting", "contractions_features"):
            module._modules.pop(graph, None)


def ladder(model, s, numbers):
    """Features of atoms after each interaction and each product, in e3nn's layout."""
    kept, hooks = [], []

    def after_interaction(module, _, output):
        x, start, blocks = output[0], 0, []
        for _, ir in module.irreps_out:
            blocks.append(x[:, :, start : start + ir.dim].reshape(x.shape[0], -1))
            start += ir.dim
        kept.append(torch.cat(blocks, -1).reshape(-1).tolist())

    for interaction, product in zip(model.interactions, model.products):
        hooks.append(interaction.register_forward_hook(after_interaction))
        hooks.append(product.register_forward_hook(lambda m, i, output: kept.append(output.reshape(-1).tolist())))
    evaluate(model, s, numbers, 0)
    for hook in hooks:
        hook.remove()
    return kept


def fixture(name):
    model, single = make(name, MODELS[name])
    heads = len(model.heads)
    numbers = [int(n) for n in model.atomic_numbers]
    if len(numbers) == 2:
        numbers = [numbers[0], numbers[1], numbers[1]]
    path = os.path.join(OUT, name + ".model")
    torch.set_default_dtype(torch.float64)
    results = []
    evaluated = model.double() if not single else None
    if single:
        import copy

        evaluated = copy.deepcopy(model).double()
    # torch's derivative of its Chebyshev polynomials is wrong: of this model only energies are kept.
    right = MODELS[name][2].get("radial_type") != "chebyshev"
    for k, (structure, s) in enumerate(structures().items()):
        head = k % heads
        value = evaluate(evaluated, s, numbers, head, right)
        if name not in ("plain", "density") or structure == "box":
            value.pop("atomic_virials", None)
        results.append({"structure": structure, "head": head, **value})
    expected = {"numbers": numbers, "heads": heads, "results": results}
    if name in ("plain", "odd"):
        expected["ladder"] = {"structure": "left-handed", "features": ladder(evaluated, structures()["left-handed"], numbers)}
    strip(model)
    torch.save(model, path)
    write(os.path.join(OUT, name + ".json"), expected)
    print(name, os.path.getsize(path), os.path.getsize(path[:-5] + "json"), [f"{r['energy']:.3f}" for r in results], flush=True)


def real(folder):
    torch.set_default_dtype(torch.float64)
    expected = {}
    for file in sorted(os.listdir(folder)):
        if not file.endswith(".model"):
            continue
        model = torch.load(os.path.join(folder, file), map_location="cpu", weights_only=False).double()
        if not isinstance(model.atomic_numbers, torch.Tensor):
            model.atomic_numbers = torch.tensor([int(n) for n in model.atomic_numbers])
        for module in model.modules():  # attributes that files of 2022 lack
            for key in ("cueq_config", "oeq_config"):
                if not hasattr(module, key):
                    setattr(module, key, None)
        results = [
            {"structure": name, "head": 0, **{k: v for k, v in evaluate(model, s, [1, 6, 8], 0).items() if k != "atomic_virials"}}
            for name, s in structures().items()
        ]
        expected[file] = {"numbers": [1, 6, 8], "heads": 1, "results": results}
        print(file, [f"{r['energy']:.3f}" for r in results], flush=True)
    write(os.path.join(HERE, "real.json"), expected)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--real"]:
        real(sys.argv[2])
    else:
        os.makedirs(OUT, exist_ok=True)
        torch.set_default_dtype(torch.float64)
        write(os.path.join(OUT, "structures.json"), structures())
        for name in sys.argv[1:] or MODELS:
            fixture(name)
