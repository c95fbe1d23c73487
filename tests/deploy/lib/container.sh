# Checks of the image that hold under every engine. `engine` is the command, `image` the image's name.
# shellcheck shell=bash
# shellcheck disable=SC2154 # the scripts set `engine` and `image`, common.sh `work` and `capiscio`

# The strictest options of an engine: read-only root, no capability, no new privileges, no network.
hardened=(--network none --read-only --cap-drop ALL --security-opt no-new-privileges)
keep=(badge keep --sub did:capiscio:agent:test --key /keys/private.jwk)

field() { local got; got=$("$engine" inspect --format "$2" "$1"); echo "$2: $got"; [ "$got" = "$3" ]; }
healthy() { local got; got=$(health_of "$1"); echo "health: $got"; [ "$got" = "$2" ]; }
logged() { "$engine" logs "$1" 2>&1 | tee /dev/stderr | grep -q "$2"; }

# stops_quickly NAME: in less than 0.5 s, with the engine's own work, which is most of it on a busy machine: the best of three counts.
stops_quickly() {
    for _ in 1 2 3; do
        took_less_than 0.5 "$engine" stop -t 5 "$1" && return
        "$engine" start "$1"
        within 10 logged "$1" started
    done
    false
}

image_facts() {
    local size binary
    size=$("$engine" image inspect --format '{{.Size}}' "$image") binary=$(stat -c %s "$capiscio")
    echo "  image $size bytes, binary $binary, $("$engine" image inspect --format '{{len .RootFS.Layers}}' "$image") layers"
    check "image: at most 16 KiB more than the binary" test $((size - binary)) -le 16384
    layers() { local n; n=$("$engine" image inspect --format '{{len .RootFS.Layers}}' "$image"); echo "$n layers"; [ "$n" -le "${1:-2}" ]; }
    check "image: at most two layers" layers "2"
    tree() {
        local id
        id=$("$engine" create --network none "$image") && "$engine" export "$id" | tar -tv --numeric-owner | awk '{ print $1, $2, $NF }' | grep -Ev ' /?(dev|etc|proc|sys|run|\.dockerenv)(/|$)'
        "$engine" rm -f "$id" >/dev/null
    }
    holds() { tree | tee /dev/stderr | sort | diff - <(printf '%s\n' "$@" | sort); }
    check "image: the binary, /badges 1777, /keys 0700, nothing else" holds 'drwxrwxrwt 0/0 badges/' 'drwx------ 65532/65532 keys/' \
        'drwxr-xr-x 0/0 usr/' 'drwxr-xr-x 0/0 usr/local/' 'drwxr-xr-x 0/0 usr/local/bin/' '-rwxr-xr-x 0/0 usr/local/bin/capiscio'
    check "image: numeric user" field "$image" '{{.Config.User}}' 65532:65532
    check "image: exec-form entry point" field "$image" '{{json .Config.Entrypoint}}' '["/usr/local/bin/capiscio"]'
    check "image: work directory" field "$image" '{{.Config.WorkingDir}}' /badges
    check "image: OCI label" field "$image" '{{index .Config.Labels "org.opencontainers.image.licenses"}}' Apache-2.0
    check "image: stop signal" field "$image" '{{.Config.StopSignal}}' SIGTERM
}

# key_of UID NAME: makes a key directory of that uid, with a key of mode 0600.
key_of() { new_key "$work/$2" && mkdir -p "$work/$2/keys" && install -m 600 "$work/$2/private.jwk" "$work/$2/keys/" && chown -R "$1" "$work/$2/keys" && chmod 700 "$work/$2/keys"; }

container_facts() {
    local user name badge
    for user in 65532:65532 1000:1000 0:0; do
        name=as-${user%:*} badge=$work/as-${user%:*}/badge.jwt
        title "$engine: user $user"
        key_of "$user" "$name"
        check "starts hardened, with a new volume" "$engine" run -d --name "$name" --user "$user" "${hardened[@]}" \
            -v "$work/$name/keys:/keys:ro" -v "$name:/badges" "$image" "${keep[@]}"
        copied() { "$engine" cp "$name:/badges/current.jwt" "$badge" && verifies "$badge" "$work/$name/public.jwk"; }
        check "  a badge appears and verifies" within 10 copied
        is_first() { local got; got=$(awk '/^NSpid/ { print $NF }' "/proc/$("$engine" inspect --format '{{.State.Pid}}' "$name")/status"); echo "pid $got"; [ "$got" = 1 ]; }
        check "  the keeper is PID 1" is_first
        check "  and stops in less than 0.5 s" stops_quickly "$name"
        check "  with exit status 0" field "$name" '{{.State.ExitCode}}' 0
        "$engine" rm -f -v "$name" >/dev/null
        "$engine" volume rm -f "$name" >/dev/null
    done

    title "$engine: --generate-key"
    check "the keeper generates a key in the image's /keys" "$engine" run -d --name made --network none --cap-drop ALL --security-opt no-new-privileges \
        -v made:/badges "$image" "${keep[@]}" --generate-key
    made() { "$engine" cp made:/badges/current.jwt "$work/made.jwt" && "$engine" cp made:/keys/private.jwk "$work/made.jwk" &&
        "$capiscio" key public --key "$work/made.jwk" >"$work/made.pub" && verifies "$work/made.jwt" "$work/made.pub"; }
    check "  and signs the badge with it" within 10 made
    "$engine" rm -f -v made >/dev/null

    title "$engine: health, hang, kill, full disk"
    key_of 65532:65532 life
    check "starts with 3 s badges and a health check every second" "$engine" run -d --name life "${hardened[@]}" \
        --health-interval 1s --health-retries 1 --health-start-period 1s -v "$work/life/keys:/keys:ro" -v life:/badges \
        "$image" "${keep[@]}" --exp 3s --renew-before 1s
    check "  becomes healthy" within 10 healthy life healthy
    local pid badge; pid=$("$engine" inspect --format '{{.State.Pid}}' life)
    kill -STOP "$pid"
    check "  stopped (SIGSTOP) past expiry: unhealthy" within 15 healthy life unhealthy
    kill -CONT "$pid"
    check "  continued (SIGCONT): healthy again" within 15 healthy life healthy
    kill -KILL "$pid"
    exited() { field life '{{.State.Running}}' false; }
    check "  ends after SIGKILL" within 10 exited
    check "  started again" "$engine" start life
    check "  healthy again" within 15 healthy life healthy
    badge=$work/life/now.jwt
    renewed() { "$engine" cp life:/badges/current.jwt "$badge" && verifies "$badge" "$work/life/public.jwk"; }
    check "  the badge verifies" within 10 renewed
    "$engine" rm -f -v life >/dev/null

    # A volume of 64 KiB, filled while the keeper runs: the old badge stays, and a new one follows when there is space.
    mkdir -p "$work/small"
    mount -t tmpfs -o size=64k,mode=777 small "$work/small"
    at_exit umount "$work/small"
    check "starts with a small volume" "$engine" run -d --name full "${hardened[@]}" -v "$work/life/keys:/keys:ro" -v "$work/small:/badges" \
        "$image" "${keep[@]}" --exp 10m --renew-before 10s
    check "  a badge appears" within 10 verifies "$work/small/current.jwt" "$work/life/public.jwk"
    head -c 100000 /dev/zero >"$work/small/filler" 2>/dev/null
    badge=$(cat "$work/small/current.jwt")
    kill -HUP "$("$engine" inspect --format '{{.State.Pid}}' full)"
    check "  full disk: the log names the cause" within 5 logged full "[Nn]o space"
    check "  and the old badge is unchanged" test "$badge" = "$(cat "$work/small/current.jwt")"
    rm "$work/small/filler"
    check "  space again: a new badge" within 15 differs "$work/small/current.jwt" "$badge"
    check "  that verifies" verifies "$work/small/current.jwt" "$work/life/public.jwk"
    check "  stops in less than 0.5 s" stops_quickly full
    "$engine" rm -f -v full >/dev/null
}
