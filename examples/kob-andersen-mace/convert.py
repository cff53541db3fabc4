"""Turns labelled frames into a training set and a test set.

python convert.py LABELS... : files that `tektite evaluate` wrote, one for each temperature. Writes data/train.xyz and data/test.xyz.

MACE wants chemical elements, so A becomes germanium and B phosphorus; only the names are borrowed. Energies and forces stay in reduced units, which
the training program will call eV and eV/Å. The first frame of every file is left out: it is the last of the temperature before.
"""

import sys
from pathlib import Path

ELEMENTS = {"A": "Ge", "B": "P"}
TEST_SHARE = 5  # every fifth frame


def frames(path: str):
    """The frames of an extended XYZ file, as lists of lines with the species renamed. Python's readers refuse an atom called A, so this is text."""
    lines = Path(path).read_text().splitlines()
    at = 0
    while at < len(lines):
        count = int(lines[at])
        atoms = []
        for line in lines[at + 2 : at + 2 + count]:
            label, rest = line.split(maxsplit=1)
            if label not in ELEMENTS:
                raise SystemExit(f"{path}: an atom called '{label}'; only A and B are known")
            atoms.append(f"{ELEMENTS[label]} {rest}")
        yield [lines[at], lines[at + 1], *atoms]
        at += 2 + count


def main() -> None:
    if len(sys.argv) < 2:
        raise SystemExit(__doc__)
    train, test = [], []
    for path in sys.argv[1:]:
        for number, frame in enumerate(list(frames(path))[1:]):
            (test if number % TEST_SHARE == TEST_SHARE - 1 else train).append(frame)
    Path("data").mkdir(exist_ok=True)
    for name, chosen in (("train", train), ("test", test)):
        Path(f"data/{name}.xyz").write_text("".join(line + "\n" for frame in chosen for line in frame))
        print(f"data/{name}.xyz: {len(chosen)} frames")


if __name__ == "__main__":
    main()
