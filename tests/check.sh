# Counts and reports the results of checks; sourced by the scripts in tests/budget, tests/deploy and .ci.
# shellcheck shell=bash
passed=0 failed=0

# check WHAT COMMAND...: prints one line per check, and the command's output when it fails.
check() {
    local what=$1 output
    shift
    if output=$("$@" 2>&1); then
        passed=$((passed + 1))
        echo "ok - $what"
    else
        failed=$((failed + 1))
        echo "not ok - $what"
        printf '    ran: %s\n' "$*"
        [ -z "$output" ] || printf '%s\n' "$output" | tail -n 25 | sed 's/^/    | /'
    fi
}

finish() {
    echo "$passed passed, $failed failed"
    [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
    exit
}

# not_run WHAT: prints what is not tested here and why; .ci/run repeats it in its summary.
not_run() {
    echo "not run: $*"
    [ -z "${CI_NOT_RUN:-}" ] || echo "$*" >>"$CI_NOT_RUN"
}

# reason TEXT: the line of an error output that names the cause.
reason() { grep -m 1 -i '^error' <<<"$1" || head -n 1 <<<"$1"; }

# has_target TRIPLE: whether the current toolchain has std for it.
has_target() { [ -d "$(rustc --print sysroot)/lib/rustlib/$1/lib" ]; }
