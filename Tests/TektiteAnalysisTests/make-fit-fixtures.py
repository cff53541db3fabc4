"""Makes fixtures/fits.json: points and what scipy.optimize.curve_fit finds of them, parameters and covariances.

    V/bin/pip install numpy==2.4.6 scipy==1.17.1
    V/bin/python make-fit-fixtures.py

Each case has x, y, sigma (null where points count alike), p and cov. Models of temperature are fitted to ln y with sigma/y, as Tektite does. cov is that
of curve_fit with absolute_sigma, multiplied by chi^2 per degree of freedom where that is above 1; without sigma always multiplied.
"""
import json
import pathlib
from importlib.metadata import version

import numpy as np
from scipy.optimize import curve_fit

for package, expected in {"numpy": "2.4.6", "scipy": "1.17.1"}.items():
    assert version(package) == expected, (package, version(package), expected)

rng = np.random.default_rng(20)
MODELS = {
    "kww": (lambda t, f, tau, beta: f * np.exp(-((t / tau) ** beta)), False),
    "vft": (lambda T, tau0, K, T0: np.log(tau0) + 1 / (K * (T / T0 - 1)), True),
    "mct": (lambda T, tau0, Tc, gamma: np.log(tau0) - gamma * np.log(T - Tc), True),
    "parabolic": (lambda T, tau0, J, To: np.log(tau0) + J**2 * (1 / T - 1 / To) ** 2, True),
    "arrhenius": (lambda T, tau0, E: np.log(tau0) + E / T, True),
    "ornstein-zernike": (lambda q, chi, xi: chi / (1 + (q * xi) ** 2), False),
}


def case(name, model, x, truth, noise, weighted, spread=1.0):
    function, is_logarithmic = MODELS[model]
    clean = function(x, *truth)
    # Errors that differ from point to point; the scatter is `spread` times what they say.
    relative = noise * rng.uniform(0.5, 2, len(x))
    sigma = relative if is_logarithmic else relative * np.abs(clean).max()
    z = clean + spread * sigma * rng.standard_normal(len(x))
    y = np.exp(z) if is_logarithmic else z
    # What is stored is what is fitted.
    errors = sigma * y if is_logarithmic else sigma
    z = np.log(y) if is_logarithmic else y
    used = (errors / y if is_logarithmic else errors) if weighted else None
    p, cov = curve_fit(function, x, z, p0=truth, sigma=used, absolute_sigma=weighted, ftol=1e-15, xtol=1e-15, gtol=1e-15, maxfev=100000, method="lm")
    chi2 = float((((z - function(x, *p)) / (used if weighted else 1)) ** 2).sum())
    if weighted:
        cov = cov * max(1, chi2 / (len(x) - len(p)))
    return {
        "name": name, "model": model, "x": x.tolist(), "y": y.tolist(), "sigma": errors.tolist() if weighted else None, "p": p.tolist(),
        "cov": cov.tolist(), "chi2": chi2,
    }


times = np.geomspace(10, 1e4, 25)
temperatures = np.array([0.45, 0.466, 0.48, 0.5, 0.525, 0.55, 0.6, 0.65, 0.7, 0.8, 0.9, 1.0])
waves = np.linspace(0.4, 2, 12)
cases = [
    # The numbers of the Kob-Andersen mixture at T = 0.45, k = 7.25.
    case("kww, errors right", "kww", times, (0.738, 1957, 0.732), 0.004, True, 0.9),
    case("kww, errors too small", "kww", times, (0.738, 1957, 0.732), 0.003, True, 3),
    case("kww, alike", "kww", times, (0.7, 300, 0.6), 0.005, False),
    case("vft", "vft", temperatures, (0.2, 0.35, 0.3), 0.02, True),
    case("vft, alike", "vft", temperatures, (0.2, 0.35, 0.3), 0.02, False),
    case("mct", "mct", temperatures, (0.3, 0.435, 2.5), 0.03, True),
    case("mct, few", "mct", temperatures[:6], (0.3, 0.435, 2.5), 0.03, True),
    case("parabolic", "parabolic", temperatures[:9], (0.8, 1.7, 0.9), 0.02, True),
    case("arrhenius", "arrhenius", temperatures, (0.01, 4.2), 0.05, True),
    case("arrhenius, alike", "arrhenius", temperatures, (0.01, 4.2), 0.05, False),
    case("ornstein-zernike", "ornstein-zernike", waves, (31, 2.2), 0.01, True),
]
path = pathlib.Path(__file__).parent / "fixtures" / "fits.json"
path.write_text("[\n" + ",\n".join(json.dumps(c) for c in cases) + "\n]\n")
for c in cases:
    print(c["name"], c["p"], np.sqrt(np.diag(c["cov"])).tolist())
