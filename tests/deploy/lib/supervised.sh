# A mount namespace with the paths and the user of contrib/s6 and contrib/runit (binary, key, /run, /var/log).
# The services run in it; their control files, under $work, are visible outside, too.
# shellcheck shell=bash
# shellcheck disable=SC2154 # common.sh sets `work` and `capiscio`

stop_private() { kill -KILL "$private"; wait "$private"; }

# private_host: makes the namespace. `inside COMMAND...` then runs a command in it.
private_host() {
    mkdir -p "$work/private"
    new_key "$work/key"
    cp /etc/passwd /etc/group "$work/private/"
    echo 'capiscio:x:990:' >>"$work/private/group"
    echo 'capiscio:x:990:990::/:/bin/false' >>"$work/private/passwd"
    public=$work/key/public.jwk
    CAPISCIO=$capiscio WORK=$work unshare --mount --propagation private bash -ec '
        mount -t tmpfs run /run
        mount -t tmpfs log /var/log
        mkdir -p "$WORK"/usr-local-bin "$WORK/etc-upper" "$WORK/etc-work"
        cp "$CAPISCIO" "$WORK/usr-local-bin/capiscio"
        mount --bind "$WORK/usr-local-bin" /usr/local/bin
        mount -t overlay -o "lowerdir=/etc,upperdir=$WORK/etc-upper,workdir=$WORK/etc-work" etc /etc
        cp "$WORK/private/passwd" /etc/passwd
        cp "$WORK/private/group" /etc/group
        mkdir -p /etc/capiscio
        install -m 400 -o 990 -g 990 "$WORK/key/private.jwk" /etc/capiscio/private.jwk
        touch "$WORK/.mounted"
        exec sleep infinity' &
    private=$!
    at_exit stop_private
    within 5 test -e "$work/.mounted"
}
inside() { nsenter -t "$private" -m "$@"; }
badge_inside=/run/capiscio/current.jwt
badge_verifies() { inside /usr/local/bin/capiscio badge verify --file $badge_inside --key "$public"; }
badge_differs() { local now; now=$(inside cat $badge_inside) && [ "$now" != "$1" ] && badge_verifies; }
mode_is() { local got; got=$(inside stat -c '%a %U %G' $badge_inside); echo "$got"; [ "$got" = "$1" ]; }
another() { local now; now=$(keeper); echo "keeper $now, before $1"; [ "${now:-0}" -gt 0 ] && [ "$now" != "$1" ]; }
