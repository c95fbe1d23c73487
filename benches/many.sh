# Many keepers on one machine. Sourced by bench.sh.

readonly instances=/proc/sys/fs/inotify/max_user_instances

# start_many COUNT EXP RENEW-BEFORE: each has a file of its own, in one directory; sets `pids`.
start_many() {
    crowd=$scratch/crowd
    rm -rf "$crowd"
    mkdir "$crowd"
    pids=()
    for ((n = 0; n < $1; n++)); do
        "$file" badge keep --key "$key" --out "$crowd/$n.jwt" --exp "$2" --renew-before "$3" --log-format json 2>"$crowd/$n.log" &
        pids+=($!)
        running[$!]=1
    done
    # All have begun when all have written; then the disk is let settle.
    until (($(find "$crowd" -name '*.jwt' | wc -l) == $1)); do
        sleep 0.2
    done
    sleep 3
}

many() {
    local count=$1 before after watching cpu bar=-
    ((count < 1000)) || bar="100 MB"
    start_many "$count" 2h 10m
    watching=$(find $(printf '/proc/%s/fd ' "${pids[@]}") -lname 'anon_inode:inotify' | wc -l)
    local who="$count keepers, $watching on inotify"
    ((count > 1)) || who="1 keeper, $watching on inotify"
    row "$who: memory" "$(memory_of Pss "${pids[@]}") KiB together (PSS)" "$bar"
    before=$(cpu_of "${pids[@]}")
    sleep "$((idle / 2))"
    after=$(cpu_of "${pids[@]}")
    cpu=$(awk -v ns="$((after - before))" 'BEGIN {printf "%.1f", ns / 1e6}')
    row "$who: CPU in $((idle / 2)) idle seconds" "$cpu ms together"
    stop "${pids[@]}"
    in_step "$count" "$who"
}
# Nanoseconds on a CPU, all together.
cpu_of() { printf '/proc/%s/schedstat\n' "$@" | xargs awk '{sum += $1} END {printf "%.0f\n", sum}'; }

# SIGHUP at the beginning of a second puts them in step: their next renewals fall due together, half a minute later.
in_step() {
    local asked
    start_many "$1" 1m 30s
    sleep "$(awk -v now="$EPOCHREALTIME" 'BEGIN {print 1 - now % 1}')"
    asked=${EPOCHREALTIME%[.,]*}
    kill -HUP "${pids[@]}"
    sleep $((asked + 30 + 25 - ${EPOCHREALTIME%[.,]*}))
    # When each badge stood: the rename set its change time.
    stat --format '%n %.6Z' "$crowd"/*.jwt >"$scratch/stood"
    row "$2: due in the same second" "$(awk -f benches/late.awk "$scratch/stood" "$crowd"/*.log)" 'none missed'
    stop "${pids[@]}"
}

# For the second case of the thousand: everyone on inotify. The old limit comes back at the end.
more_inotify() {
    local old
    old=$(cat "$instances")
    if ! [[ -w $instances ]]; then
        not_measured "1000 keepers all on inotify (root may raise fs.inotify.max_user_instances, here $old)"
        return 1
    fi
    eval "at_exit() { echo $old >$instances; }"
    echo 4096 >"$instances"
}
