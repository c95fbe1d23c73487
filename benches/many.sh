# Measures many keepers on one machine. Sourced by bench.sh.
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # bench.sh and common.sh set `scratch`, `file`, `key`, `idle` and `running`

readonly instances=/proc/sys/fs/inotify/max_user_instances

# start_many COUNT EXP RENEW-BEFORE: starts keepers with one file each in one directory; sets `pids`.
start_many() {
    directory=$scratch/many
    rm -rf "$directory"
    mkdir "$directory"
    pids=()
    for ((n = 0; n < $1; n++)); do
        "$file" badge keep --key "$key" --out "$directory/$n.jwt" --exp "$2" --renew-before "$3" --log-format json 2>"$directory/$n.log" &
        pids+=($!)
        running[$!]=1
    done
    # All have started when all have written; then wait for the disk.
    until (($(find "$directory" -name '*.jwt' | wc -l) == $1)); do
        sleep 0.2
    done
    sleep 3
}

many() {
    local count=$1 before after watching cpu limit=-
    ((count < 1000)) || limit="100 MB"
    start_many "$count" 2h 10m
    # shellcheck disable=SC2046 # one argument per process
    watching=$(find $(printf '/proc/%s/fd ' "${pids[@]}") -lname 'anon_inode:inotify' | wc -l)
    local who="$count keepers, $watching on inotify"
    ((count > 1)) || who="1 keeper, $watching on inotify"
    row "$who: memory" "$(memory_of Pss "${pids[@]}") KiB together (PSS)" "$limit"
    before=$(cpu_of "${pids[@]}")
    sleep "$((idle / 2))"
    after=$(cpu_of "${pids[@]}")
    cpu=$(awk -v ns="$((after - before))" 'BEGIN {printf "%.1f", ns / 1e6}')
    row "$who: CPU in $((idle / 2)) idle seconds" "$cpu ms together"
    stop "${pids[@]}"
    in_step "$count" "$who"
}
# cpu_of PID...: CPU time of the processes together, in nanoseconds.
cpu_of() { printf '/proc/%s/schedstat\n' "$@" | xargs awk '{sum += $1} END {printf "%.0f\n", sum}'; }

# SIGHUP at the start of a second synchronizes the keepers: their next renewals are due together, 30 s later.
in_step() {
    local signaled
    start_many "$1" 1m 30s
    sleep "$(awk -v now="$EPOCHREALTIME" 'BEGIN {print 1 - now % 1}')"
    signaled=${EPOCHREALTIME%[.,]*}
    kill -HUP "${pids[@]}"
    sleep $((signaled + 30 + 25 - ${EPOCHREALTIME%[.,]*}))
    # The rename sets a badge's change time.
    stat --format '%n %.6Z' "$directory"/*.jwt >"$scratch/written"
    row "$2: due in the same second" "$(awk -f benches/late.awk "$scratch/written" "$directory"/*.log)" 'none missed'
    stop "${pids[@]}"
}

# Raises the inotify limit for the second run with 1,000 keepers; at_exit restores it.
more_inotify() {
    local old
    old=$(cat "$instances")
    if ! [[ -w $instances ]]; then
        not_measured "1000 keepers all on inotify (root can raise fs.inotify.max_user_instances, here $old)"
        return 1
    fi
    eval "at_exit() { echo $old >$instances; }"
    echo 4096 >"$instances"
}
