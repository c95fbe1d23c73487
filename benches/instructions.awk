# Reads two callgrind outputs, of 1 and of 101 renewals, and prints the instructions of one renewal by kind: "what|measured" per line.
# (Format: valgrind's manual, "Callgrind Format Specification". A name is written once and is a number from then on.)

FNR == 1 { files++; split("", names) }

/^fn=/ {
    number = substr($0, 4, index($0, ")") - 3)
    if (index($0, ") ")) names[number] = substr($0, index($0, ") ") + 2)
    here = names[number]
}
/^cfn=/ {
    number = substr($0, 5, index($0, ")") - 4)
    if (index($0, ") ")) names[number] = substr($0, index($0, ") ") + 2)
}
# The line after a call is the cost of the callee, which is also counted under its own name.
/^calls=/ { getline; next }
/^[-+*0-9]/ { if (files == 1) cost[here] -= $2; else cost[here] += $2 }

function kind(name) {
    if (name ~ /sha512/) return "SHA-512, for Ed25519"
    if (name ~ /ed25519_compact/) return "Ed25519"
    if (name ~ /^(mem(cpy|set|move|cmp)|bcmp)/) return "copying and comparing memory"
    if (name ~ /alloc|free|realloc|slot|group/) return "the allocator"
    if (name ~ /fmt/) return "formatting"
    if (name ~ /json|miniserde/) return "JSON"
    if (name ~ /base64|base58/) return "base64 and base58"
    return "the rest"
}

END {
    for (name in cost) {
        total += cost[name]
        kinds[kind(name)] += cost[name]
        if (kind(name) == "the rest" && cost[name] > cost[largest]) largest = name
    }
    if (!total) exit 1
    printf "instructions of one renewal|%.2f million\n", total / 1e8
    for (k in kinds)
        if (kinds[k] > total / 1000)
            printf "… %s|%.1f %%\n", k, 100 * kinds[k] / total | "sort -t '|' -k 2 -rn"
    close("sort -t '|' -k 2 -rn")
    printf "… largest of the rest|`%s`, %.1f %%\n", largest, 100 * cost[largest] / total
}
