#!/usr/bin/env bash
# debian-packages.sh PACKAGE... - makes sure that these Debian packages are installed; touches nothing when they are.
set -euo pipefail

missing=()
for package in "$@"; do
  if ! dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed'; then missing+=("$package"); fi
done
if [ ${#missing[@]} -eq 0 ]; then exit 0; fi

if ! command -v apt-get >/dev/null || [ "$(id -u)" != 0 ]; then
  echo "missing packages, to be installed by root (Debian's names): ${missing[*]}" >&2
  exit 1
fi

install() { DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 install --no-install-recommends -y "${missing[@]}" >&2; }
echo "installing Debian packages: ${missing[*]}" >&2
# The package lists may be old or absent: then fetch them once.
if ! install 2>/dev/null; then
  apt-get -qq -o DPkg::Lock::Timeout=300 update >&2
  install
fi
