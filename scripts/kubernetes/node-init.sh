#!/usr/bin/env bash
# node-init.sh DIRECTORY NODE_ADDRESS HOST_ADDRESS SERVICES - PID 1 of a node's namespaces, started by node-namespaces.sh.
set -euo pipefail
directory=$1 node=$2 host=$3 services=$4

# This namespace's private copies of other clusters' mounts would stay pinned here after those clusters end.
awk '{print $5}' /proc/self/mountinfo | { grep -E '/(kubelet/pods|netns)/|containerd.*/(rootfs|shm)$' || true; } | sort -r |
  while read -r mount; do umount -l "$mount"; done

mount --make-rshared /
mount -t tmpfs tmpfs /run
mkdir -p /run/lock /run/netns /var/log/pods /var/log/containers /var/lib/cni /var/lib/kubelet
mkdir -p "$directory"/{pod-logs,cni-state,kubelet}
mount --bind "$directory/pod-logs" /var/log/pods
mount -t tmpfs tmpfs /var/log/containers
mount --bind "$directory/cni-state" /var/lib/cni
mount --bind "$directory/kubelet" /var/lib/kubelet
mount --make-rshared /var/lib/kubelet

ip link set lo up
until ip link show eth0 >/dev/null 2>&1; do sleep 0.02; done
ip addr add "$node/24" dev eth0
ip link set eth0 up
# No default route: nothing can leave this machine.
ip route add 10.99.0.0/16 via "$host"
sysctl -qw net.ipv4.ip_forward=1
if [ -e /proc/sys/net/bridge/bridge-nf-call-iptables ]; then sysctl -qw net.bridge.bridge-nf-call-iptables=1; fi
# Processes of the node itself need some route to a service's address before iptables rewrites it.
ip link add services type bridge
ip link set services up
ip route add "$services" dev services

touch "$directory/namespaces-ready"
trap : TERM HUP INT
# bash reaps what containerd's shims orphan.
while :; do
  sleep 3600 &
  wait || true
done
