"""Sorts the teacher's frames into sets, and adds copies at two other densities.

python frames.py RUN... : trajectories that label.yaml wrote, one for each temperature. Writes frames/NAME.extxyz for the sets train, valid, test, dilute and dense.

Of every five frames the last is for testing, so the test set is that of the MACE example. From the others, two a temperature are for validation. Of every three
frames for training one lends a copy stretched to density 1.15 and one a copy compressed to 1.25, so that the model sees how energy and pressure depend on the volume; every frame for
testing lends both (the sets dilute and dense).
The first frame of every file is left out: it is the last of the temperature before.
"""

import re
import sys
from pathlib import Path

DENSITY, DILUTE, DENSE = 1.2, 1.15, 1.25
TEST_SHARE, VALIDATION_SHARE, SCALED_SHARE = 5, 16, 3  # one of so many


def frames(path: str):
    """The frames of an extended XYZ file, as lists of lines. Python's readers refuse an atom called A, so this is text."""
    lines = Path(path).read_text().splitlines()
    at = 0
    while at < len(lines):
        count = int(lines[at])
        yield lines[at : at + 2 + count]
        at += 2 + count


def scaled(frame: list[str], density: float) -> list[str]:
    """A copy whose box and positions are stretched alike."""
    factor = (DENSITY / density) ** (1 / 3)
    stretch = lambda words: " ".join(repr(float(word) * factor) for word in words)  # noqa: E731
    box = re.search(r'Lattice="([^"]*)"', frame[1])[1]
    head = f'Lattice="{stretch(box.split())}" Properties=species:S:1:pos:R:3 pbc="T T T"'
    atoms = (line.split() for line in frame[2:])
    return [frame[0], head, *(f"{label} {stretch(place[:3])}" for label, *place in atoms)]


def main() -> None:
    if len(sys.argv) < 2:
        raise SystemExit(__doc__)
    sets = {name: [] for name in ("train", "valid", "test", "dilute", "dense")}
    for path in sys.argv[1:]:
        learning = []
        for number, frame in enumerate(list(frames(path))[1:]):
            if number % TEST_SHARE == TEST_SHARE - 1:
                sets["test"].append(frame)
                sets["dilute"].append(scaled(frame, DILUTE))
                sets["dense"].append(scaled(frame, DENSE))
            else:
                learning.append(frame)
        for number, frame in enumerate(learning):
            if number % VALIDATION_SHARE == VALIDATION_SHARE - 1:
                sets["valid"].append(frame)
                continue
            sets["train"].append(frame)
            if number % SCALED_SHARE < 2:
                sets["train"].append(scaled(frame, (DILUTE, DENSE)[number % SCALED_SHARE]))
    Path("frames").mkdir(exist_ok=True)
    for name, chosen in sets.items():
        Path(f"frames/{name}.extxyz").write_text("".join(line + "\n" for frame in chosen for line in frame))
        print(f"frames/{name}.extxyz: {len(chosen)} frames")


if __name__ == "__main__":
    main()
