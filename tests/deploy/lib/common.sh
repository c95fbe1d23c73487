# Shared by the scripts of tests/deploy: counting, waiting, cleaning up. A script sets `limit` (seconds) before it sources this.
# shellcheck shell=bash
# shellcheck disable=SC2034 # `here` and `cache` are for the scripts
set -u

# Runs the whole script again under its time limit. TERM reaches the script and its children, so that the traps below clean up.
if [ -z "${CAPISCIO_LIMITED:-}" ]; then
    CAPISCIO_LIMITED=1 timeout --kill-after=15 "${limit:?set it to the seconds that the script may take}" bash "$0" "$@"
    status=$?
    [ $status -ne 124 ] && [ $status -ne 137 ] || echo "not ok - $(basename "$0"): exceeded its limit of $limit s"
    exit $status
fi
unset CAPISCIO_LIMITED

[ "$(id -u)" = 0 ] || { echo "not ok - $(basename "$0") needs root, to boot init systems and mount file systems"; exit 1; }
umask 022
export LC_ALL=C

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
here=$repo/tests/deploy
cache=$repo/target/deploy                       # downloads of tests/deploy/install
capiscio=$(realpath -m "${CAPISCIO_BINARY:-$repo/target/x86_64-unknown-linux-musl/release/capiscio}")
[ -x "$capiscio" ] || { echo "not ok - no binary at $capiscio: build it or set CAPISCIO_BINARY"; exit 1; }
work=$(mktemp -d /dev/shm/capiscio-deploy.XXXXXX)
chmod 755 "$work"

. "$repo/tests/check.sh"
undo=()

# at_exit COMMAND...: registers a cleanup command. They run in reverse order, also after a timeout.
at_exit() { undo+=("$(printf '%q ' "$@")"); }
clean_up() {
    local status=$? i
    trap '' TERM INT
    for ((i = ${#undo[@]} - 1; i >= 0; i--)); do eval "${undo[i]}" >/dev/null 2>&1; done
    rm -rf --one-file-system "$work"
    exit $status
}
trap clean_up EXIT
trap 'exit 143' TERM
trap 'exit 130' INT

title() { printf '# %s\n' "$*"; }

# within SECONDS COMMAND...: tries every 50 ms; shows the output of the last try.
within() {
    local end=$((${EPOCHREALTIME/./} + $1 * 1000000))
    shift
    while ! "$@" >"$work/.within" 2>&1; do
        if ((${EPOCHREALTIME/./} >= end)); then
            "$@" # again, to show its output
            return
        fi
        sleep 0.05
    done
}

refused() { ! "$@"; }

# took_less_than SECONDS COMMAND...
took_less_than() {
    local most=$1 begin=${EPOCHREALTIME/./} took
    shift
    "$@" || return
    took=$(((${EPOCHREALTIME/./} - begin) / 1000))
    echo "took $took ms, allowed: $most s"
    awk -v ms=$took -v most="$most" 'BEGIN { exit !(ms < most * 1000) }'
}

# new_key DIRECTORY: generates private.jwk and public.jwk in it.
new_key() { mkdir -p "$1" && "$capiscio" key gen --out-priv "$1/private.jwk" --out-pub "$1/public.jwk" >/dev/null 2>&1; }

# verifies FILE PUBLIC_KEY: tests that the file holds one whole badge, signed by this key and valid now.
verifies() { "$capiscio" badge verify --file "$1" --key "$2"; }

# differs FILE OLD_CONTENT: tests that the file exists and holds another badge.
differs() { [ -s "$1" ] && [ "$(cat "$1")" != "$2" ]; }
