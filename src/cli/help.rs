//! Help from the tables, at most 80 columns wide: an example first, then the flags.

use super::command::{COMMANDS, CommandSpec};
use super::flags::Kind;

const WIDTH: usize = 80;
/// Where the description begins in a table of names and descriptions.
const COLUMN: usize = 28;

/// The commands whose names begin with `prefix`.
pub(super) fn index(prefix: &str) -> String {
    let mut text = String::from(
        "capiscio signs an agent's trust badge, writes it to a file atomically, and\n\
         renews it before it expires.\n\nStart here:\n\n  \
         capiscio badge keep --generate-key --key private.jwk --out badge.jwt\n\nCommands:\n\n",
    );
    for spec in COMMANDS.iter().filter(|spec| spec.name.starts_with(prefix)) {
        row(&mut text, spec.name, spec.about);
    }
    text + "\nEach command has a page of its own: capiscio badge keep --help\n"
}

/// The page of a command.
pub(super) fn page(spec: &CommandSpec) -> String {
    let mut text = String::new();
    fill(&mut text, spec.about, 0);
    let operand = spec.operand().map_or(String::new(), |operand| format!(" [{}]", operand.name));
    let operand = if spec.is_keeper { " [-- COMMAND [ARGS]]" } else { &operand };
    text += &format!("\n  {}\n\nUsage: capiscio {} [flags]{operand}\n\nArguments:\n\n", spec.example, spec.name);
    for flag in spec.flags() {
        let mut help = flag.help.to_owned();
        if !flag.default.is_empty() && flag.kind != Kind::Switch {
            help += &format!(" [{}]", flag.default);
        }
        row(&mut text, &format!("{} {}", flag.name, flag.placeholder), &help);
    }
    row(&mut text, "--help, -h", "this page");
    text.push('\n');
    spec.notes.iter().for_each(|note| fill(&mut text, note, 0));
    text
}

fn row(text: &mut String, name: &str, about: &str) {
    *text += &format!("  {name:<26}");
    fill(text, about, COLUMN);
}

/// Appends a paragraph and a newline. The text ends at column `indent`, where each further line begins.
fn fill(text: &mut String, paragraph: &str, indent: usize) {
    let mut column = indent;
    for word in paragraph.split(' ') {
        if column + word.len() > WIDTH {
            *text += &format!("\n{:indent$}", "");
            column = indent;
        } else if column > indent {
            text.push(' ');
        }
        *text += word;
        column += word.len() + 1;
    }
    text.push('\n');
}
