# Shared by the benchmarks; sourced. They measure whole processes: the file that users run, started as users start it.
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # `file` and `running` are for the other files; bench.sh sets `samples`
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

readonly built=${CARGO_TARGET_DIR:-target}
target=$(uname -m)-unknown-linux-musl
file=$(realpath -m "${BINARY:-$built/$target/release/capiscio}")
readonly target file

# Two places to write: a disk, where fsync takes time, and memory, where it does not.
scratch=$(mktemp -d "${TMPDIR:-/tmp}/bench.XXXXXX")
memory=$(mktemp -d /dev/shm/bench.XXXXXX) || memory=
missing=()
declare -A running=()

# stop PID...: kills keepers that were started here. SIGKILL, because 1,000 clean exits would take time.
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

print_missing() {
    ((${#missing[@]})) || return 0
    printf '\nNot measured:\n'
    printf '* %s\n' "${missing[@]}"
}

# memory_of FIELD PID...: the sum of a field of smaps_rollup over processes, in KiB.
memory_of() {
    local member=$1
    shift
    printf '/proc/%s/smaps_rollup\n' "$@" | xargs awk -v member="$member:" '$1 == member {sum += $2} END {print sum + 0}'
}

median() { sort -n | awk '{value[NR] = $1} END {print value[int((NR + 1) / 2)]}'; }

# elapsed COMMAND...: the duration of a command in microseconds, the median of `samples` runs.
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
