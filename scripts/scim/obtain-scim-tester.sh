#!/usr/bin/env bash
# obtain-scim-tester.sh FOLDER - puts scim2-tester with all it needs, of the versions in requirements.txt, into FOLDER/packages. Python and pip
# are installed from Debian where they are missing.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/lib/build-staging.sh
. "$here/../lib/build-staging.sh"
folder=$1

begin_staging "$folder"
if [ -d "$folder/packages" ]; then exit 0; fi

missing=()
if ! command -v python3 >/dev/null; then missing+=(python3); fi
if ! python3 -m pip --version >/dev/null 2>&1; then missing+=(python3-pip); fi
if [ ${#missing[@]} -gt 0 ]; then "$here/../lib/debian-packages.sh" "${missing[@]}"; fi

python3 -m pip install --quiet --disable-pip-version-check --root-user-action ignore --no-deps \
  --only-binary :all: --target "$staging/packages" --requirement "$here/requirements.txt" >&2
finish_staging
