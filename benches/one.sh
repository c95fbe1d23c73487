# Measures one keeper: size, memory, idle wake-ups, start, instructions. Sourced by bench.sh.
# shellcheck shell=bash
# shellcheck disable=SC2004,SC2034,SC2154 # bench.sh and common.sh set `file`, `target`, `built`, `scratch`, `memory`, `key`, `samples`, ...

sizes() {
    row 'static file' "$(stat --format %s "$file") bytes" '512 KiB'
    local tiny
    tiny=$(tests/budget/tiny "$target" 2>/dev/null | head -n 1)
    if [[ -f $tiny ]]; then
        row 'smallest build' "$(stat --format %s "$tiny") bytes" '192 KiB'
    else
        not_measured 'the smallest build (needs rustup component add rust-src)'
    fi
}

# start_keeper DIRECTORY COMMAND...: starts a keeper and sets `keeper`, its pid. Its log comes through a pipe that stays open from one
# keeper to the next, so that a start costs one fork, like cp.
start_keeper() {
    if [[ ! -p $scratch/log ]]; then
        mkfifo "$scratch/log"
        exec 3<>"$scratch/log"
    fi
    "${@:2}" badge keep --key "$key" --out "$1/badge.jwt" --exp 2h --log-format json 2>&3 &
    keeper=$!
    running[$keeper]=1
    until_logged started
}
until_logged() {
    local line
    while read -r -t 60 line <&3; do
        [[ $line == *"\"event\":\"$1\""* ]] && return
    done
    return 1
}
stop_keeper() {
    stop "$keeper"
    while read -r -t 0 <&3; do read -r <&3; done
}
renew() {
    for ((i = 0; i < $1; i++)); do
        kill -HUP "$keeper"
        until_logged renewed || return
    done
}

memory_row() {
    row "memory, $1" "$(memory_of Rss "$keeper") KiB resident, of it $(memory_of Anonymous "$keeper") KiB anonymous" '600 KB, 64 KB'
}
one_renewed() {
    start_keeper "${memory:-$scratch}" "$file"
    sleep 1
    memory_row 'idle after the start'
    if renew "$renewals"; then
        memory_row "after $renewals renewals"
    else
        not_measured "memory after $renewals renewals (a renewal failed)"
    fi
    stop_keeper
}

# This keeper runs during all other measurements, which must not wake it.
start_idle() {
    "$file" badge keep --key "$key" --out "$scratch/idle.jwt" --exp 2h 2>"$scratch/idle.log" &
    idle_keeper=$!
    running[$idle_keeper]=1
    sleep 2
    tracer=
    calls=0
    : >"$scratch/calls"
    if have strace 'system calls while idle'; then
        strace -f -qq -e signal=none -o "$scratch/calls" -p "$idle_keeper" 2>/dev/null &
        tracer=$!
        # Attaching makes the kernel restart the sleeping system call once.
        sleep 1
        calls=$(wc -l <"$scratch/calls")
    fi
    switches=$(switches_of "$idle_keeper")
    idle_since=$SECONDS
}
end_idle() {
    local rest=$((idle - (SECONDS - idle_since)))
    ((rest > 0)) && sleep "$rest"
    local lasted=$((SECONDS - idle_since)) called
    called=$(($(wc -l <"$scratch/calls") - calls))
    row "wake-ups in $lasted s between two renewals" "$(($(switches_of "$idle_keeper") - switches))" 0
    if [[ -n $tracer ]] && kill -TERM "$tracer" 2>/dev/null; then
        row "system calls in $lasted s between two renewals" "$called" 0
        wait "$tracer" 2>/dev/null
    elif [[ -n $tracer ]]; then
        not_measured 'system calls while idle (strace cannot attach here)'
    fi
    stop "$idle_keeper"
}
switches_of() { awk '/ctxt_switches/ {sum += $2} END {print sum}' "/proc/$1/status"; }

# The time from before the fork to the keeper's event "started", which follows the last fsync.
keep_once() {
    local before=${EPOCHREALTIME/[.,]/}
    start_keeper "$1" "$file"
    echo $((${EPOCHREALTIME/[.,]/} - before))
    stop_keeper
}
start_in() {
    local directory=$1 keep copy durable
    keep=$(for ((n = 0; n < samples; n++)); do keep_once "$directory"; done | median)
    copy=$(elapsed cp "$directory/badge.jwt" "$directory/copy")
    durable=$(elapsed dd if="$directory/badge.jwt" of="$directory/copy" conv=fsync)
    row "start to badge on $2" "$keep µs; $(ratio "$keep" "$copy") of cp ($copy µs), $(ratio "$keep" "$durable") of dd conv=fsync ($durable µs)"
}
ratio() { awk -v one="$1" -v other="$2" 'BEGIN {printf "%.1f times that", one / other}'; }

start_to_badge() {
    start_in "$scratch" "$(stat --file-system --format %T "$scratch")"
    if [[ -n $memory ]]; then
        start_in "$memory" tmpfs
    else
        not_measured 'start to badge in memory (needs a writable /dev/shm)'
    fi
}

health() {
    local badge=$scratch/health.jwt own true
    "$file" badge issue --key "$key" --out "$badge" 2>/dev/null
    if ! "$file" badge health "$badge" >/dev/null; then
        not_measured '`badge health` (it reports a problem)'
        return
    fi
    own=$(elapsed "$file" badge health "$badge")
    true=$(elapsed /bin/true)
    row '`badge health`, start to exit' "$own µs; $(ratio "$own" "$true") of /bin/true ($true µs)"
}

# Instructions in user mode by function: the difference of 101 renewals and 1, divided by 100. The same code, with symbols.
instructions() {
    have valgrind 'instructions of one renewal' || return
    local named=$built/named/$target/release/capiscio
    CARGO_PROFILE_RELEASE_STRIP=none cargo build --quiet --release --locked --target "$target" --target-dir "$built/named" || return
    for count in 1 101; do
        if ! counted "$count" "$named"; then
            not_measured 'instructions of one renewal (the keeper did not renew under valgrind)'
            return
        fi
    done
    awk -f benches/instructions.awk "$scratch/instructions.1" "$scratch/instructions.101" | while IFS='|' read -r what measured; do
        row "$what" "$measured"
    done
}
counted() {
    start_keeper "${memory:-$scratch}" valgrind --quiet --log-file="$scratch/valgrind.log" --tool=callgrind --callgrind-out-file="$scratch/instructions.$1" "$2"
    renew "$1" || { stop_keeper; return 1; }
    # callgrind writes its counts on a clean exit.
    kill -TERM "$keeper"
    until_logged stopped
    wait "$keeper"
    stop_keeper
}
