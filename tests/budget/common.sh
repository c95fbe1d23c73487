# What the budget checks share; sourced. A check prints what it measured and whether that is within the budget, and goes on.
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1

readonly built=${CARGO_TARGET_DIR:-target}
source tests/check.sh
scratch=$(mktemp -d)
keeper=
trap 'kill $keeper 2>/dev/null; rm -rf "$scratch"' EXIT

at_most() { (($1 <= $2)); }
same() { [[ $1 == "$2" ]]; }

# A file that asks for no loader and no library. (A position-independent one is static, too, when it names no interpreter.)
is_static() { ! readelf --program-headers --dynamic "$1" | grep -E 'INTERP|NEEDED'; }
