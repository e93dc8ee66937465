#!/usr/bin/env bash
# run-keycloak.sh HOME - becomes Keycloak, on a free port of loopback. Its admin is known to everybody: what it knows is made up by tests.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/keycloak/java-options.sh
. "$here/java-options.sh"
export KC_BOOTSTRAP_ADMIN_USERNAME=admin KC_BOOTSTRAP_ADMIN_PASSWORD=admin
# The issuer is the address that a client asked at: the port is not known beforehand. Without `--cache=local` it looks for others by multicast.
exec "$1/bin/kc.sh" start --optimized --cache=local --hostname-strict=false --http-enabled=true --http-host=127.0.0.1 --http-port=0
