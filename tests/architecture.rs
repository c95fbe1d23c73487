//! The module map of docs/architecture.md holds: arrows go down only, and lower modules do not know the upper ones' terms.

use std::fs;
use std::path::{Path, PathBuf};

/// From top to bottom. A module uses only modules after it.
const MODULES: [&str; 10] =
    ["command", "cli", "keeper", "report", "error", "keystore", "file", "badge", "key", "encoding"];

fn sources(path: &Path) -> Vec<PathBuf> {
    if path.is_file() {
        return vec![path.to_owned()];
    }
    let entries = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path());
    entries
        .filter(|path| !path.ends_with("tests") && !path.ends_with("tests.rs"))
        .flat_map(|path| sources(&path))
        .collect()
}

/// The code of a module: file and text of each source, without unit tests.
fn module(name: &str) -> Vec<(PathBuf, String)> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let file = src.join(format!("{name}.rs"));
    let path = if file.exists() { file } else { src.join(name) };
    let code = |path: &Path| fs::read_to_string(path).unwrap().split("#[cfg(test)]").next().unwrap().to_owned();
    sources(&path).into_iter().map(|path| (path.clone(), code(&path))).collect()
}

/// The modules that a text names as `crate::NAME`.
fn uses(code: &str) -> Vec<&str> {
    let names = code.split("crate::").skip(1).map(|rest| rest.split(|c: char| !c.is_alphanumeric() && c != '_').next());
    names.map(Option::unwrap_or_default).collect()
}

#[test]
fn a_module_uses_only_modules_below_it() {
    for (at, name) in MODULES.iter().enumerate() {
        for (path, code) in module(name) {
            for used in uses(&code) {
                assert!(!MODULES[..at].contains(&used), "{} uses {used}", path.display());
            }
        }
    }
}

#[test]
fn pure_modules_use_neither_files_nor_system_calls() {
    for name in ["badge", "key", "encoding"] {
        for (path, code) in module(name) {
            let impure = uses(&code).into_iter().find(|used| ["file", "system"].contains(used));
            assert_eq!(impure, None, "{}", path.display());
            assert!(!code.contains("std::fs") && !code.contains("std::env"), "{}", path.display());
        }
    }
}

#[test]
fn system_uses_no_other_module_and_alone_has_unsafe_code() {
    for (path, code) in module("system") {
        assert!(uses(&code).iter().all(|used| *used == "system"), "{}", path.display());
    }
    for name in MODULES {
        for (path, code) in module(name) {
            assert!(!code.contains("unsafe "), "{}", path.display());
        }
    }
}

#[test]
fn the_file_module_knows_no_badge_key_keeper_or_flag() {
    for (path, code) in module("file") {
        let words = code.to_lowercase();
        for term in ["badge", "key", "keeper", "--"] {
            assert!(!words.contains(term), "{term} in {}", path.display());
        }
    }
}
