//! The table of commands.

use super::arguments::{self, Request};
use super::flags::{BADGE, GEN, HEALTH, ISSUE, KEEP, KEEPING, PUBLIC, Spec, VERIFY};
use super::given::Args;

/// What the command line and the help know about a command.
pub struct CommandSpec {
    /// Its name, two arguments: `badge keep`.
    pub name: &'static str,
    /// What it does, in a sentence.
    pub about: &'static str,
    /// A command line that works.
    pub example: &'static str,
    flags: &'static [&'static [&'static Spec]],
    /// The paragraphs at the end of its help page.
    pub notes: &'static [&'static str],
    /// The exit status of a wrong command line.
    pub(super) wrong_usage: u8,
    /// It is `badge keep`: a wrong command line is a line of its log, and a command may follow `--`.
    pub(super) is_keeper: bool,
    /// Its flags may come from the environment.
    pub(super) reads_variables: bool,
    /// Reads its typed arguments.
    pub(super) parse: fn(&mut Args) -> Request,
}

impl CommandSpec {
    /// Every flag, in the order of the help, and the operand.
    pub fn flags(&self) -> impl Iterator<Item = &'static Spec> {
        self.flags.iter().copied().flatten().copied()
    }

    /// The argument that has no flag.
    pub fn operand(&self) -> Option<&'static Spec> {
        self.flags().find(|flag| flag.is_operand())
    }
}

const ENVIRONMENT: &str = "Each flag may also come from the environment: --renew-before from CAPISCIO_RENEW_BEFORE. \
    The flag takes precedence; an empty variable counts as unset; switches take 1, 0, true or false.";

/// Every command, in the order of the help.
pub static COMMANDS: [CommandSpec; 6] = [
    CommandSpec {
        name: "badge keep",
        about: "Keeps a valid badge in a file: issues one at start and renews it before it expires.",
        example: "capiscio badge keep --sub did:web:agent.example.com \\\n    \
              --domain agent.example.com --key private.jwk --out badge.jwt",
        flags: &[BADGE, KEEP, KEEPING],
        notes: &[
            ENVIRONMENT,
            "Durations are Go's: 90s, 1h30m, 1.5h. SIGHUP renews now; SIGTERM and SIGINT stop the keeper and leave \
             the badge in place.",
            "CAPISCIO_AGENT_PRIVATE_KEY_JWK may hold the key itself when neither --key nor CAPISCIO_KEY is given.",
            "COMMAND, the agent, starts when the first badge is in place, with BADGE_FILE in its environment. It gets \
             SIGTERM, SIGINT, SIGQUIT, SIGUSR1 and SIGUSR2 instead of the keeper, which ends when COMMAND ends, with its \
             exit status.",
            "Exit status: 0 stopped by a signal; 1 files, keys, locks, clock; 2 command line or environment; with \
             COMMAND its own, 126 or 127 if it cannot be started.",
        ],
        wrong_usage: 2,
        is_keeper: true,
        reads_variables: true,
        parse: arguments::keep,
    },
    CommandSpec {
        name: "badge issue",
        about: "Issues one badge, to stdout or to a file.",
        example: "capiscio badge issue --sub did:web:agent.example.com \\\n    \
              --domain agent.example.com --key private.jwk",
        flags: &[BADGE, ISSUE, KEEPING],
        notes: &[
            ENVIRONMENT,
            "--renew-before, --check-interval and --log-format are checked and have no further effect here.",
            "Exit status: 0 issued; 1 files, keys, locks, clock; 2 command line or environment.",
        ],
        wrong_usage: 2,
        is_keeper: false,
        reads_variables: true,
        parse: arguments::issue,
    },
    CommandSpec {
        name: "badge health",
        about: "Checks whether the badge in a file is usable, for people, monitoring and container probes.",
        example: "capiscio badge health --min-remaining 5m ./badge.jwt",
        flags: &[HEALTH],
        notes: &["Exit status: 0 OK; 1 WARNING; 2 CRITICAL; 3 command line."],
        wrong_usage: 3,
        is_keeper: false,
        reads_variables: false,
        parse: arguments::health,
    },
    CommandSpec {
        name: "badge verify",
        about: "Verifies a badge by the rules of the badge specification, offline.",
        example: "capiscio badge verify --key public.jwk --file badge.jwt",
        flags: &[VERIFY],
        notes: &["Exit status: 0 valid; 1 invalid; 2 command line."],
        wrong_usage: 2,
        is_keeper: false,
        reads_variables: false,
        parse: arguments::verify,
    },
    CommandSpec {
        name: "key gen",
        about: "Generates an Ed25519 key pair: private.jwk (mode 0600) and public.jwk.",
        example: "capiscio key gen --out-priv private.jwk --out-pub public.jwk",
        flags: &[GEN],
        notes: &["Exit status: 0 generated; 1 files; 2 command line."],
        wrong_usage: 2,
        is_keeper: false,
        reads_variables: false,
        parse: arguments::key_gen,
    },
    CommandSpec {
        name: "key public",
        about: "Prints the public half of a private key.",
        example: "capiscio key public --key private.jwk > public.jwk",
        flags: &[PUBLIC],
        notes: &["Exit status: 0 printed; 1 files and keys; 2 command line."],
        wrong_usage: 2,
        is_keeper: false,
        reads_variables: false,
        parse: arguments::key_public,
    },
];
