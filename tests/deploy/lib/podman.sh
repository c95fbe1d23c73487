# A separate podman: own storage and state, runc, no cgroup manager, no systemd timers for health checks.
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # container.sh uses `engine`; common.sh sets `work`
cat >"$work/containers.conf" <<'EOF'
[engine]
runtime="runc"
cgroup_manager="cgroupfs"
events_logger="file"
[containers]
default_ulimits=["nofile=1024:4096","nproc=1024:4096"]
EOF
export CONTAINERS_CONF=$work/containers.conf DISABLE_HC_SYSTEMD=true
engine=podman
mkdir -p "$work/podman"
mount -t tmpfs podman "$work/podman"
at_exit eval "rmdir /sys/fs/cgroup/{,*/}libpod_parent"
at_exit umount -R "$work/podman"
podman() { command podman --root "$work/podman/root" --runroot "$work/podman/run" --tmpdir "$work/podman/tmp" "$@"; }
at_exit podman rm -fa -t 0
