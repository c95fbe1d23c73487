# A host with a real systemd as PID 1. `boot_systemd FILES` starts it; `inside COMMAND...` then runs a command in it.
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # the scripts use `root`; common.sh sets `work` and `here`

boot_systemd() {
    mkdir "$work/host"
    "$here/lib/systemd-host" "$work/host" "$1" >"$work/boot.log" 2>&1 &
    host=$!
    at_exit shut_down
    check "systemd $(systemctl --version | awk 'NR==1{print $2}') is PID 1" within 20 booted
    root=/proc/$(init)/root
    check "systemd-sysusers creates the unit's user" inside systemd-sysusers
}
cgroup_is_gone() { find /sys/fs/cgroup -depth -type d -path "*/systemd-host.$host*" -exec rmdir {} + ; [ -z "$(find /sys/fs/cgroup -maxdepth 2 -name "systemd-host.$host")" ]; }
shut_down() { kill -KILL "$host"; wait "$host"; within 5 cgroup_is_gone; }
init() { pgrep -P "$host"; }
inside() { nsenter -t "$(init)" -m -p -u -i -n -C -r -w "$@"; }
sc() { inside systemctl --no-pager "$@"; }
property() { sc show -P "$2" "$1"; }
is() { local got; got=$(property "$1" "$2"); echo "$1 $2=$got"; [ "$got" = "$3" ]; }
booted() { init >/dev/null && sc is-system-running | grep -Eq 'running|degraded'; }
# systemd-analyze exits with 0 for unknown keys, so the output must be empty.
verify_is_silent() { local output; output=$(inside systemd-analyze verify --man=no "/etc/systemd/system/$1" 2>&1); echo "$output"; [ -z "$output" ]; }
start_or_explain() { sc start "$1" || { inside journalctl --no-pager -n 20 -u "$1"; sc status "$1"; false; }; }
