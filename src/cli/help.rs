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
    text.push_str("\nEach command has a page of its own: capiscio badge keep --help\n");
    text
}

/// The page of a command.
pub(super) fn page(spec: &CommandSpec) -> String {
    let mut text = String::new();
    fill(&mut text, spec.about, 0, 0);
    let operand = spec.operand.map_or("", |operand| operand.placeholder);
    let space = if operand.is_empty() { "" } else { " " };
    let usage = ["\n\nUsage: capiscio ", spec.name, " [flags]", space, operand, "\n\nFlags:\n\n"];
    text.push_str(&["\n  ", spec.example, &usage.concat()].concat());
    for flag in spec.flags() {
        let space = if flag.placeholder.is_empty() { "" } else { " " };
        let default = if flag.default.is_empty() || flag.kind == Kind::Switch {
            String::new()
        } else {
            [" [", flag.default, "]"].concat()
        };
        row(&mut text, &["--", flag.name, space, flag.placeholder].concat(), &[flag.help, &default].concat());
    }
    row(&mut text, "--help, -h", "this page");
    text.push('\n');
    if spec.environment {
        fill(
            &mut text,
            "Each flag may also come from the environment: --renew-before from CAPISCIO_RENEW_BEFORE. The flag takes \
             precedence; an empty variable counts as unset; switches take 1, 0, true or false.",
            0,
            0,
        );
    }
    for paragraph in spec.notes.lines() {
        fill(&mut text, paragraph, 0, 0);
    }
    text
}

fn row(text: &mut String, name: &str, about: &str) {
    text.push_str(&["  ", name].concat());
    fill(text, about, 2 + name.len(), COLUMN);
}

/// Appends a paragraph from `indent` on to a line that is `column` characters long, and a newline.
fn fill(text: &mut String, paragraph: &str, mut column: usize, indent: usize) {
    for word in paragraph.split(' ') {
        if column > indent && column + 1 + word.len() > WIDTH {
            text.push('\n');
            column = 0;
        } else if column > indent {
            text.push(' ');
            column += 1;
        }
        while column < indent {
            text.push(' ');
            column += 1;
        }
        text.push_str(word);
        column += word.len();
    }
    text.push('\n');
}
