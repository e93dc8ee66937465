#!/usr/bin/env bash
# debian-packages.sh PACKAGE... - makes sure that these Debian packages are installed; touches nothing when they are.
set -euo pipefail

find_missing() {
  missing=()
  local package
  for package in "$@"; do
    if ! dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed'; then missing+=("$package"); fi
  done
}
find_missing "$@"
if [ ${#missing[@]} -eq 0 ]; then exit 0; fi

if ! command -v apt-get >/dev/null || [ "$(id -u)" != 0 ]; then
  echo "missing packages, to be installed by root (Debian's names): ${missing[*]}" >&2
  exit 1
fi

# Parts of a run install side by side, and `apt-get update` does not wait for another.
if command -v flock >/dev/null; then
  exec 9>/run/lock/infra-debian-packages.lock
  flock 9
  find_missing "$@"
  if [ ${#missing[@]} -eq 0 ]; then exit 0; fi
fi

# What a package starts may go on: it must not hold the lock.
apt() { DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 "$@" >&2 9>&-; }
install() { apt install --no-install-recommends -y "${missing[@]}"; }
echo "installing Debian packages: ${missing[*]}" >&2
# The package lists may be old or absent: then fetch them once.
if ! install 2>/dev/null; then
  apt update
  install
fi
