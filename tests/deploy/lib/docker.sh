# A separate docker engine without networks. After start_docker, `docker` and `docker-compose` use it.
# shellcheck shell=bash
# shellcheck disable=SC2154 # common.sh sets `work`, `repo`, `capiscio` and `failed`

# Debian's client: another one in PATH may need plug-ins.
docker() { DOCKER_BUILDKIT=1 /usr/bin/docker "$@"; }

stop_docker() { kill "$dockerd"; wait "$dockerd"; umount -R "$work/docker"; rmdir /sys/fs/cgroup/{,*/}docker; }

start_docker() {
    # No default bridge and no iptables: the keeper needs no network, and the test must not change the host.
    # The data root is a tmpfs because it must not be on an overlay.
    mkdir -p "$work/docker"
    mount -t tmpfs -o mode=711 docker "$work/docker"
    dockerd --host "unix://$work/docker/s" --data-root "$work/docker/data" --exec-root "$work/docker/exec" --pidfile "$work/docker/pid" \
        --iptables=false --ip6tables=false --bridge=none --ip-masq=false >"$work/dockerd.log" 2>&1 &
    dockerd=$!
    at_exit stop_docker
    export DOCKER_HOST=unix://$work/docker/s DOCKER_CONFIG=$work/docker-config
    mkdir -p "$DOCKER_CONFIG"
    check "docker engine $(dockerd --version | awk '{print $3}' | tr -d ,) starts" within 30 docker info
    [ "$failed" -eq 0 ] || tail -n 5 "$work/dockerd.log"
}

# image_context DIRECTORY: makes a build context, with the binary under test at the path that the image files copy.
image_context() {
    mkdir -p "$1/target/x86_64-unknown-linux-musl/release"
    cp "$repo"/{Dockerfile.scratch,Containerfile,.dockerignore,Cargo.toml,Cargo.lock,build.rs} "$1/"
    cp -r "$repo/src" "$1/"
    mkdir -p "$1/contrib" && cp -r "$repo/contrib/image" "$1/contrib/"
    echo secret >"$1/private.jwk"    # must not reach the engine
    cp "$capiscio" "$1/target/x86_64-unknown-linux-musl/release/capiscio"
}
