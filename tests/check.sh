# Counting what the scripts here find out; sourced. The tests of deployments and the budgets speak the same way.
# shellcheck shell=bash
passed=0 failed=0

# check WHAT COMMAND...: one line per fact; what the command said is shown when it fails.
check() {
    local what=$1 said
    shift
    if said=$("$@" 2>&1); then
        passed=$((passed + 1))
        echo "ok - $what"
    else
        failed=$((failed + 1))
        echo "not ok - $what"
        printf '    ran: %s\n' "$*"
        [ -z "$said" ] || printf '%s\n' "$said" | tail -n 25 | sed 's/^/    | /'
    fi
}

finish() {
    echo "$passed passed, $failed failed"
    [ $failed -eq 0 ] && [ $passed -gt 0 ]
    exit
}
