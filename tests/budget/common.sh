# Shared by the budget checks; sourced. A check prints what it measured and whether that is within the budget.
# shellcheck shell=bash
# shellcheck disable=SC2034 # `built` is for the scripts
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1

readonly built=${CARGO_TARGET_DIR:-target}
source tests/check.sh
scratch=$(mktemp -d)
keeper=
trap 'kill $keeper 2>/dev/null; rm -rf "$scratch"' EXIT

at_most() { (($1 <= $2)); }
# until_true COMMAND...: polls for at most 20 s.
until_true() {
    local n
    for ((n = 0; n < 1000; n++)); do
        "$@" && return
        sleep 0.02
    done
    return 1
}
# has_logged EVENT COUNT: whether the keeper's log, in a file, has so many events.
has_logged() { (($(grep -c "info: $1" "$scratch/log") >= $2)); }
same() { [[ $1 == "$2" ]]; }

# Tests that a file needs no loader and no library. (A position-independent file without an interpreter is static, too.)
is_static() { ! readelf --program-headers --dynamic "$1" | grep -E 'INTERP|NEEDED'; }
