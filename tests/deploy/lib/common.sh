# Read by every script of tests/deploy: counting, waiting, cleaning up. A script sets `limit` (seconds) first.
# shellcheck shell=bash
set -u

# The whole script runs again under its own time limit; TERM reaches it and its children, so that the traps below still clean up.
if [ -z "${CAPISCIO_LIMITED:-}" ]; then
    CAPISCIO_LIMITED=1 timeout --kill-after=15 "${limit:?a script says how many seconds it may take}" bash "$0" "$@"
    status=$?
    [ $status -ne 124 ] && [ $status -ne 137 ] || echo "not ok - $(basename "$0"): over its limit of $limit s"
    exit $status
fi
unset CAPISCIO_LIMITED

[ "$(id -u)" = 0 ] || { echo "not ok - $(basename "$0") needs root: it boots init systems and mounts file systems"; exit 1; }
umask 022
export LC_ALL=C

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
here=$repo/tests/deploy
cache=$repo/target/deploy                       # what `install` downloaded
capiscio=$(realpath -m "${CAPISCIO_BINARY:-$repo/target/x86_64-unknown-linux-musl/release/capiscio}")
[ -x "$capiscio" ] || { echo "not ok - no binary at $capiscio: build it, or set CAPISCIO_BINARY"; exit 1; }
work=$(mktemp -d /dev/shm/capiscio-deploy.XXXXXX)
chmod 755 "$work"

. "$repo/tests/check.sh"
undo=()

# at_exit COMMAND...: undone in reverse order, also after a time-out.
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

# within SECONDS COMMAND...: looks every 50 ms; the last try's output is shown.
within() {
    local end=$((${EPOCHREALTIME/./} + $1 * 1000000))
    shift
    while ! "$@" >"$work/.within" 2>&1; do
        if ((${EPOCHREALTIME/./} >= end)); then
            "$@" # once more: its output explains the failure
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

# new_key DIRECTORY: private.jwk and public.jwk in it.
new_key() { mkdir -p "$1" && "$capiscio" key gen --out-priv "$1/private.jwk" --out-pub "$1/public.jwk" >/dev/null 2>&1; }

# verifies FILE PUBLIC_KEY: the file holds one whole badge, signed by this key, valid now.
verifies() { "$capiscio" badge verify --file "$1" --key "$2"; }

# differs FILE OLD_CONTENT: there is a file and it is another badge.
differs() { [ -s "$1" ] && [ "$(cat "$1")" != "$2" ]; }
