# Sourced by scripts that build into a cache: `begin_staging FOLDER` sets $staging, `finish_staging` moves what lies there into FOLDER. A
# program appears in FOLDER whole or not at all, and of two builds at once the second waits and finds the work done.
# shellcheck shell=bash

begin_staging() {
  staged_for=$1
  mkdir -p "$staged_for"
  exec 9>"$staged_for/.build-lock"
  if command -v flock >/dev/null; then
    flock 9
    rm -rf "$staged_for"/.building-* # of a build that was killed
  fi
  staging=$(mktemp -d "$staged_for/.building-XXXXXX")
  trap 'rm -rf "$staging"' EXIT
}

finish_staging() {
  find "$staging" -mindepth 1 -maxdepth 1 -exec mv {} "$staged_for/" \;
}
