//! Names of variables: what is taken for a mistyped one of ours.

use super::{Variable, accept_with, parse_with};
use capiscio::cli::{COMMANDS, CommandSpec};

const KEEP: [&str; 5] = ["badge", "keep", "--key=k", "--sub=did:web:a", "--domain=a"];

/// The variables that other CapiscIO programs read, from the documentation and the sources of capiscio-core and its
/// gateway, capiscio-sdk-python, capiscio-mcp-python, capiscio-node, langchain-capiscio and their examples; without the prefix.
const OTHERS: &str = "
    ADMIN_JWT AGENT_BADGE AGENT_ID AGENT_NAME API_KEY API_URL BASE_DIR BINARY_PATH BREAKGLASS_PUBLIC_KEY
    BUNDLE_MAX_AGE BUNDLE_POLL_INTERVAL BUNDLE_STALENESS_THRESHOLD BUNDLE_URL CACHE_PATH CACHE_TTL
    CACHE_VALIDATION CORE_ADDR CORE_BIN CORE_PATH CORE_PORT CORE_VERSION DEV_MODE EMBEDDED_PDP ENFORCEMENT_MODE
    ENV EVIDENCE_DIR EVIDENCE_MODE FAIL_MODE GRPC_ADDRESS GRPC_SECURE ISSUER_URL KEY_DIR LOG_LEVEL MAX_CHAIN_DEPTH
    MIN_TRUST_LEVEL ORG_ID ORG_TRUST_BOUNDARY PDP_ENDPOINT PDP_TIMEOUT_MS PEP_ID RATE_LIMITING RATE_LIMIT_RPM
    REGISTRY_API_KEY REGISTRY_ENDPOINT REGISTRY_URL REQUIRE_SIGNATURES SERVER_DID SERVER_DOMAIN SERVER_ID
    SERVER_ORIGIN SERVER_PRIVATE_KEY SERVER_PRIVATE_KEY_PEM SERVER_URL SKIP_CHECKSUM TEST_AGENT_ID TEST_MODE
    TEST_SERVER TIMEOUT_MS TRUST_STORE_KEY VALIDATE_SCHEMA VALIDATE_UPSTREAM VERIFY_SIGNATURES
    VERIFY_UPSTREAM_SIGNATURES WORKSPACE
";

fn warnings(arguments: &[&str], names: &[&str]) -> Vec<String> {
    let variables: Vec<Variable> = names.iter().map(|name| (*name, "")).collect();
    accept_with(arguments, &variables).1
}

/// Our own variables, without the prefix.
fn ours() -> Vec<String> {
    let flags = COMMANDS.iter().filter(|spec| spec.name == "badge keep").flat_map(CommandSpec::flags);
    let names = flags.map(|flag| flag.variable().trim_start_matches("CAPISCIO_").to_owned());
    names.chain(["AGENT_PRIVATE_KEY_JWK".to_owned()]).collect()
}

#[test]
fn a_mistyped_variable_is_warned_about_with_the_name_it_resembles() {
    let rows = [
        ("CAPISCIO_EXPP", "EXP"),
        ("CAPISCIO_SUBJ", "SUB"),
        ("CAPISCIO_KEYS", "KEY"),
        ("CAPISCIO_LEVELS", "LEVEL"),
        ("CAPISCIO_DOMIAN", "DOMAIN"),
        ("CAPISCIO_RENEWBEFORE", "RENEW_BEFORE"),
        ("CAPISCIO_RENEW_BEFOR", "RENEW_BEFORE"),
        ("CAPISCIO_OUTMODE", "OUT_MODE"),
        ("CAPISCIO_AGENT_PRIVATE_KEY_JWT", "AGENT_PRIVATE_KEY_JWK"),
    ];
    for (name, meant) in rows {
        let expected = format!("unknown variable {name} is ignored (did you mean CAPISCIO_{meant}?)");
        assert_eq!(warnings(&KEEP, &[name]), [&*expected]);
        assert_eq!(warnings(&[&["badge", "issue"], &KEEP[2..]].concat(), &[name]), [expected]);
    }
}

#[test]
fn short_names_are_one_edit_apart_and_longer_ones_two() {
    let is_warned = |name: &str| !warnings(&KEEP, &[&format!("CAPISCIO_{name}")]).is_empty();
    assert!(is_warned("LEVE") && !is_warned("LEV"));
    assert!(is_warned("DOMA") && !is_warned("DOM"));
    assert!(is_warned("UT") && !is_warned("O") && !is_warned(""));
}

#[test]
fn no_variable_of_ours_or_of_other_programs_is_warned_about() {
    // Kubernetes sets these for each Service, here for ones that are named after our variables.
    let services = ours().into_iter().flat_map(|name| {
        let endings = ["PORT", "PORT_443_TCP", "PORT_443_TCP_ADDR", "SERVICE_HOST", "SERVICE_PORT"];
        endings.map(|ending| format!("{name}_{ending}"))
    });
    let mut names: Vec<String> =
        ["PORT", "SERVICE_HOST", "SERVICE_PORT", "SERVICE_PORT_HTTPS"].map(String::from).into();
    names.extend(OTHERS.split_whitespace().map(String::from));
    names.extend(services);
    for name in names.iter().chain(&ours()) {
        assert_eq!(warnings(&KEEP, &[&format!("CAPISCIO_{name}")]), [""; 0], "{name}");
    }
    assert_eq!(warnings(&KEEP, &["CAPISCI_EXP", "EXPP", "capiscio_expp"]), [""; 0], "another prefix");
}

#[test]
fn commands_that_read_no_variables_do_not_warn() {
    for arguments in
        [&["badge", "health"][..], &["badge", "verify", "-"], &["key", "gen"], &["key", "public", "--key=k"]]
    {
        assert_eq!(warnings(arguments, &["CAPISCIO_EXPP"]), [""; 0], "{arguments:?}");
    }
}

#[test]
fn an_error_names_the_mistyped_variable_in_the_same_line() {
    let Err(error) = parse_with(&["badge", "keep"], &[("CAPISCIO_KEYS", "private.jwk")]) else { panic!("accepted") };
    let expected = "--key is missing: give the private key, or make one: capiscio key gen; \
                    unknown variable CAPISCIO_KEYS is ignored (did you mean CAPISCIO_KEY?); see capiscio badge keep --help";
    assert_eq!(error.to_string(), expected);
}

#[test]
fn a_name_with_control_characters_is_escaped() {
    let warnings = warnings(&KEEP, &["CAPISCIO_EXP\u{1b}"]);
    assert!(warnings[0].contains("CAPISCIO_EXP\\u001b"), "{warnings:?}");
}

#[test]
fn the_format_of_an_error_is_the_log_format_that_was_read_before_it() {
    let format = |arguments: &[&str], variables: &[Variable]| match parse_with(arguments, variables) {
        Err(error) => error.json_log,
        Ok(_) => panic!("{arguments:?} is accepted"),
    };
    let json = ("CAPISCIO_LOG_FORMAT", "json");
    assert_eq!(format(&["badge", "keep", "--log-format=json", "stray"], &[]), Some(true));
    assert_eq!(format(&["badge", "keep", "stray", "--log-format=json"], &[]), Some(false), "not read yet");
    assert_eq!(format(&["badge", "keep", "--exp=x", "--log-format=json"], &[]), Some(true));
    assert_eq!(format(&["badge", "keep", "stray"], &[json]), Some(true));
    assert_eq!(format(&["badge", "keep"], &[json]), Some(true));
    assert_eq!(format(&["badge", "keep", "--log-format=text", "stray"], &[json]), Some(false));
    assert_eq!(format(&["badge", "keep", "--log-format=xml"], &[json]), Some(false));
    assert_eq!(format(&["badge", "keep", "--log-format"], &[json]), Some(true));
    for other in [&["badge", "issue", "--log-format=json", "stray"][..], &["badge", "kep"], &["badge", "health", "--x"]]
    {
        assert_eq!(format(other, &[json]), None, "only keep has a log");
    }
}
