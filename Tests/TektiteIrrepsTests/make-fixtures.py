"""Writes the reference numbers in Fixtures/ from e3nn and mace-torch. Run once in each of two environments (Python 3.11):

  pip install torch==2.13.0 e3nn==0.4.4 mace-torch==0.3.16    ->  e3nn-0.4.4.json, mace-0.3.16.json
  pip install torch==2.13.0 e3nn==0.6.0                       ->  e3nn-0.6.0.json

Inputs are not stored: both sides draw them from the same generator (SplitMix64), one seed for each array.
"""
import json
import math
import pathlib
import warnings

warnings.filterwarnings("ignore")
import torch

_load = torch.load
torch.load = lambda *a, **k: _load(*a, **{**k, "weights_only": False})  # e3nn 0.4.4 loads its table the old way
torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)
import e3nn
from e3nn import nn, o3
from e3nn.math import normalize2mom

FOLDER = pathlib.Path(__file__).parent / "Fixtures"
OLD = e3nn.__version__ == "0.4.4"
assert e3nn.__version__ in ("0.4.4", "0.6.0"), e3nn.__version__
assert torch.__version__.startswith("2.13.0"), torch.__version__
MASK = (1 << 64) - 1


class Draw:
    """SplitMix64; numbers uniform in [-1, 1)."""

    def __init__(self, seed):
        self.state = (seed + 0x9E3779B97F4A7C15) & MASK

    def word(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        return z ^ (z >> 31)

    def number(self):
        return (self.word() >> 11) / float(1 << 52) - 1.0

    def tensor(self, *shape):
        n = math.prod(shape)
        return torch.tensor([self.number() for _ in range(n)]).reshape(shape)


def draw(seed, *shape):
    return Draw(seed).tensor(*shape)


def plain(x):
    return x.detach().reshape(-1).tolist()


def wigner():
    """Of each triple: how many elements are not zero, and some of them by flat index; first the one that decides the old sign."""
    rows = []
    generator = Draw(1)
    top = 11
    for l1 in range(top + 1):
        for l2 in range(top + 1):
            for l3 in range(abs(l1 - l2), min(top, l1 + l2) + 1):
                if max(l1, l2, l3) > 6 and not l1 <= l2 <= l3:
                    continue
                c = o3.wigner_3j(l1, l2, l3).reshape(-1)
                full = [i for i in range(len(c)) if abs(c[i]) > 1e-12]
                chosen = {full[0], full[-1]}
                while len(chosen) < min(len(full), 4 if max(l1, l2, l3) <= 6 else 2):
                    chosen.add(full[generator.word() % len(full)])
                rows.append([l1, l2, l3, len(full)] + [x for i in sorted(chosen) for x in (i, float(c[i]))])
    return rows


def harmonics():
    """Values for 50 vectors up to l = 8, for 5 up to l = 11, and gradients of three mixtures of them, in all settings."""
    vectors = draw(2, 50, 3) * 2
    vectors[0] = torch.tensor([0.0, 1.0, 0.0])
    vectors[1] = torch.tensor([0.0, -2.0, 0.0])
    vectors[2] = torch.tensor([1e-9, 1.0, -1e-9])
    vectors[3] = torch.tensor([1.0, 0.0, 0.0])
    vectors[4] = torch.tensor([0.0, 0.0, -0.5])
    result = {"vectors": plain(vectors)}
    result["values"] = plain(o3.spherical_harmonics(list(range(9)), vectors, True, "component"))
    result["high"] = plain(o3.spherical_harmonics(list(range(9, 12)), vectors[:8], True, "component"))
    result["mixtures"] = []
    for normalization in ("component", "norm", "integral"):
        for normalize in (True, False):
            for top in (4, 8, 11):
                x = vectors.clone().requires_grad_(True)
                y = o3.spherical_harmonics(list(range(top + 1)), x, normalize, normalization)
                mixed = y @ draw(3, y.shape[-1])
                mixed.sum().backward()
                keep = slice(None) if (normalization, top) == ("component", 8) else slice(0, 8)
                result["mixtures"].append(
                    {
                        "normalization": normalization,
                        "normalize": normalize,
                        "degree": top,
                        "values": plain(mixed[keep]),
                        "gradients": plain(x.grad[keep]),
                    }
                )
    return result


def rotations():
    result = []
    for angles in ([0.3, 1.1, -2.4], [2.9, 0.0, 0.4], [-1.0, 3.0, 2.0]):
        a, b, c = (torch.tensor(x) for x in angles)
        d = [plain(o3.wigner_D(l, a, b, c)) for l in range(6)] if angles[0] == 0.3 else []
        # of higher degrees one mixture
        mixed = [float(draw(4, 2 * l + 1) @ o3.wigner_D(l, a, b, c) @ draw(5, 2 * l + 1)) for l in range(12)]
        inverted = -o3.angles_to_matrix(a, b, c)
        odd = [plain(o3.Irrep(name).D_from_matrix(inverted)) for name in ("1o", "1e", "2o")]
        result.append(
            {"angles": angles, "matrix": plain(o3.angles_to_matrix(a, b, c)), "d": d, "mixed": mixed, "inverted": odd}
        )
    return result


def products():
    def convolution(nodes, edges, keep):
        nodes, edges = o3.Irreps(nodes), o3.Irreps(edges)
        out, paths = [], []
        for i, (n, a) in enumerate(nodes):
            for j, (_, b) in enumerate(edges):
                for ir in a * b:
                    if ir in [o3.Irrep(k) for k in keep]:
                        paths.append((i, j, len(out), "uvu", True))
                        out.append((n, ir))
        out, p, _ = o3.Irreps(out).sort()
        paths = sorted([(i, j, p[k], m, t) for i, j, k, m, t in paths], key=lambda x: x[2])
        return o3.TensorProduct(nodes, edges, out, paths)

    tp = o3.TensorProduct
    cases = {
        "fully connected": o3.FullyConnectedTensorProduct(
            "4x0e+3x1o+2x2e", "2x0e+1x1o", "3x0e+2x1o+2x1e+1x2e"),
        "fully connected, norm, path": o3.FullyConnectedTensorProduct(
            "2x1o+2x2e", "1x1o+2x2e", "2x0e+2x2e+1x1e+2x3o", irrep_normalization="norm", path_normalization="path"),
        "convolution": convolution("3x0e+3x1o", "0e+1o+2e+3o", ["0e", "1o", "2e", "3o"]),
        "elementwise, kept": o3.ElementwiseTensorProduct("5x1o+5x1e", "10x1e", ["0e", "0o"]),
        "elementwise": o3.ElementwiseTensorProduct("3x2e+2x1o", "2x1o+3x2o"),
        "full": o3.FullTensorProduct("2x1o+1x2e", "2x1e+1x0o"),
        "uvv": tp("3x1o+2x2e", "2x2e+3x1o", "2x1o+3x2o+2x2e",
                  [(0, 0, 0, "uvv", True), (1, 1, 1, "uvv", False), (1, 0, 2, "uvv", True, 0.5)]),
        "uuw": tp("3x0e+2x1o+2x2e", "3x0e+2x1o+2x2e", "1x0e+3x1e+2x2e",
                  [(0, 0, 0, "uuw", False), (1, 1, 0, "uuw", False), (2, 2, 0, "uuw", False),
                   (1, 1, 1, "uuw", True), (2, 2, 2, "uuw", True)]),
        "uuu": tp("3x1o+2x2e", "3x1o+2x2e", "3x1e+2x1e+2x3e",
                  [(0, 0, 0, "uuu", True), (1, 1, 1, "uuu", False), (1, 1, 2, "uuu", True)]),
        "uvuv": tp("2x1o+1x3o", "2x2e+2x3o", "4x2o+2x3e",
                   [(0, 0, 0, "uvuv", True), (1, 1, 1, "uvuv", False)], irrep_normalization="norm"),
        "pairs": tp("4x2e", "4x2e", "6x1e+3x2e+6x0e",
                    [(0, 0, 0, "uvu<v", True), (0, 0, 1, "u<vw", True), (0, 0, 2, "uvu<v", False)],
                    irrep_normalization="none"),
        "variances": tp("2x3o+1x4e+1x5o", "2x4e+1x5o", "3x6o+2x5e+1x5o",
                        [(0, 0, 0, "uvw", True, 2.0), (1, 0, 1, "uvw", True), (2, 1, 1, "uvw", True, 0.25),
                         (2, 0, 2, "uvw", True), (0, 0, 2, "uvw", True)],
                        in1_var=[1.0, 2.0, 0.5], in2_var=[0.25, 3.0], out_var=[1.0, 4.0, 0.1],
                        path_normalization="none"),
    }
    assert len(cases) == 12
    result = {}
    for seed, (name, case) in enumerate(cases.items()):
        x = draw(100 + seed, case.irreps_in1.dim).requires_grad_(True)
        y = draw(200 + seed, case.irreps_in2.dim).requires_grad_(True)
        w = draw(300 + seed, case.weight_numel).requires_grad_(True)
        out = case(x, y, w if case.weight_numel else None)
        (out @ draw(400 + seed, case.irreps_out.dim)).backward()
        result[name] = {
            "first": str(case.irreps_in1),
            "second": str(case.irreps_in2),
            "output": str(case.irreps_out),
            "instructions": [[i.i_in1, i.i_in2, i.i_out, i.connection_mode] for i in case.instructions],
            "weighted": [i.has_weight for i in case.instructions],
            "coefficients": [i.path_weight for i in case.instructions],
            "values": plain(out),
            "gradient1": plain(x.grad),
            "gradient2": plain(y.grad),
            "gradientW": plain(w.grad) if case.weight_numel else [],
        }
    return result


def linears():
    cases = [
        o3.Linear("4x0e+3x1o+2x0e", "3x0e+2x1o+1x2e"),
        o3.Linear("4x0e+3x1o+2x0e", "3x0e+2x1o+2x0o+2x0e", biases=[True, False, False, True]),
        o3.Linear("2x0e+1x0e+2x1o", "2x1o+3x0e", instructions=[(2, 0), (1, 1), (0, 1)], path_normalization="path"),
    ]
    result = []
    for seed, case in enumerate(cases):
        x = draw(500 + seed, case.irreps_in.dim).requires_grad_(True)
        w = draw(510 + seed, case.weight_numel).requires_grad_(True)
        b = draw(520 + seed, case.bias_numel).requires_grad_(True)
        out = case(x, w, b)
        (out @ draw(530 + seed, case.irreps_out.dim)).backward()
        result.append(
            {
                "input": str(case.irreps_in),
                "output": str(case.irreps_out),
                "coefficients": [i.path_weight for i in case.instructions if i.i_in >= 0],
                "values": plain(out),
                "gradient": plain(x.grad),
                "gradientW": plain(w.grad),
                "gradientB": plain(b.grad) if case.bias_numel else [],
            }
        )
    return result


def gates():
    silu, tanh, sigmoid = torch.nn.functional.silu, torch.tanh, torch.sigmoid
    ssp = lambda x: torch.nn.functional.softplus(x) - math.log(2)
    cases = [
        ("4x0e", [silu], "5x0e", [sigmoid], "3x1o+2x2e", ["silu"], ["sigmoid"]),
        ("3x0o+2x0e", [tanh, silu], "2x0o+4x0e", [tanh, sigmoid], "3x1e+2x1o+1x0o", ["tanh", "silu"], ["tanh", "sigmoid"]),
        ("2x0e+3x0o+1x0e", [torch.relu, torch.abs, ssp], "4x0o", [torch.abs], "1x2e+2x1o+1x2e", ["relu", "abs", "ssp"], ["abs"]),
        ("3x0e", [silu], "", [], "", ["silu"], []),
    ]
    result = []
    for seed, (s, fs, g, fg, gated, ns, ng) in enumerate(cases):
        case = nn.Gate(s, fs, g, fg, gated)
        x = draw(600 + seed, case.irreps_in.dim).requires_grad_(True)
        out = case(x)
        (out @ draw(610 + seed, case.irreps_out.dim)).backward()
        result.append(
            {
                "scalars": s, "gates": g, "gated": gated, "scalarFunctions": ns, "gateFunctions": ng,
                "input": str(case.irreps_in), "output": str(case.irreps_out),
                "values": plain(out), "gradient": plain(x.grad),
            }
        )
    return result


def norms():
    result = []
    for seed, (irreps, bias) in enumerate((("2x0e+3x1o+1x2e", True), ("1x0o+2x1e", False))):
        case = nn.NormActivation(o3.Irreps(irreps), torch.nn.functional.silu, bias=bias)
        x = draw(620 + seed, o3.Irreps(irreps).dim).requires_grad_(True)
        if bias:
            case.biases.data = draw(630 + seed, o3.Irreps(irreps).num_irreps)
        out = case(x)
        (out @ draw(640 + seed, out.shape[-1])).backward()
        result.append(
            {
                "irreps": irreps, "values": plain(out), "gradient": plain(x.grad),
                "gradientB": plain(case.biases.grad) if bias else [],
            }
        )
    return result


def moments():
    f = torch.nn.functional
    functions = {
        "silu": f.silu, "tanh": torch.tanh, "sigmoid": torch.sigmoid, "abs": torch.abs, "relu": torch.relu,
        "ssp": lambda x: f.softplus(x) - math.log(2), "softplus": f.softplus, "elu": f.elu, "mish": f.mish, "gelu": f.gelu,
    }
    x = draw(700, 20) * 8
    result = {}
    for name, function in functions.items():
        case = normalize2mom(function)
        result[name] = [case.cst] + plain(case(x))
    return result


def irreps():
    generator = Draw(8)
    result = []
    for _ in range(25):
        blocks = [
            (generator.word() % 4, (generator.word() % 4, 1 if generator.word() % 2 else -1))
            for _ in range(generator.word() % 7)
        ]
        x = o3.Irreps(blocks)
        s = x.sort()
        result.append(
            {
                "text": str(x), "simplified": str(x.simplify()), "sorted": str(s.irreps), "p": list(s.p), "inv": list(s.inv),
                "dim": x.dim, "copies": x.num_irreps, "starts": [y.start for y in x.slices()],
            }
        )
    return result


def contractions():
    """U matrices contracted with a different vector on each of their axes, one number for each path and component.

    Made as models make them where cuequivariance is not installed; with it, U is another basis of the same space.
    """
    from mace.tools.cg import U_matrix_real

    result = []
    for inside, out, orders in (
        ("1x0e+1x1o+1x2e+1x3o", "0e", (1, 2, 3)),
        ("1x0e+1x1o+1x2e+1x3o", "1o", (1, 2, 3)),
        ("1x0e+1x1o+1x2e+1x3o", "2e", (2, 3)),
        ("1x0e+1x1o+1x2e", "0e", (4,)),
        ("1x0e+1x1o", "1o", (4,)),
        ("1x0e+1x1o+1x1e", "0o", (2, 3)),
    ):
        for order in orders:
            u = U_matrix_real(o3.Irreps(inside), o3.Irreps("1x" + out), order, dtype=torch.float64, use_cueq_cg=False)[-1]
            if o3.Irrep(out).dim == 1:
                u = u[None]
            nonzero = int((u.abs() > 1e-12).sum())
            for axis in range(order):
                u = torch.tensordot(u, draw(800 + axis, o3.Irreps(inside).dim), dims=([1], [0]))
            result.append(
                {"input": inside, "output": out, "order": order, "nonzero": nonzero, "paths": u.shape[-1], "values": plain(u)}
            )
    return result


def write(name, content):
    text = json.dumps(content, separators=(",", ":"))
    (FOLDER / name).write_text(text + "\n")
    print(name, len(text))


content = {"wigner": wigner(), "products": products()}
if OLD:
    content |= {
        "harmonics": harmonics(), "rotations": rotations(), "linears": linears(), "gates": gates(), "norms": norms(), "moments": moments(),
        "irreps": irreps(),
    }
write(f"e3nn-{e3nn.__version__}.json", content)
if OLD:
    write("mace-0.3.16.json", {"contractions": contractions()})
