#!/usr/bin/env bash
# obtain-keycloak.sh FOLDER VERSION SHA256 - puts Keycloak into FOLDER/keycloak, configured and started once: its database is there, so
# that a start from a copy takes seconds. Java, Maven and unzip are installed from Debian where they are missing.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/lib/build-staging.sh
. "$here/../lib/build-staging.sh"
folder=$1 version=$2 sha256=$3

begin_staging "$folder"
if [ -x "$folder/keycloak/bin/kc.sh" ]; then exit 0; fi

missing=()
if ! command -v java >/dev/null; then missing+=(default-jre-headless); fi
if ! command -v mvn >/dev/null; then missing+=(maven); fi
if ! command -v unzip >/dev/null; then missing+=(unzip); fi
if [ ${#missing[@]} -gt 0 ]; then "$here/../lib/debian-packages.sh" "${missing[@]}"; fi

mvn -q -B -Dstyle.color=never --strict-checksums dependency:copy \
  -Dartifact="org.keycloak:keycloak-quarkus-dist:$version:zip" -DoutputDirectory="$staging" >&2
archive=$staging/keycloak-quarkus-dist-$version.zip
sha256sum --quiet --check <<<"$sha256  $archive" >&2
unzip -q "$archive" -d "$staging"
rm "$archive"
mv "$staging/keycloak-$version" "$staging/keycloak"

# shellcheck source=scripts/keycloak/java-options.sh
. "$here/java-options.sh"
"$staging/keycloak/bin/kc.sh" build --db=dev-file >&2

log=$staging/first-start.log
timeout 240 "$here/run-keycloak.sh" "$staging/keycloak" >"$log" 2>&1 9>&- &
first_start=$!
until grep -q 'Listening on' "$log"; do
  if ! kill -0 "$first_start" 2>/dev/null; then
    tail -n 20 "$log" >&2
    exit 1
  fi
  sleep 0.2
done
kill "$first_start"
wait "$first_start" || true # ended by our signal
rm "$log"
finish_staging
