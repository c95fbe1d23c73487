//! Runs the fuzz corpus (start inputs and past failures) through the properties with plain `cargo test`.

#[path = "../fuzz/properties.rs"]
mod properties;

use std::fs;
use std::path::Path;

type Property = fn(&[u8]);

/// The fuzz targets, each with the property that must hold for every input.
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
fn every_corpus_input_satisfies_its_property() {
    let mut failed = Vec::new();
    for (target, property) in TARGETS {
        let files = corpus(target);
        assert!(!files.is_empty(), "{target} has no corpus");
        for (name, bytes) in files {
            if std::panic::catch_unwind(|| property(&bytes)).is_err() {
                failed.push(format!("{target}/{name}"));
            }
        }
    }
    assert!(failed.is_empty(), "{failed:#?}");
}

#[test]
fn truncated_and_doubled_corpus_inputs_satisfy_their_property() {
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
fn every_target_is_in_fuzz_run_and_in_cargo_toml() {
    let read = |name| fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz").join(name)).unwrap();
    let (script, manifest) = (read("run"), read("Cargo.toml"));
    let names = TARGETS.map(|(name, _)| name);
    assert!(script.contains(&format!("targets=({})", names.join(" "))));
    for name in names {
        assert!(manifest.contains(&format!("name = \"{name}\"\npath = \"targets/{name}.rs\"\n")), "{name}");
    }
}
