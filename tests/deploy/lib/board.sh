# A small board: a virtual machine with Debian's cloud kernel, busybox and our binary only. Runs without KVM.
# shellcheck shell=bash
# shellcheck disable=SC2154 # common.sh sets `here`, `work` and `cache`
# shellcheck source=small-root.sh
. "$here/lib/small-root.sh"

# board_kernel: unpacks vmlinuz and modules from the downloaded package into $work/kernel.
board_kernel() {
    mkdir -p "$work/kernel"
    dpkg-deb --fsys-tarfile "$cache"/linux-image-*-cloud-amd64_*.deb | tar -x -C "$work/kernel" --wildcards './boot/vmlinuz-*' './lib/modules/*/kernel/drivers/md/*' './lib/modules/*/kernel/drivers/block/brd.ko'
}

# board_inside ROOT: writes /lib.sh for the scripts on the board. They print results in the form of `check` to the serial line.
board_inside() {
    cat >"$1/lib.sh" <<'EOF'
export PATH=/bin:/sbin:/usr/local/bin
check() {
    what=$1
    shift
    if output=$("$@" 2>&1); then
        echo "ok - $what" >/dev/ttyS0
    else
        printf 'not ok - %s\n    ran: %s\n%s\n' "$what" "$*" "$output" >/dev/ttyS0
    fi
}
# within SECONDS COMMAND...: in boot time, which `date -s` does not change.
uptime_ms() { IFS=' .' read -r s hundredths rest </proc/uptime; echo $((s * 1000 + ${hundredths#0} * 10)); }
within() {
    end=$(($(uptime_ms) + $1 * 1000))
    shift
    while ! "$@" >/dev/null 2>&1; do
        if [ "$(uptime_ms)" -ge $end ]; then
            "$@"
            return
        fi
        usleep 20000
    done
}
not() { ! "$@"; }
EOF
}

# board_boot ROOT SECONDS [QEMU ARGUMENTS]: runs until the machine powers itself off; writes its console to $work/console.
board_boot() {
    local root=$1 seconds=$2
    shift 2
    (cd "$root" && find . | cpio --quiet -o -H newc) >"$work/initramfs"
    timeout --kill-after=5 "$seconds" qemu-system-x86_64 -accel tcg -m 256 -display none -nodefaults -no-reboot -serial "file:$work/console" \
        -kernel "$work"/kernel/boot/vmlinuz-* -initrd "$work/initramfs" -append "console=ttyS0 quiet panic=-1 rdinit=/sbin/init" "$@" </dev/null
}

# board_verdict: prints and counts the board's results. "the board is done" must be its last line.
board_verdict() {
    tr -d '\r' <"$work/console" | grep -Ea '^(ok|not ok|    |#)' || true
    passed=$((passed + $(grep -Eac '^ok - ' "$work/console")))
    failed=$((failed + $(grep -Eac '^not ok - ' "$work/console")))
    check "the board finished its script and powered off" grep -qa 'the board is done' "$work/console"
    [ $failed -eq 0 ] || tail -n 30 "$work/console"
}
