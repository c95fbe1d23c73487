//! The one table of commands and flags: parsing, `--help`, the environment's names and the tests come from it.

/// One flag of a command.
pub struct Flag {
    /// Its name without the dashes.
    pub name: &'static str,
    /// What stands for its value in the help, and tells what it takes: nothing (a switch), FILE, DURATION, with a comma a
    /// list, else text.
    pub value: &'static str,
    /// Its default as the help shows it; empty where there is none.
    pub default: &'static str,
    /// What it does, in half a sentence.
    pub about: &'static str,
}

/// One command, as it is typed.
pub struct Command {
    /// The words after `capiscio`.
    pub words: &'static str,
    /// What it does, in a sentence.
    pub about: &'static str,
    /// What may stand behind the flags; empty for nothing.
    pub operand: &'static str,
    /// A line that works, escaped first.
    pub example: &'static str,
    /// Its flags, group by group.
    pub flags: &'static [&'static [Flag]],
    /// Whether its flags are read from the environment, too.
    pub environment: bool,
    /// What the help says last.
    pub notes: &'static str,
}

impl Command {
    /// Its flag of this name.
    pub fn flag(&self, name: &str) -> Option<&'static Flag> {
        self.all_flags().find(|flag| flag.name == name)
    }

    /// Every flag, in the order of the help.
    pub fn all_flags(&self) -> impl Iterator<Item = &'static Flag> {
        self.flags.iter().copied().flatten()
    }
}

impl Flag {
    const fn new(name: &'static str, value: &'static str, default: &'static str, about: &'static str) -> Flag {
        Flag { name, value, default, about }
    }

    const fn switch(name: &'static str, about: &'static str) -> Flag {
        Flag::new(name, "", "", about)
    }

    /// Whether it is on or off and takes no value of its own.
    pub fn is_switch(&self) -> bool {
        self.value.is_empty()
    }

    /// Whether its value is a path, which may be any bytes; every other value is text.
    pub fn is_path(&self) -> bool {
        self.value == "FILE"
    }

    /// Whether its value is a duration.
    pub fn is_duration(&self) -> bool {
        self.value == "DURATION"
    }

    /// Whether each further use adds to the ones before.
    pub fn is_list(&self) -> bool {
        self.value.contains(',')
    }

    /// The environment variable that stands for it: `--renew-before` is `CAPISCIO_RENEW_BEFORE`.
    pub fn variable(&self) -> String {
        format!("CAPISCIO_{}", self.name.to_ascii_uppercase().replace('-', "_"))
    }
}

/// The agent's DID where nobody says another: a test value that is warned about.
pub const TEST_SUBJECT: &str = "did:capiscio:agent:test";
/// The agent's domain where nobody says another: a test value that is warned about.
pub const TEST_DOMAIN: &str = "example.com";

const BADGE: &[Flag] = &[
    Flag::new("sub", "DID", TEST_SUBJECT, "the agent's DID"),
    Flag::new("domain", "HOST", TEST_DOMAIN, "the agent's host name; \"\" leaves it out at levels 0 and 1"),
    Flag::new("iss", "ISSUER", "https://registry.capisc.io", "the issuer: an HTTPS origin or a DID"),
    Flag::new("aud", "NAME,...", "", "who may accept the badge; a list with commas, and may be repeated"),
    Flag::new("level", "0-4", "1", "the trust level that the badge claims"),
    Flag::switch("self-sign", "level 0: issuer and subject are the did:key of the key itself"),
    Flag::new("exp", "DURATION", "1h", "how long each badge is valid; whole seconds"),
    Flag::new("key", "FILE", "", "the private key, an Ed25519 JWK (required)"),
    Flag::switch("generate-key", "make the key if the file is not there; never replaces one"),
];

const KEEPING: &[Flag] = &[
    Flag::new("renew-before", "DURATION", "10m", "renew this long before the end (or a third of --exp, if shorter)"),
    Flag::new(
        "check-interval",
        "DURATION",
        "1m",
        "look at the file this often where the kernel cannot tell of changes; given, it also caps the sleep",
    ),
    Flag::new("out-mode", "OCTAL", "0600", "permissions of the badge file"),
    Flag::new("out-group", "GID", "", "group of the badge file, a number"),
    Flag::new("log-format", "text|json", "text", "how log lines on stderr look"),
];

const KEEP: &[Flag] = &[
    Flag::new("out", "FILE", "badge.jwt", "the file that always holds a valid badge"),
    Flag::new("ready-fd", "N", "", "write a newline there once the first badge stands (s6, OpenRC); 3 or above"),
];

const ISSUE: &[Flag] = &[Flag::new(
    "out",
    "FILE",
    "",
    "write the badge there instead of to stdout; - is stdout, also where CAPISCIO_OUT is set",
)];

/// Every command of the program.
pub const COMMANDS: &[Command] = &[
    Command {
        words: "badge keep",
        about: "Keeps a valid badge in a file: issues one at once, renews it before its end, for ever.",
        operand: "",
        example: "capiscio badge keep --sub did:web:agent.example.com --domain agent.example.com --key private.jwk --out badge.jwt",
        flags: &[BADGE, KEEP, KEEPING],
        environment: true,
        notes: "Durations are Go's: 90s, 1h30m, 1.5h. SIGHUP renews now; SIGTERM and SIGINT stop and leave the badge.\n\
                CAPISCIO_AGENT_PRIVATE_KEY_JWK may hold the key itself when neither --key nor CAPISCIO_KEY is given.\n\
                Exit codes: 0 stopped as asked; 1 files, keys, locks, clock; 2 the command line or the environment.",
    },
    Command {
        words: "badge issue",
        about: "Issues one badge, to stdout or to a file.",
        operand: "",
        example: "capiscio badge issue --sub did:web:agent.example.com --domain agent.example.com --key private.jwk",
        flags: &[BADGE, ISSUE, KEEPING],
        environment: true,
        notes: "--renew-before and --check-interval are checked and have no further effect here.\n\
                Exit codes: 0 issued; 1 files, keys, locks, clock; 2 the command line or the environment.",
    },
    Command {
        words: "badge health",
        about: "Says whether the badge in a file is usable, for people, monitoring and container probes.",
        operand: "[FILE]",
        example: "capiscio badge health --min-remaining 5m ./badge.jwt",
        flags: &[&[
            Flag::new("out", "FILE", "badge.jwt", "the file; else CAPISCIO_OUT, then BADGE_FILE"),
            Flag::new("min-remaining", "DURATION", "5m", "WARNING when less is left; 0s: only an unusable badge fails"),
            Flag::new("key", "FILE", "", "also check the signature with this public or private JWK"),
            Flag::switch("json", "print one JSON object"),
            Flag::switch("quiet", "print nothing, only exit"),
        ]],
        environment: false,
        notes: "Exit codes: 0 OK, 1 WARNING, 2 CRITICAL, 3 the command line is wrong.",
    },
    Command {
        words: "badge verify",
        about: "Verifies a badge by the rules of the badge specification, offline.",
        operand: "[TOKEN | -]",
        example: "capiscio badge verify --key public.jwk --file badge.jwt",
        flags: &[&[
            Flag::new("file", "FILE", "", "read the badge from a file; - as TOKEN reads stdin"),
            Flag::new("key", "FILE", "", "the public JWK to check the signature with"),
            Flag::switch("accept-self-signed", "without --key: accept level 0 badges, by the key in their did:key"),
            Flag::new("trusted-issuers", "A,B", "", "accept only these issuers; may be repeated"),
            Flag::new("audience", "NAME", "", "demand that the badge is meant for this audience"),
            Flag::new("skew", "DURATION", "60s", "how far clocks may differ"),
            Flag::switch("json", "print one JSON object"),
            Flag::switch("offline", "accepted; without effect, because this is always offline"),
            Flag::switch("skip-revocation", "accepted; without effect, because no registry is asked"),
            Flag::switch("skip-agent-status", "accepted; without effect, because no registry is asked"),
        ]],
        environment: false,
        notes: "Exit codes: 0 valid, 1 invalid, 2 the command line is wrong.",
    },
    Command {
        words: "key gen",
        about: "Makes an Ed25519 key pair: private.jwk (mode 0600) and public.jwk.",
        operand: "",
        example: "capiscio key gen --out-priv private.jwk --out-pub public.jwk",
        flags: &[&[
            Flag::new("out-priv", "FILE", "private.jwk", "the private key; an existing one is never replaced"),
            Flag::new("out-pub", "FILE", "public.jwk", "the public key"),
            Flag::new("out-did", "FILE", "", "also write the did:key there"),
            Flag::switch("show-did", "print the did:key"),
            Flag::switch("force", "replace an existing private key"),
        ]],
        environment: false,
        notes: "Exit codes: 0 made, 1 files, 2 the command line is wrong.",
    },
    Command {
        words: "key public",
        about: "Prints the public half of a private key.",
        operand: "",
        example: "capiscio key public --key private.jwk > public.jwk",
        flags: &[&[
            Flag::new("key", "FILE", "", "the private key (required)"),
            Flag::switch("did", "print the did:key instead of the JWK"),
        ]],
        environment: false,
        notes: "Exit codes: 0 printed, 1 files, keys, 2 the command line is wrong.",
    },
];
