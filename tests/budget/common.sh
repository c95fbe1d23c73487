# What the budget checks share; sourced. A check prints what it measured and whether that is within the budget, and goes on; `finish` gives
# the count and the exit status.
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1

readonly built=${CARGO_TARGET_DIR:-target}
passed=0
failed=0
scratch=$(mktemp -d)
keeper=
trap 'kill $keeper 2>/dev/null; rm -rf "$scratch"' EXIT

# check SENTENCE COMMAND...: passes when the command succeeds.
check() {
    local sentence=$1
    shift
    if "$@" >"$scratch/check" 2>&1; then
        passed=$((passed + 1))
        echo "ok      $sentence"
    else
        failed=$((failed + 1))
        echo "FAILED  $sentence"
        sed 's/^/        /' "$scratch/check"
    fi
}

at_most() { (($1 <= $2)); }
same() { [[ $1 == "$2" ]]; }

# A file that asks for no loader and no library. (A position-independent one is static, too, when it names no interpreter.)
is_static() { ! readelf --program-headers --dynamic "$1" | grep -E 'INTERP|NEEDED'; }

finish() {
    echo "$passed passed, $failed failed"
    ((failed == 0))
    exit
}
