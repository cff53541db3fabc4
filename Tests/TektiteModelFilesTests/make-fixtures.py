"""Makes the model files of the tests, and expected.json with what torch says is in them.

    python3.11 -m venv V; V/bin/pip install torch==2.13.0 numpy==2.4.6 safetensors==0.8.0; V/bin/python make-fixtures.py

    V/bin/pip install mace-torch==0.3.16; V/bin/python make-fixtures.py --real FOLDER

makes real.json, what torch says is in the trained models of a folder.

The MACE-like fixtures are made of stand-in classes with the names of the real ones, so that no other package is needed: only names, attributes and
tensors matter to a reader. Nothing here needs a GPU, and the sizes are kept small.
"""

import json
import os
import pickle
import shutil
import sys
import types
import zipfile
from collections import OrderedDict

import numpy as np
import torch
from torch import nn

HERE = os.path.dirname(os.path.abspath(__file__))
OUT = os.path.join(HERE, "fixtures")
expected = {"torch": torch.__version__.split("+")[0], "files": {}}
torch.manual_seed(0)


def facts(tensors):
    """Type, shape, parameter or not, and values of each tensor; whole numbers and half precision are exact in doubles."""
    return [
        {
            "name": name,
            "type": str(t.dtype).removeprefix("torch."),
            "shape": list(t.shape),
            "parameter": isinstance(t, nn.Parameter),
            "values": t.detach().to(torch.float64).contiguous().reshape(-1).tolist(),
        }
        for name, t in tensors
    ]


def save(name, value, kind, tensors, **options):
    path = os.path.join(OUT, name)
    torch.save(value, path, **options)
    expected["files"][name] = {"kind": kind, "tensors": facts(tensors)}


def of_module(module):
    """Parameters and buffers in the order of modules, a module's own first."""
    found = []
    for prefix, m in module.named_modules(remove_duplicate=False):
        dot = prefix + "." if prefix else ""
        found += [(dot + n, p) for n, p in m._parameters.items() if p is not None]
        found += [(dot + n, b) for n, b in m._buffers.items() if b is not None]
    return found


def state_dictionaries():
    base = torch.arange(24, dtype=torch.float64) * 0.25 - 1
    state = OrderedDict()
    for dtype in (
        torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.int16, torch.int8,
        torch.uint8,
    ):
        state[str(dtype).removeprefix("torch.")] = torch.tensor([[0, 1, 2], [100, 7, 127]]).to(dtype)
    state["bool"] = torch.tensor([True, False, True])
    for wide in (torch.uint16, torch.uint32, torch.uint64):  # kept as untyped storages, by _rebuild_tensor_v3
        state[str(wide).removeprefix("torch.")] = torch.tensor([1, 2, 65535], dtype=wide)
    state["half-edges"] = torch.tensor([6e-8, -6e-8, 65504.0, -1e-5, 1 / 3], dtype=torch.float16)
    state["negative"] = torch.tensor([-1, -(2**31)], dtype=torch.int32)
    # Views of one storage: whole, transposed, every other element, a row, a scalar, repeated elements, nothing.
    state["whole"] = base.reshape(4, 6)
    state["transposed"] = base.reshape(4, 6).t()
    state["strided"] = base[1::2]
    state["row"] = base.reshape(2, 3, 4)[1, 1]
    state["permuted"] = base.reshape(2, 3, 4).permute(2, 0, 1)
    state["scalar"] = base[5]
    state["expanded"] = base[:3].reshape(3, 1).expand(3, 4)
    state["empty"] = torch.zeros(0, 3)
    save("types.pth", state, "state dictionary", state.items())
    for protocol in (2, 3, 4, 5):
        small = OrderedDict(weight=torch.randn(3, 2), bias=nn.Parameter(torch.randn(2)))
        save(f"protocol{protocol}.pth", small, "state dictionary", small.items(), pickle_protocol=protocol)


def modules():
    inner = nn.Sequential(nn.Linear(3, 4), nn.SiLU(), nn.Linear(4, 1, bias=False))
    inner.register_buffer("scale", torch.tensor(1.5, dtype=torch.float64))
    inner.register_buffer("hidden", torch.arange(3), persistent=False)
    inner.names = ["a", "b"]
    inner.cutoff = 5.5
    model = nn.ModuleList([inner, nn.LayerNorm(2), nn.ParameterList([torch.randn(2, 2)]), inner[0]])
    save("module.pt", model, "torch module", of_module(model))


def stand_in(name, base=nn.Module):
    module, _, cls = name.rpartition(".")
    parts = module.split(".")
    for k in range(len(parts)):
        parent = ".".join(parts[: k + 1])
        sys.modules.setdefault(parent, types.ModuleType(parent))
    made = type(cls, (base,), {"__module__": module})
    setattr(sys.modules[module], cls, made)
    return made


def mace():
    Model = stand_in("mace.modules.models.ScaleShiftMACE")
    Embedding = stand_in("mace.modules.blocks.LinearNodeEmbeddingBlock")
    Linear = stand_in("e3nn.o3._linear.Linear")
    Instruction = stand_in("e3nn.o3._linear.Instruction", tuple)
    Irrep, Irreps, MulIr = (stand_in(f"e3nn.o3._irreps.{n}", tuple) for n in ("Irrep", "Irreps", "_MulIr"))
    model = Model()
    model.register_buffer("atomic_numbers", torch.tensor([1, 6, 8]))
    model.register_buffer("r_max", torch.tensor(4.0, dtype=torch.float64))
    model.node_embedding = Embedding()
    linear = model.node_embedding.linear = Linear()
    linear.weight = nn.Parameter(torch.randn(6))
    linear.irreps_out = Irreps([MulIr((2, Irrep((0, 1)))), MulIr((1, Irrep((1, -1))))])
    linear.instructions = [Instruction((0, 0, (3, 2), 0.5))]
    linear.__dict__["__codegen__"] = {"_compiled_main": b"PK\x03\x04\x00\xff\x80"}
    # The ways of the files of 2022: numbers as scalars of numpy.
    model.elements = [np.int64(1), np.int64(6), np.int64(8)]
    model.average = np.float64(12.25)
    model.single = np.float32(0.5)
    model.flag = np.bool_(True)
    model.big_endian = np.dtype(">f8").type(3.0)
    model.array = np.arange(6, dtype=np.float32).reshape(2, 3)
    model.fortran = np.asfortranarray(np.arange(6, dtype=">i4").reshape(2, 3))
    model.heads = {"Default"}
    save("mace.model", model, "MACE model", of_module(model))


def checkpoints():
    weights = OrderedDict([("0_self_connection.linear.weight", torch.randn(5)), ("shift", torch.randn(2))])
    config = {
        "cutoff": 5.0, "channel": 8, "is_parity": False, "irreps_manual": ["8x0e", "8x0e+4x1o"], "version": "0.9.3",
        "_type_map": {1: 0, 8: 1}, "shift": np.array([0.5, -0.5]), "device": torch.device("cpu"), "none": None,
        "large": 2**70, "negative": -(2**40),
    }
    save(
        "sevennet.pth",
        {"model_state_dict": weights, "optimizer_state_dict": {}, "scheduler_state_dict": None, "config": config, "epoch": 3},
        "SevenNet checkpoint", weights.items())
    stand_in("omegaconf.listconfig.ListConfig", list)
    Foreign = stand_in("somewhere.Foreign", object)
    foreign = Foreign()
    foreign.value = 7
    names = OrderedDict([("model.sole_model.model.func.weight", torch.randn(2, 3)), ("ema.ema_weight_0", torch.randn(2, 3))])
    model = {"_target_": "nequip.model.NequIPGNNModel", "r_max": 4.5, "type_names": ["H", "O"], "num_features": [8, 4]}
    lightning = {
        "epoch": 1, "pytorch-lightning_version": "2.5.0",
        "state_dict": OrderedDict(list(names.items()) + [("ema._extra_state", {"is_holding_ema_weights": True})]),
        "hyper_parameters": {"model": model, "strange": foreign, "list": sys.modules["omegaconf.listconfig"].ListConfig([1, 2])},
    }
    save("lightning.ckpt", lightning, "Lightning checkpoint", names.items())
    # Refused.
    torch.save(foreign, os.path.join(OUT, "refused-class.pt"))
    torch.save({"model": weights, "optimizer": {"state": {}}, "epoch": 3}, os.path.join(OUT, "refused-training.pt"))
    torch.save(weights, os.path.join(OUT, "refused-legacy.pt"), _use_new_zipfile_serialization=False)
    # Without the tables for debugging, which hold the path of this script.
    torch.jit.script(nn.Linear(2, 1)).save(os.path.join(OUT, "full.pt"))
    with zipfile.ZipFile(os.path.join(OUT, "full.pt")) as full:
        with zipfile.ZipFile(os.path.join(OUT, "refused-torchscript.pt"), "w") as target:
            for info in full.infolist():
                if not info.filename.endswith(".debug_pkl"):
                    target.writestr(info.filename, full.read(info))
    os.remove(os.path.join(OUT, "full.pt"))

    class Malice:
        def __reduce__(self):
            return os.system, ("true",)

    torch.save({"weight": torch.zeros(2), "x": Malice()}, os.path.join(OUT, "refused-system.pt"))


def package():
    from torch.package import PackageExporter

    model = nn.Sequential(nn.Linear(3, 2), nn.Embedding(2, 3))
    model.register_buffer("alpha", torch.tensor(0.5), persistent=False)
    path = os.path.join(OUT, "package.nequip.zip")
    with PackageExporter(path) as exporter:
        exporter.extern("torch.**")
        exporter.save_pickle("model", "eager_model.pkl", model)
        exporter.save_text("model", "package_metadata.txt", "atom_types: {H: 0}\n")
    expected["files"]["package.nequip.zip"] = {"kind": "NequIP package", "tensors": facts(of_module(model))}


def containers():
    # The same archive with 64-bit sizes in directory and end record, as torch writes files beyond 4 GiB; and with deflated members.
    source = zipfile.ZipFile(os.path.join(OUT, "protocol2.pth"))
    path = os.path.join(OUT, "zip64.pth")
    with zipfile.ZipFile(path, "w") as target:
        for info in source.infolist():
            with target.open(zipfile.ZipInfo(info.filename), "w", force_zip64=True) as member:
                member.write(source.read(info))
    widen(path)
    expected["files"]["zip64.pth"] = expected["files"]["protocol2.pth"]
    with zipfile.ZipFile(os.path.join(OUT, "refused-deflated.pth"), "w", zipfile.ZIP_DEFLATED) as target:
        for info in source.infolist():
            target.writestr(info.filename, source.read(info))
    with zipfile.ZipFile(os.path.join(OUT, "refused-program.pt2"), "w") as target:
        target.writestr("model/archive_format", "pt2")
        target.writestr("model/data/aotinductor/model/a.so", b"\x7fELF")


def widen(path):
    """Rewrites the directory of an archive so that every size is in a ZIP64 extra field, with the ZIP64 end record and locator."""
    import struct

    data = open(path, "rb").read()
    end = data.rfind(b"PK\x05\x06")
    count, size, start = struct.unpack("<HLL", data[end + 10 : end + 20])
    directory, i = b"", start
    for _ in range(count):
        packed, plain, n, m, c = struct.unpack("<LLHHH", data[i + 20 : i + 34])
        (offset,) = struct.unpack("<L", data[i + 42 : i + 46])
        extra = struct.pack("<HHQQQ", 1, 24, plain, packed, offset)
        directory += data[i : i + 20] + b"\xff" * 8 + struct.pack("<HHH", n, len(extra), 0) + data[i + 34 : i + 42]
        directory += b"\xff" * 4 + data[i + 46 : i + 46 + n] + extra
        i += 46 + n + m + c
    record = struct.pack("<LQHHLLQQQQ", 0x06064B50, 44, 45, 45, 0, 0, count, count, len(directory), start)
    locator = struct.pack("<LLQL", 0x07064B50, 0, start + len(directory), 1)
    tail = b"PK\x05\x06" + b"\0" * 4 + b"\xff" * 12 + b"\0\0"
    open(path, "wb").write(data[:start] + directory + record + locator + tail)


def safetensors():
    from safetensors.torch import save_file

    tensors = {
        "b.weight": torch.randn(2, 3, dtype=torch.float64), "a.bias": torch.randn(3), "c": torch.tensor([1, -2, 3]),
        "d": torch.tensor([True, False]), "e": torch.tensor(0.5, dtype=torch.bfloat16), "empty": torch.zeros(0, 2),
    }
    save_file(tensors, os.path.join(OUT, "weights.safetensors"), metadata={"format": "pt", "note": 'a "b" é'})
    expected["files"]["weights.safetensors"] = {"kind": "safetensors file", "tensors": facts(tensors.items())}


def pickles():
    """Plain values in each protocol, as Python's own pickler writes them."""
    shared = ["shared"]
    value = {
        "none": None, "true": True, "false": False, "ints": [0, 255, 256, 65535, 65536, -1, -(2**31), 2**31, 2**40, -(2**63)],
        "large": 2**64, "floats": [0.5, -1e300, float("inf")], "text": "Ångström \U0001f600", "long": "x" * 300,
        "bytes": b"\x00\xff\x80", "longbytes": b"\x01" * 300, "array": bytearray(b"abc"), "empty": ((), [], {}, b"", ""),
        "tuple": (1, (2, 3), (4, 5, 6), (7, 8, 9, 10)), "set": {3}, "frozen": frozenset([4]), "ordered": OrderedDict(z=1, a=2),
        "shared": [shared, shared],
    }
    for protocol in (2, 3, 4, 5):
        with open(os.path.join(OUT, f"plain{protocol}.pkl"), "wb") as f:
            pickle.dump(value, f, protocol=protocol)


def real(folder):
    """Shapes and sums of the trained models in a folder, as torch with mace-torch==0.3.16 reads them: real.json beside this script."""
    os.environ["TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD"] = "1"  # e3nn 0.4.4 and whole models need it; these files are trusted
    found = {}
    for name in sorted(os.listdir(folder)):
        if name.endswith(".model"):
            model = torch.load(os.path.join(folder, name), map_location="cpu", weights_only=False)
            found[name] = [
                [n, str(t.dtype).removeprefix("torch."), list(t.shape), t.double().sum().item(), t.double().square().sum().item()]
                for n, t in of_module(model)
            ]
    json.dump(found, open(os.path.join(HERE, "real.json"), "w"), separators=(",", ":"))


if __name__ == "__main__":
    if len(sys.argv) == 3 and sys.argv[1] == "--real":
        sys.exit(real(sys.argv[2]))
    shutil.rmtree(OUT, ignore_errors=True)
    os.makedirs(OUT)
    for step in (state_dictionaries, modules, mace, checkpoints, package, containers, safetensors, pickles):
        step()
    # Shortest decimals that give the same double; infinities do not occur.
    json.dump(expected, open(os.path.join(OUT, "expected.json"), "w"), separators=(",", ":"), allow_nan=False)
    print(sum(os.path.getsize(os.path.join(OUT, n)) for n in os.listdir(OUT)), "bytes")
