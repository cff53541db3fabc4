#!/usr/bin/env bash
# Puts SevenNet-0 of 11 July 2024 (89 elements, cutoff 5 Å; doi:10.1021/acs.jctc.4c00190) beside itself as sevennet-0.pth, 10 MB.
# The checkpoint is part of the wheel of sevenn 0.13.0 (43 MB, MIT licence), which pip downloads but does not install. Needs python3 with pip.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
file=$here/sevennet-0.pth
expected=7052cb42b7b3be42b40b97fa0d21077a48c54b5548948fc4dcf346629f813c36
member=sevenn/pretrained_potentials/SevenNet_0__11Jul2024/checkpoint_sevennet_0.pth

# What the file is, not whether it exists: an earlier download may have been cut short.
right() {
  python3 -c 'import hashlib, sys; sys.exit(hashlib.sha256(open(sys.argv[1], "rb").read()).hexdigest() != sys.argv[2])' "$1" "$expected"
}

if [[ -e $file ]]; then
  right "$file" && { echo "$file is there already."; exit 0; }
  echo "$file is not SevenNet-0: its SHA-256 is not $expected. Move it away and come back." >&2
  exit 1
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: --dest "$work" sevenn==0.13.0
python3 -c 'import shutil, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as wheel, wheel.open(sys.argv[2]) as source, open(sys.argv[3], "wb") as target:
    shutil.copyfileobj(source, target)' "$work"/sevenn-0.13.0-*.whl "$member" "$work/checkpoint"
right "$work/checkpoint" || { echo "The checkpoint in the wheel is not the one that was expected: its SHA-256 is not $expected." >&2; exit 1; }
mv "$work/checkpoint" "$file"
echo "$file"
