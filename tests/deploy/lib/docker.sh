# A docker engine of our own, without networks. Defines start_docker; afterwards `docker` and `docker-compose` speak to it.
# shellcheck shell=bash

# Debian's client: another one that is first in PATH may want plug-ins.
docker() { DOCKER_BUILDKIT=1 /usr/bin/docker "$@"; }

stop_docker() { kill "$dockerd"; wait "$dockerd"; umount -R "$work/docker"; rmdir /sys/fs/cgroup/{,*/}docker; }

start_docker() {
    # No default bridge, no iptables: the keeper needs no network, and a test changes nothing of the host.
    # Its files lie on a tmpfs of their own: the engine's data root must not be an overlay.
    mkdir -p "$work/docker"
    mount -t tmpfs -o mode=711 docker "$work/docker"
    dockerd --host "unix://$work/docker/s" --data-root "$work/docker/data" --exec-root "$work/docker/exec" --pidfile "$work/docker/pid" \
        --iptables=false --ip6tables=false --bridge=none --ip-masq=false >"$work/dockerd.log" 2>&1 &
    dockerd=$!
    at_exit stop_docker
    export DOCKER_HOST=unix://$work/docker/s DOCKER_CONFIG=$work/docker-config
    mkdir -p "$DOCKER_CONFIG"
    check "docker engine $(dockerd --version | awk '{print $3}' | tr -d ,) starts" within 30 docker info
    [ $failed -eq 0 ] || tail -n 5 "$work/dockerd.log"
}

# image_context DIRECTORY: what the image files copy, with the binary under test where they look for it.
image_context() {
    mkdir -p "$1/target/x86_64-unknown-linux-musl/release"
    cp "$repo"/{Dockerfile.scratch,Containerfile,.dockerignore,Cargo.toml,Cargo.lock} "$1/"
    cp -r "$repo/src" "$1/"
    mkdir -p "$1/contrib" && cp -r "$repo/contrib/image" "$1/contrib/"
    echo secret >"$1/private.jwk"    # must not reach the engine
    cp "$capiscio" "$1/target/x86_64-unknown-linux-musl/release/capiscio"
}
