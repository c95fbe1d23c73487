#!/usr/bin/env bash
# Measures the release file as a whole process and prints a table. Builds what is not built; needs no root.
#   benches/bench.sh              under half an hour, most of it idle on purpose
#   QUICK=1 benches/bench.sh      six minutes: shorter idle times, fewer samples
# With root it also lifts the limit on inotify instances for the time of the measurement, to have a thousand keepers on inotify.
set -u
here=$(cd "$(dirname "$0")" && pwd)
source "$here/common.sh"
source "$here/one.sh"
source "$here/many.sh"

if [[ -n ${QUICK:-} ]]; then
    readonly idle=20 renewals=10000 samples=50
else
    readonly idle=600 renewals=10000 samples=300
fi

[[ -n ${BINARY:-} ]] || cargo build --quiet --release --locked --target "$target" || exit 1
"$file" key gen --out-priv "$scratch/private.jwk" --out-pub "$scratch/public.jwk" >/dev/null 2>&1 || exit 1
readonly key=$scratch/private.jwk

machine
echo
row 'what' 'measured' 'bar'
row '---' '---' '---'
sizes
start_idle
one_renewed
start_to_badge
health
instructions
for count in 1 100 1000; do
    many "$count"
done
more_inotify && many 1000
end_idle
say_missing
