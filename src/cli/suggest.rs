//! What follows an unknown name in its message: the nearest known one, or where the name belongs.

use super::command::CommandSpec;
use super::error::quoted;
use super::flags::{KEY_VARIABLE, Spec};

/// How the names of this program's variables begin.
const PREFIX: &str = "CAPISCIO_";

/// Flags and commands of the original's later versions, which talk to a registry.
const REGISTRY_OPTIONS: [&str; 4] = ["--ca", "--api-key", "--agent-id", "--registry"];
const REGISTRY_COMMANDS: [&str; 7] = ["validate", "gateway", "trust", "badge request", "badge dv", "score", "init"];

/// The end of the message about an unknown option or command.
pub(super) fn hint(name: &str, known: Vec<&'static str>) -> String {
    if name == "rpc" {
        // capiscio-sdk starts the first `capiscio` of $PATH as its server.
        return ": it is a server of the registry client; set CAPISCIO_BINARY to its path".into();
    }
    if REGISTRY_OPTIONS.contains(&name) || REGISTRY_COMMANDS.contains(&name) {
        return ": it belongs to the registry client; this program signs locally, with --key".into();
    }
    nearest(name, known).map_or(String::new(), |known| format!(" (did you mean {known}?)"))
}

/// The known name with the smallest edit distance, if that is at most a third of its length plus one.
fn nearest(name: &str, known: Vec<&'static str>) -> Option<&'static str> {
    let ranked = known.into_iter().map(|candidate| (distance(name.as_bytes(), candidate.as_bytes()), candidate));
    let (distance, candidate) = ranked.min()?;
    (distance <= candidate.trim_start_matches('-').len() / 3 + 1).then_some(candidate)
}

/// A warning for each variable that is probably a mistyped one of the command: one edit away from it, or two where more
/// than five letters follow the prefix.
///
/// No name of another CapiscIO program and of no Kubernetes Service is that near (`tests/cli/variables.rs`).
pub(super) fn unknown_variables(names: &[&str], spec: &CommandSpec) -> Vec<String> {
    let mut known = vec![KEY_VARIABLE.to_owned()];
    known.extend(spec.flags().map(Spec::variable));
    let mut warnings = Vec::new();
    for name in names.iter().filter(|name| name.starts_with(PREFIX) && !known.iter().any(|known| known == *name)) {
        let edits = |known: &String| if known.len() > PREFIX.len() + 5 { 2 } else { 1 };
        if let Some(meant) = known.iter().find(|known| distance(name.as_bytes(), known.as_bytes()) <= edits(known)) {
            let name = quoted(name.as_ref());
            warnings.push(format!("unknown variable {name} is ignored (did you mean {meant}?)"));
        }
    }
    warnings
}

/// Levenshtein distance in bytes.
fn distance(one: &[u8], other: &[u8]) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in other.iter().enumerate() {
            let change = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn suggests_the_nearest_name_and_nothing_for_nonsense() {
        let known = ["renew-before", "exp", "key", "out"];
        assert_eq!(nearest("renew-befor", known.to_vec()), Some("renew-before"));
        assert_eq!(nearest("renewbefore", known.to_vec()), Some("renew-before"));
        assert_eq!(nearest("exq", known.to_vec()), Some("exp"));
        assert_eq!(nearest("verbose", known.to_vec()), None);
        assert_eq!(nearest("--min", vec!["--json"]), None, "dashes do not make names alike");
        assert_eq!(nearest(&"x".repeat(1000), known.to_vec()), None);
        assert_eq!(nearest("kxx", vec!["key"]), Some("key"), "a third of the length and one: two edits");
        assert_eq!(nearest("xxx", vec!["key"]), None);
    }
}
