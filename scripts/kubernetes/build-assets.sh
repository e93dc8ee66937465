#!/usr/bin/env bash
# build-assets.sh FOLDER VERSION PROGRAM... - builds the named programs of Kubernetes and etcd from pinned source (go.sum) into FOLDER.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/lib/build-staging.sh
. "$here/../lib/build-staging.sh"
folder=$1 version=$2
shift 2

if ! command -v go >/dev/null; then
  echo "Go 1.21 or newer is needed to build Kubernetes $version once (it fetches the Go it needs itself)." >&2
  echo "Install it, or set KUBEBUILDER_ASSETS to a folder that holds: $*" >&2
  exit 1
fi

begin_staging "$folder"
etcd=() kubernetes=()
for program in "$@"; do
  if [ -x "$folder/$program" ]; then continue; fi
  if [ "$program" = etcd ]; then etcd=(.); else kubernetes+=("k8s.io/kubernetes/cmd/$program"); fi
done

stamp=k8s.io/component-base/version
IFS=. read -r major minor _ <<<"$version"
export CGO_ENABLED=0
build() { # MODULE MODFILE LDFLAGS PACKAGE...
  local module=$1 modfile=$2 ldflags=$3
  shift 3
  # Whoever waits for nothing of this, such as the tests that run already, goes first.
  (cd "$here/$module" && nice go build -mod=readonly -modfile="$modfile" -trimpath -buildvcs=false -ldflags "-s -w $ldflags" -o "$staging/" "$@")
}
if [ ${#etcd[@]} -gt 0 ]; then build etcd go.mod "" "${etcd[@]}"; fi
if [ ${#kubernetes[@]} -gt 0 ]; then
  build tools "$major.$minor.mod" "-X $stamp.gitVersion=v$version -X $stamp.gitMajor=$major -X $stamp.gitMinor=$minor" "${kubernetes[@]}"
fi
finish_staging
