//! Too few descriptors: what can work works, and what is said names the cause and its cure.

use crate::common::{Keeper, Scratch, keep, wrap};

/// Every number from the three standard streams to enough. The keeper cannot watch or compare the file with some of
/// them, which is no evidence that another process changed it.
#[test]
fn a_low_limit_of_open_files_is_named_with_its_cure_and_never_taken_for_damage() {
    let mut working = Vec::new();
    for limit in 3..=16 {
        let scratch = Scratch::with_key();
        let limited = format!(r#"ulimit -n {limit}; exec "$@""#);
        let mut command = wrap(&["sh", "-c", &limited, "sh"], &keep(&scratch, "badge.jwt"));
        let mut keeper = Keeper::spawn(&scratch, &mut command, "badge.jwt");
        // A dynamic build does not even load with three.
        let loader = |keeper: &Keeper| keeper.log().contains("error while loading shared libraries");
        keeper.until("a start or an end", |keeper| {
            keeper.count("started") + keeper.count("failed") > 0 || loader(keeper)
        });
        if keeper.count("started") > 0 {
            // A renewal finds the state that the check after the first badge leaves.
            keeper.signal(libc::SIGHUP);
            keeper.until("a second badge", |keeper| keeper.count("renewed") + keeper.count("failed") > 0);
            working.push((limit, keeper.count("renewed")));
        }
        assert_eq!(keeper.count("damaged") + keeper.count("restored"), 0, "{limit}: {}", keeper.log());
        assert!(!keeper.log().contains("max_user_instances"), "{limit}: {}", keeper.log());
        let sentences = [keeper.messages("warning"), keeper.messages("failed")].concat();
        for sentence in sentences.iter().filter(|sentence| sentence.contains("os error 24")) {
            assert!(sentence.contains("ulimit -n 64, LimitNOFILE=64"), "{limit}: {sentence}");
            assert_eq!(sentences.iter().filter(|other| *other == sentence).count(), 1, "{limit}: {sentence}");
        }
    }
    assert!(working.len() > 5 && working.iter().all(|(_, renewed)| *renewed == 1), "{working:?}");
}
