#!/usr/bin/env bash
# Prepares this machine for `make run` or `make test`: system packages, virtual environment, catalogues.
# Everything is checked first, so that a second run takes well under a second.
set -euo pipefail
cd "$(dirname "$0")/.."

purpose=${1:?usage: bootstrap.sh run|test}
python=${PYTHON:-python3}
venv=.venv

packages=(
  python3 python3-venv python3-dev gcc swig pkg-config libpcsclite-dev  # to build pyscard
  pcscd vsmartcard-vpcd                                                 # card service and virtual reader
  xvfb xdotool libgl1 libgl1-mesa-dri libegl1 libgles2 libmtdev1        # screen without a display
  fonts-noto-cjk fonts-noto-core
)
if [ "$purpose" = test ]; then
  packages+=(postgresql chromium opensc)
fi

missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
  sudo=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || { echo "Please run as root, or install sudo: missing ${missing[*]}" >&2; exit 1; }
    sudo=(sudo)
  fi
  echo "Installing system packages: ${missing[*]}"
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -qq
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

# The environment is as the lock file says, or it is made anew in place.
want=$("$python" -c 'import sys; print(sys.version)' | cat - requirements.lock pyproject.toml | sha256sum | cut -d' ' -f1)
if [ "$(cat $venv/.stamp 2>/dev/null)" != "$want" ]; then
  echo "Making the Python environment ($("$python" --version))"
  [ -x $venv/bin/python ] && [ "$($venv/bin/python --version)" = "$("$python" --version)" ] || rm -rf $venv
  "$python" -m venv $venv
  $venv/bin/pip install -q --disable-pip-version-check --require-hashes -r requirements.lock
  $venv/bin/pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
  echo "$want" > $venv/.stamp
fi
