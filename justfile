# The commands of this project. Without just, README.md names the plain ones.

target := "x86_64-unknown-linux-musl"

# what there is
default:
    @just --list

# the static file
build:
    cargo build --release --target {{target}}

# a keeper, here and now
run *arguments:
    cargo run --release -- badge keep --generate-key --key private.jwk --out badge.jwt {{arguments}}

# the tests that need nothing but Rust
test:
    cargo test

# formatting and lints, warnings are errors
lint:
    cargo fmt --check
    cargo clippy --all-targets -- -D warnings

# everything that decides whether a change lands
ci:
    .ci/run

# how large the static file is, and whether that is within the budget
size:
    tests/budget/size

# the file and its sha256, as a release carries them, in dist/
dist:
    tests/budget/dist

# how little memory a keeper needs, and that ten thousand renewals need no more
memory:
    tests/budget/memory

# the smallest build
tiny:
    tests/budget/tiny

# never torn, never lost: real faults, long campaigns (root)
file-test:
    tests/file/campaign

# other people's libraries, both ways
interop:
    tests/interop/run

# three minutes of fuzzing
fuzz:
    fuzz/run

# real engines and init systems (root)
deploy-test *which:
    tests/deploy/install
    tests/deploy/run {{which}}

# the table of measurements
bench:
    benches/bench.sh
