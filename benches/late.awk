# Reads when each badge file was last renamed into place ("file time" per line), then the keepers' JSON logs, each with a start, a renewal
# by SIGHUP and one that was due; prints how late the last of the due ones was.

NR == FNR { file = $1; sub(/jwt$/, "log", file); written[file] = $2; next }
/"event":"(started|renewed)"/ { match($0, /"renewal":[0-9]+/); due[FILENAME] = next_due[FILENAME]; next_due[FILENAME] = substr($0, RSTART + 10, RLENGTH - 10) }
/"event":"renewed"/ { renewals[FILENAME]++ }
/"event":"failed"/ { failures++ }

END {
    for (file in written) {
        late = written[file] - due[file]
        if (renewals[file] != 2 || late >= 30) missed++
        else if (late > last) last = late
        if (++together[due[file]] > most) most = together[due[file]]
    }
    printf "%d at once, the last badge was written after %.2f s; %d missed, %d attempts failed\n", most, last, missed, failures
}
