# Shortcuts for the commands of this project; README.md lists the commands themselves.

target := "x86_64-unknown-linux-musl"

# list the recipes
default:
    @just --list

# build the static release file
build:
    cargo build --release --target {{target}}

# run a keeper in this directory, with a new key
run *arguments:
    cargo run --release -- badge keep --generate-key --key private.jwk --out badge.jwt {{arguments}}

# the tests that need only Rust
test:
    cargo test

# formatting and lints, warnings are errors
lint:
    cargo fmt --check
    cargo clippy --all-targets -- -D warnings

# format, lints, documentation and tests: before each commit
fast:
    .ci/fast

# the full tier, which decides whether a change lands (root)
ci:
    .ci/run

# check the size of the release file against its budget
size:
    tests/budget/size

# make the release file and its sha256 in dist/
dist:
    tests/budget/dist

# check a keeper's memory against its budget, also after 10,000 renewals
memory:
    tests/budget/memory

# make the smallest build and check its size
tiny:
    tests/budget/tiny

# test the badge file with injected faults and long runs (root)
file-test:
    tests/file/campaign

# let many keepers meet random faults, for 30 minutes or SECONDS (root)
soak *arguments:
    tests/soak/run {{arguments}}

# exchange badges and keys with other JOSE libraries
interop:
    tests/interop/run

# change one expression of src/MODULE at a time and list what no test notices (root, up to an hour)
mutants module *shard:
    tests/mutants/run {{module}} {{shard}}

# fuzz for three minutes
fuzz:
    fuzz/run

# test the shipped deployments on real engines and init systems (root)
deploy-test *which:
    tests/deploy/install
    tests/deploy/run {{which}}

# count system calls and instructions and check them against their budgets
counts:
    tests/budget/calls
    tests/budget/instructions

# measure and print the benchmark table, also of OTHER keepers
bench *others:
    cargo bench --target {{target}} -- {{others}}
