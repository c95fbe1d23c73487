//! The log names the key that signs.

use crate::common::{Keeper, RFC_DID, Scratch, keep, run};

/// Another key in place of the one of RFC 8037, and its did:key.
fn exchange_key(scratch: &Scratch) -> String {
    scratch.remove("private.jwk");
    let made = run(scratch.path(), &["key", "gen", "--out-priv", "private.jwk", "--out-pub", "public.jwk"]);
    assert_eq!(made.code, Some(0), "{}", made.stderr);
    let did = run(scratch.path(), &["key", "public", "--key", "private.jwk", "--did"]).stdout;
    did.trim().to_owned()
}

fn shortened(did: &str) -> String {
    let id = did.strip_prefix("did:key:").unwrap();
    format!("{}...{}", &id[..4], &id[id.len() - 3..])
}

#[test]
fn json_lines_of_a_new_badge_have_the_whole_key() {
    let scratch = Scratch::with_key();
    let mut keeper = Keeper::start(&scratch, &[]);
    keeper.renew();
    let other = exchange_key(&scratch);
    keeper.renew();
    keeper.renew();
    let lines = keeper.lines();
    let issued = lines.iter().filter(|line| ["started", "renewed"].contains(&line.text("event")));
    let keys: Vec<_> = issued.map(|line| line.text("key")).collect();
    assert_eq!(keys, [RFC_DID, RFC_DID, &*other, &*other]);
}

#[test]
fn a_renewal_with_another_key_says_so_once() {
    for format in ["text", "json"] {
        let scratch = Scratch::with_key();
        let mut command = keep(&scratch, "badge.jwt");
        let mut keeper = Keeper::spawn(&scratch, command.args(["--log-format", format]), "badge.jwt");
        // Without a look at the form of a line.
        let count = |keeper: &Keeper, words: &str| keeper.log().matches(words).count();
        let renew = |keeper: &mut Keeper| {
            let before = count(keeper, "renewed by SIGHUP") + count(keeper, "renewed with another key");
            keeper.signal(libc::SIGHUP);
            keeper.until("a renewal", |keeper| {
                count(keeper, "renewed by SIGHUP") + count(keeper, "renewed with another key") > before
            });
        };
        keeper.until("the start", |keeper| count(keeper, "started: ") == 1);
        let short = shortened(RFC_DID);
        assert_eq!(count(&keeper, &format!("(key {short})")), 1, "{}", keeper.log());
        renew(&mut keeper);
        let other = shortened(&exchange_key(&scratch));
        renew(&mut keeper);
        keeper.until("the sentence", |keeper| count(keeper, &format!("renewed with another key ({other})")) == 1);
        renew(&mut keeper);
        assert_eq!(count(&keeper, "another key"), 1, "{}", keeper.log());
        assert_eq!(count(&keeper, "valid until "), 4, "{}", keeper.log());
        keeper.stop();
    }
}
