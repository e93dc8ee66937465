#!/usr/bin/env bash
# node-namespaces.sh up|down N DIRECTORY          a machine within the machine: network, mount and pid namespaces, and cgroups
# node-namespaces.sh enter DIRECTORY COMMAND...   runs a command inside
# Addresses follow from N (1-254): node 10.99.N.2, this machine's end 10.99.N.1, pods 10.98.N.0/24, services 10.97.N.0/24.
# The number of PID 1 inside, as this machine counts, is written to DIRECTORY/init.pid. `up` exits 3 when N is taken.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
verb=$1

if [ "$verb" = enter ]; then
  pid=$(cat "$2/init.pid")
  shift 2
  # Not `ip netns exec`: it hides cgroup v1.
  exec nsenter -t "$pid" -m -n -p -- "$@"
fi

number=$2 directory=$3
link=infra-node-$number
cgroup=infra-node-$number
host=10.99.$number.1 node=10.99.$number.2
networks=("10.99.$number.0/24" "10.98.$number.0/24" "10.97.$number.0/24")

claim_number() {
  # An `unreachable` route can be added once: that is the claim. It also keeps test traffic on this machine when the link is down.
  # It goes last in `down`.
  ip route add unreachable "${networks[0]}" metric 9999 2>/dev/null || exit 3
  echo "$number" >"$directory/node-number"
  ip route replace unreachable "${networks[1]}" metric 9999
  ip route replace unreachable "${networks[2]}" metric 9999
}

# Version 1 only: one tree for each controller, else two kubelets fight over /kubepods. Version 2 has one tree, which the kubelet makes.
make_cgroups() {
  local controller file
  for controller in cpu cpuacct cpuset memory devices freezer blkio pids systemd; do
    if [ ! -d "/sys/fs/cgroup/$controller" ]; then continue; fi
    mkdir -p "/sys/fs/cgroup/$controller/$cgroup"
    if [ "$controller" != cpuset ]; then continue; fi
    for file in cpuset.cpus cpuset.mems; do cat "/sys/fs/cgroup/cpuset/$file" >"/sys/fs/cgroup/cpuset/$cgroup/$file"; done
  done
  if [ -e /sys/fs/cgroup/cgroup.controllers ]; then mkdir -p "/sys/fs/cgroup/$cgroup"; fi
}

start_namespaces() {
  setsid unshare -m -n -p --fork --kill-child --mount-proc --propagation private \
    bash "$here/node-init.sh" "$directory" "$node" "$host" "${networks[2]}" \
    </dev/null >"$directory/log/init.log" 2>&1 9>&- &
  local unshare=$! pid='' i
  for ((i = 0; i < 500; i++)); do
    pid=$(tr -d ' ' 2>/dev/null <"/proc/$unshare/task/$unshare/children") || true
    if [ -n "$pid" ]; then break; fi
    sleep 0.02
  done
  echo "$pid" >"$directory/init.pid"
}

connect_namespaces() {
  local pid i
  pid=$(cat "$directory/init.pid")
  for ((i = 0; i < 500; i++)); do
    if [ "$(readlink "/proc/$pid/ns/net")" != "$(readlink /proc/self/ns/net)" ]; then break; fi
    sleep 0.02
  done
  ip link add "$link" type veth peer name eth0 netns "$pid"
  ip addr add "$host/24" dev "$link"
  ip link set "$link" up
  for ((i = 0; i < 500; i++)); do
    if [ -e "$directory/namespaces-ready" ]; then break; fi
    sleep 0.02
  done
  if [ ! -e "$directory/namespaces-ready" ]; then
    cat "$directory/log/init.log" >&2
    exit 1
  fi
  ip route replace "${networks[1]}" via "$node"
  ip route replace "${networks[2]}" via "$node"
}

take_down() {
  local i controller network
  # The kernel kills everything in a pid namespace with its PID 1; mounts and the network go with the last process.
  # Found by command line: that finds it even when `up` was killed half-way, and never hits a number that was given to somebody else.
  for ((i = 0; i < 500; i++)); do
    if ! pkill -9 -f -- "/node-init.sh $directory "; then break; fi
    sleep 0.02
  done
  if ip link show "$link" >/dev/null 2>&1; then ip link del "$link" 2>/dev/null || true; fi
  for controller in /sys/fs/cgroup "/sys/fs/cgroup/"*; do
    if [ -d "$controller/$cgroup" ]; then find "$controller/$cgroup" -depth -type d -exec rmdir {} + 2>/dev/null || true; fi
  done
  for network in "${networks[2]}" "${networks[1]}" "${networks[0]}"; do
    ip route del "$network" via "$node" 2>/dev/null || true
    ip route del unreachable "$network" metric 9999 2>/dev/null || true
  done
}

case $verb in
  up)
    claim_number
    make_cgroups
    start_namespaces
    connect_namespaces
    ;;
  down) take_down ;;
  *) exit 2 ;;
esac
