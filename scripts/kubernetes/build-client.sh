#!/usr/bin/env bash
# build-client.sh FOLDER PROGRAM WHERE PACKAGE - builds PROGRAM with `go install PACKAGE`, run in WHERE, into FOLDER.
set -euo pipefail
# shellcheck source=scripts/lib/build-staging.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib/build-staging.sh"
folder=$1 program=$2 where=$3 package=$4

if ! command -v go >/dev/null; then
  echo "Go 1.25 or newer is needed to build $program once. Install it." >&2
  exit 1
fi

begin_staging "$folder"
if [ -x "$folder/$program" ]; then exit 0; fi
(cd "$where" && CGO_ENABLED=0 GOBIN="$staging" go install -trimpath -buildvcs=false -ldflags '-s -w' "$package")
finish_staging
