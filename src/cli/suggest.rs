//! What follows an unknown name in its message: the nearest known one, or where the name belongs.

use super::command::{COMMANDS, CommandSpec};

/// Flags and commands of the original's later versions, which talk to a registry.
const REGISTRY_OPTIONS: [&str; 4] = ["--ca", "--api-key", "--agent-id", "--registry"];
const REGISTRY_COMMANDS: [&str; 8] =
    ["validate", "gateway", "trust", "badge request", "badge dv", "rpc", "score", "init"];

pub(super) fn for_option(spec: &CommandSpec, option: &str) -> String {
    if REGISTRY_OPTIONS.contains(&option) {
        return ": it belongs to the registry client, this program signs locally with --key; leave it out".into();
    }
    let name = option.strip_prefix("--");
    match name.and_then(|name| nearest(name, spec.flags().map(|flag| flag.name))) {
        Some(known) => [" (did you mean --", known, "?)"].concat(),
        None => String::new(),
    }
}

pub(super) fn for_command(name: &str) -> String {
    if REGISTRY_COMMANDS.contains(&name) {
        return ": it belongs to the registry client, this program signs and verifies locally".into();
    }
    match nearest(name, COMMANDS.iter().map(|spec| spec.name)) {
        Some(known) => [" (did you mean \"", known, "\"?)"].concat(),
        None => String::new(),
    }
}

/// The known name with the smallest edit distance, if that is at most a third of its length plus one.
fn nearest(name: &str, known: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    known
        .map(|candidate| (distance(name.as_bytes(), candidate.as_bytes()), candidate))
        .min()
        .filter(|(distance, candidate)| *distance <= candidate.len() / 3 + 1)
        .map(|(_, candidate)| candidate)
}

/// Levenshtein distance in bytes. Names above 40 bytes are not compared.
fn distance(one: &[u8], other: &[u8]) -> usize {
    if one.len() > 40 {
        return one.len();
    }
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
        assert_eq!(nearest("renew-befor", known.into_iter()), Some("renew-before"));
        assert_eq!(nearest("renewbefore", known.into_iter()), Some("renew-before"));
        assert_eq!(nearest("exq", known.into_iter()), Some("exp"));
        assert_eq!(nearest("verbose", known.into_iter()), None);
        assert_eq!(nearest(&"x".repeat(1000), known.into_iter()), None);
    }
}
