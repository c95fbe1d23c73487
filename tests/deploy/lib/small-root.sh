# A root directory like a small board's: busybox and our binary, nothing else.
# shellcheck shell=bash
# shellcheck disable=SC2154 # common.sh sets `capiscio`

# small_root DIRECTORY
small_root() {
    mkdir -p "$1"/{bin,sbin,dev,proc,sys,tmp,run,mnt,etc/init.d,etc/default,etc/capiscio,usr/bin,usr/sbin,usr/local/bin,var/log}
    ln -sfn ../run "$1/var/run"
    local applet
    for applet in $(/bin/busybox --list); do ln -s busybox "$1/bin/$applet"; done
    rm "$1/bin/busybox"    # the list includes busybox itself
    install -m 755 /bin/busybox "$1/bin/busybox"
    ln -s ../bin/busybox "$1/sbin/init"
    install -m 755 "$capiscio" "$1/usr/local/bin/capiscio"
    printf 'root:x:0:0:root:/:/bin/sh\nagent:x:1000:1000:agent:/:/bin/sh\n' >"$1/etc/passwd"
    printf 'root:x:0:\nagent:x:1000:\n' >"$1/etc/group"
}
