# What the benches share; sourced. Everything here is about whole processes: the file that users run, started as they start it.
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

readonly built=${CARGO_TARGET_DIR:-target}
readonly target=$(uname -m)-unknown-linux-musl
readonly file=$(realpath -m "${BINARY:-$built/$target/release/capiscio}")

# Two places to write: a disk, where fsync costs, and memory, where it does not.
scratch=$(mktemp -d "${TMPDIR:-/tmp}/bench.XXXXXX")
memory=$(mktemp -d /dev/shm/bench.XXXXXX) || memory=
missing=()
declare -A running=()

# stop PID...: ends what was started here. SIGKILL: a thousand need not say goodbye.
stop() {
    local pid
    kill -KILL "$@" 2>/dev/null
    wait "$@" 2>/dev/null
    for pid; do unset "running[$pid]"; done
}
at_exit() { :; }
trap 'stop "${!running[@]}"; at_exit; rm -rf "$scratch" "$memory"' EXIT
trap 'exit 130' INT TERM

row() { printf '| %s | %s | %s |\n' "$1" "$2" "${3:--}"; }
not_measured() { missing+=("$1"); }
have() { command -v "$1" >/dev/null || { not_measured "$2 (needs $1)"; return 1; }; }

say_missing() {
    ((${#missing[@]})) || return 0
    printf '\nNot measured:\n'
    printf '* %s\n' "${missing[@]}"
}

# The sum of a member of smaps_rollup over processes, in KiB: memory_of Pss PID...
memory_of() {
    local member=$1
    shift
    printf '/proc/%s/smaps_rollup\n' "$@" | xargs awk -v member="$member:" '$1 == member {sum += $2} END {print sum + 0}'
}

median() { sort -n | awk '{value[NR] = $1} END {print value[int((NR + 1) / 2)]}'; }

# Microseconds from before to after a command, the median of many: elapsed COMMAND...
elapsed() {
    local before
    for ((i = 0; i < samples; i++)); do
        before=${EPOCHREALTIME/[.,]/}
        "$@" >/dev/null 2>&1
        echo $((${EPOCHREALTIME/[.,]/} - before))
    done | median
}

machine() {
    local name
    name=$(sed -n 's/^model name[[:space:]]*: //p' /proc/cpuinfo | head -n 1)
    echo "${name:-$(uname -m)}, $(nproc) CPUs, $(awk '/MemTotal/ {printf "%.0f GiB", $2 / 1048576}' /proc/meminfo), Linux $(uname -r), $(rustc --version | cut -d ' ' -f 1-2), \
disk: $(stat --file-system --format %T "$scratch")"
}
