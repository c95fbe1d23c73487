//! The regressions of the fuzzer, and the first inputs that it starts from, hold with plain `cargo test` as well.

#[path = "../fuzz/properties.rs"]
mod properties;

use std::fs;
use std::path::Path;

type Property = fn(&[u8]);

/// The fuzzer's targets, each with what must hold for every input.
const TARGETS: [(&str, Property); 7] = [
    ("badge", properties::badge),
    ("durations", properties::durations),
    ("encoding", properties::encoding),
    ("flags", properties::flags),
    ("json", properties::json),
    ("jwk", properties::jwk),
    ("names", properties::names),
];

/// Every file of a target's corpus: its name and its bytes.
fn corpus(target: &str) -> Vec<(String, Vec<u8>)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let files = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap());
    files.map(|file| (file.file_name().into_string().unwrap(), fs::read(file.path()).unwrap())).collect()
}

#[test]
fn every_input_of_the_corpus_keeps_its_promises() {
    let mut broken = Vec::new();
    for (target, property) in TARGETS {
        let files = corpus(target);
        assert!(!files.is_empty(), "{target} has no corpus");
        for (name, bytes) in files {
            if std::panic::catch_unwind(|| property(&bytes)).is_err() {
                broken.push(format!("{target}/{name}"));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn so_does_everything_that_a_truncated_or_doubled_input_is() {
    for (target, property) in TARGETS {
        for (_, bytes) in corpus(target) {
            for end in (0..bytes.len()).step_by(bytes.len() / 8 + 1) {
                property(&bytes[..end]);
            }
            property(&bytes.repeat(2));
        }
    }
}

#[test]
fn each_target_is_run_by_the_script_and_known_to_cargo() {
    let read = |name| fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz").join(name)).unwrap();
    let (script, manifest) = (read("run"), read("Cargo.toml"));
    let names = TARGETS.map(|(name, _)| name);
    assert!(script.contains(&format!("targets=({})", names.join(" "))));
    for name in names {
        assert!(manifest.contains(&format!("name = \"{name}\"\npath = \"targets/{name}.rs\"\n")), "{name}");
    }
}
