# One keeper: size, memory, silence, start, arithmetic. Sourced by bench.sh.

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

# A keeper whose log is read here, line by line: speak DIRECTORY COMMAND... sets `spoken`, its process. The log comes through a pipe that stays open
# from one keeper to the next, so that a start costs one fork, as a cp does.
speak() {
    if [[ ! -p $scratch/log ]]; then
        mkfifo "$scratch/log"
        exec 3<>"$scratch/log"
    fi
    "${@:2}" badge keep --key "$key" --out "$1/badge.jwt" --exp 2h --log-format json 2>&3 &
    spoken=$!
    running[$spoken]=1
    until_said started
}
until_said() {
    local line
    while read -r -t 60 line <&3; do
        [[ $line == *"\"event\":\"$1\""* ]] && return
    done
    return 1
}
hush() {
    stop "$spoken"
    while read -r -t 0 <&3; do read -r <&3; done
}
renew() {
    for ((i = 0; i < $1; i++)); do
        kill -HUP "$spoken"
        until_said renewed || return
    done
}

memory_row() {
    row "memory, $1" "$(memory_of Rss "$spoken") KiB resident, of it $(memory_of Anonymous "$spoken") KiB anonymous" '600 KB, 64 KB'
}
one_renewed() {
    speak "${memory:-$scratch}" "$file"
    sleep 1
    memory_row 'idle after the start'
    if renew "$renewals"; then
        memory_row "after $renewals renewals"
    else
        not_measured "memory after $renewals renewals (a renewal failed)"
    fi
    hush
}

# This keeper lives beside all the other measurements; nothing in them may wake it.
start_idle() {
    "$file" badge keep --key "$key" --out "$scratch/idle.jwt" --exp 2h 2>"$scratch/idle.log" &
    idler=$!
    running[$idler]=1
    sleep 2
    tracer=
    calls=0
    : >"$scratch/calls"
    if have strace 'system calls while idle'; then
        strace -f -qq -e signal=none -o "$scratch/calls" -p "$idler" 2>/dev/null &
        tracer=$!
        # To be attached to resumes the call that sleeps, once.
        sleep 1
        calls=$(wc -l <"$scratch/calls")
    fi
    switches=$(switches_of "$idler")
    idle_since=$SECONDS
}
end_idle() {
    local rest=$((idle - (SECONDS - idle_since)))
    ((rest > 0)) && sleep "$rest"
    local lasted=$((SECONDS - idle_since)) called
    called=$(($(wc -l <"$scratch/calls") - calls))
    row "wake-ups in $lasted s between two renewals" "$(($(switches_of "$idler") - switches))" 0
    if [[ -n $tracer ]] && kill -TERM "$tracer" 2>/dev/null; then
        row "system calls in $lasted s between two renewals" "$called" 0
        wait "$tracer" 2>/dev/null
    elif [[ -n $tracer ]]; then
        not_measured 'system calls while idle (strace may not attach here)'
    fi
    stop "$idler"
}
switches_of() { awk '/ctxt_switches/ {sum += $2} END {print sum}' "/proc/$1/status"; }

# From before the fork to the moment the keeper says that the badge stands, which is after the last fsync.
keep_once() {
    local before=${EPOCHREALTIME/[.,]/}
    speak "$1" "$file"
    echo $((${EPOCHREALTIME/[.,]/} - before))
    hush
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
        not_measured '`badge health` (it finds the badge bad)'
        return
    fi
    own=$(elapsed "$file" badge health "$badge")
    true=$(elapsed /bin/true)
    row '`badge health`, start to exit' "$own µs; $(ratio "$own" "$true") of /bin/true ($true µs)"
}

# Instructions in user mode, by function: what 101 renewals cost more than one, divided by a hundred. The same code, with its symbols left in.
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
    speak "${memory:-$scratch}" valgrind --quiet --log-file="$scratch/valgrind.log" --tool=callgrind --callgrind-out-file="$scratch/instructions.$1" "$2"
    renew "$1" || { hush; return 1; }
    # It writes its counts when it ends as asked.
    kill -TERM "$spoken"
    until_said stopped
    wait "$spoken"
    hush
}
