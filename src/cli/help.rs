//! Pages that a person likes to read: an example first, then the flags, all from the one table.

use super::flags::{COMMANDS, Command, Flag};

/// The help for everything whose words begin with `said`.
pub fn help(said: &str) -> String {
    match COMMANDS.iter().find(|command| command.words == said) {
        Some(command) => page(command),
        None => index(said),
    }
}

fn index(said: &str) -> String {
    let mut text = String::from(
        "capiscio keeps an agent's trust badge fresh: it signs the badge, replaces the file atomically, and sleeps\n\
         until the next one is due.\n\nStart here:\n\n  capiscio badge keep --generate-key --key private.jwk --out badge.jwt\n\nCommands:\n\n",
    );
    for command in COMMANDS.iter().filter(|command| command.words.starts_with(said)) {
        row(&mut text, command.words, command.about);
    }
    text.push_str("\nEvery command explains itself: capiscio badge keep --help\n");
    text
}

fn page(command: &Command) -> String {
    let mut text = format!("{}\n\n  {}\n\nUsage: capiscio {} [flags]", command.about, command.example, command.words);
    if !command.operand.is_empty() {
        text.push(' ');
        text.push_str(command.operand);
    }
    text.push_str("\n\nFlags:\n\n");
    for flag in command.all_flags() {
        let space = if flag.is_switch() { "" } else { " " };
        row(&mut text, &["--", flag.name, space, flag.value].concat(), &about(flag));
    }
    row(&mut text, "--help, -h", "this page");
    text.push('\n');
    if command.environment {
        text.push_str(
            "Each flag may also come from the environment: --renew-before from CAPISCIO_RENEW_BEFORE. The flag wins;\n\
             an empty variable counts as unset; switches take 1, 0, true or false.\n",
        );
    }
    text.push_str(command.notes);
    text.push('\n');
    text
}

fn about(flag: &Flag) -> String {
    if flag.default.is_empty() { flag.about.into() } else { format!("{} [{}]", flag.about, flag.default) }
}

fn row(text: &mut String, name: &str, about: &str) {
    const NAME: usize = 26;
    text.push_str("  ");
    text.push_str(name);
    for _ in name.chars().count()..NAME {
        text.push(' ');
    }
    text.push_str(about);
    text.push('\n');
}
