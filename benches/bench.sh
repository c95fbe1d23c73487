#!/usr/bin/env bash
# Measures the release file as a whole process and prints a table. Builds it if needed; needs no root.
#   benches/bench.sh              under half an hour, mostly waiting for idle measurements
#   QUICK=1 benches/bench.sh      six minutes: shorter idle times, fewer samples
# As root it also raises the limit of inotify instances during the measurement, so that 1,000 keepers can use inotify.
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
row 'what' 'measured' 'limit'
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
print_missing
