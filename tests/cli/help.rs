use super::print;
use capiscio::cli::{COMMANDS, Kind};

fn on_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn each_level_has_help_with_an_example_first_and_every_flag() {
    for words in [&["--help"][..], &["-h"], &["help"], &[], &["badge"], &["badge", "--help"], &["help", "key"]] {
        assert!(print(words).contains("Commands:"), "{words:?}");
    }
    assert!(!print(&["help", "key"]).contains("badge issue"));
    for command in &COMMANDS {
        let words: Vec<&str> = command.name.split(' ').collect();
        let page = print(&[&words[..], &["--help"]].concat());
        for form in [
            [&words[..], &["-h"]].concat(),
            [&["help"], &words[..]].concat(),
            [&words[..1], &["help"], &words[1..]].concat(),
        ] {
            assert_eq!(print(&form), page, "{form:?}");
        }
        if command.operand().is_none() {
            assert_eq!(print(&[&words[..], &["help"]].concat()), page);
        }
        assert!(page.find(command.example).unwrap() < page.find("Usage:").unwrap(), "{}", command.name);
        let page = on_one_line(&page);
        for flag in command.flags() {
            let row = on_one_line(&format!("{} {} {}", flag.name, flag.placeholder, flag.help));
            assert!(page.contains(&row), "{row} is missing in: {page}");
        }
    }
}

#[test]
fn no_help_page_is_wider_than_80_columns() {
    let pages = COMMANDS.iter().map(|command| format!("help {}", command.name));
    for page in pages.chain(["help".into(), "help badge".into(), "help key".into()]) {
        let text = print(&page.split(' ').collect::<Vec<_>>());
        for line in text.lines() {
            assert!(line.chars().count() <= 80 && line.trim_end() == line, "{page}: {line}");
        }
    }
}

#[test]
fn help_comes_before_errors_in_what_follows() {
    assert_eq!(print(&["badge", "keep", "--exp", "1x", "--help", "--bogus"]), print(&["badge", "keep", "--help"]));
}

#[test]
fn the_version_is_the_packages() {
    for form in ["--version", "-V"] {
        assert_eq!(print(&[form]), format!("capiscio {}\n", env!("CARGO_PKG_VERSION")));
    }
}

#[test]
fn a_variable_is_named_after_its_flag() {
    let flag = COMMANDS[0].flags().find(|flag| flag.name == "--renew-before").unwrap();
    assert_eq!(flag.variable(), "CAPISCIO_RENEW_BEFORE");
}

/// The rows of the README's table of options: flag and default.
fn readme_options() -> Vec<(String, String)> {
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    let section = readme.split("### Options\n").nth(1).unwrap().split("\n### ").next().unwrap();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `").filter(|row| row.starts_with("--")));
    let mut options: Vec<_> = rows
        .map(|row| {
            let cells: Vec<&str> = row.split('|').map(|cell| cell.trim().trim_matches('`')).collect();
            (cells[0].to_owned(), cells[1].replace("(required)", ""))
        })
        .collect();
    options.sort();
    options
}

#[test]
fn the_readme_lists_the_flags_of_keep_with_their_defaults() {
    let keep = COMMANDS.iter().find(|command| command.name == "badge keep").unwrap();
    let shown = |kind, default: &str| if kind == Kind::Switch { String::new() } else { default.to_owned() };
    let mut table: Vec<_> = keep.flags().map(|flag| (flag.name.to_owned(), shown(flag.kind, flag.default))).collect();
    table.sort();
    assert_eq!(readme_options(), table);
}
