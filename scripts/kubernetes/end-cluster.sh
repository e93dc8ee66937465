#!/usr/bin/env bash
# end-cluster.sh DIRECTORY - ends every process of the cluster in that folder and removes the folder. Idempotent.
# The one way in which clusters end: called by stop(), by the keeper of a dead owner and by the sweep of the next start.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
directory=$1
# Not a cluster, or already ended; also when another call ends it while this one waits for the lock.
{ exec 9<"$directory/owner.json"; } 2>/dev/null || exit 0
if command -v flock >/dev/null; then flock 9; fi
if [ ! -e "$directory/owner.json" ]; then exit 0; fi

# A pid is believed only while its command line names this folder, so a number that was given to somebody else is never hit.
is_ours() { ps -p "$1" -o args= 2>/dev/null | grep -qF -- "$directory/"; }
if [ -d "/proc/$$" ]; then is_ours() { tr '\0' ' ' <"/proc/$1/cmdline" | grep -qF -- "$directory/"; } 2>/dev/null; fi

end_processes() {
  local file pid
  for file in "$directory"/*.pid; do
    pid=$(cat "$file" 2>/dev/null) || continue
    while [ -n "$pid" ] && is_ours "$pid" && kill -9 "$pid" 2>/dev/null; do sleep 0.02; done
  done
}

end_processes
sleep 0.1
end_processes # one that was just being started when its owner died
stay_on_disk=()
if [ -e "$directory/node-number" ]; then
  "$here/node-namespaces.sh" down "$(cat "$directory/node-number")" "$directory"
  stay_on_disk=(--one-file-system) # should a mount of a pod have escaped, its content is not ours to delete
fi
for _ in 1 2 3 4 5; do
  if rm -rf ${stay_on_disk[@]+"${stay_on_disk[@]}"} -- "$directory" 2>/dev/null; then exit 0; fi
  sleep 0.2
done
exit 1
