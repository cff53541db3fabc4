#!/usr/bin/env bash
# From a fresh Debian or Ubuntu with a Swift toolchain to a first trajectory: installs the two libraries that are needed, builds, and runs a
# Kob-Andersen liquid for less than a minute.
set -euo pipefail
cd "$(dirname "$0")/.."

command -v swift > /dev/null || {
  echo "There is no 'swift' on the PATH. Install Swift 6.3 or newer from https://www.swift.org/install/linux/ and come back." >&2
  exit 1
}

as_root() {
  if (( $(id -u) == 0 )); then "$@"
  elif command -v sudo > /dev/null; then sudo "$@"
  else
    echo "Packages are missing. As root, run: $*" >&2
    exit 1
  fi
}

# Where there is no dpkg, the packages have other names; the build says what it lacks.
if command -v dpkg-query > /dev/null; then
  missing=()
  for package in libopenblas-dev libnetcdf-dev; do
    dpkg-query --show --showformat '${Status}' "$package" 2> /dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  if (( ${#missing[@]} > 0 )); then
    echo "Installing ${missing[*]}"
    as_root apt-get update
    as_root apt-get install --yes --no-install-recommends "${missing[@]}"
  fi
fi

echo "Building (some minutes the first time)"
swift build -c release --product tektite
program=$(swift build -c release --show-bin-path)/tektite

run=${1:-kob-andersen-run}
"$program" run examples/kob-andersen.yaml --output "$run" --overwrite

cat << END

Done. In $run you will find
  production.nc    the trajectory, AMBER NetCDF: vmd $run/topology.pdb $run/production.nc
  production.csv   time, energy, temperature, pressure: any spreadsheet or plotting program
  deck.yaml        what was run, every default spelled out
  run.json         versions, machine, seed, time taken
Next: $program report $run makes one page of it, $run/report.html. Or change examples/kob-andersen.yaml and run it again.
END
