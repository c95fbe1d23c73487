//! With everything configured that tells an agent, the keeper sleeps between two events.

use crate::common::{Keeper, Scratch, until};
use crate::programs::{Agent, RECORD, children, lines, script, wait_for_lines, with_child};
use crate::tools::{Traced, cpu_ticks, sleeps, wait_until_idle};
use std::thread::sleep;
use std::time::Duration;

/// Whatever the keeper was asked to do last, it sleeps in one call of poll(2) without a time-out.
fn assert_asleep(keeper: &Keeper, after: &str) {
    wait_until_idle(keeper);
    let before = (sleeps(keeper), cpu_ticks(keeper));
    sleep(Duration::from_millis(300));
    assert_eq!((sleeps(keeper), cpu_ticks(keeper)), before, "after {after}");
}

#[test]
fn a_keeper_that_tells_in_every_way_sleeps_between_events() {
    let scratch = Scratch::with_key();
    let agent = Agent::recording(&scratch);
    scratch.write("agent.pid", agent.pid().to_string());
    let hook = script(&scratch, "hook", RECORD);
    let arguments = ["--hook", &*hook, "--signal-pid-file", "agent.pid", "--metrics-file", "badge.prom"];
    let mut command = with_child(&scratch, &arguments, "exec sleep 1000");
    let mut keeper = Keeper::start_command(&scratch, &mut command, "badge.jwt");
    let told = |keeper: &mut Keeper, runs: usize| {
        wait_for_lines(keeper, &scratch, "runs", runs);
        wait_for_lines(keeper, &scratch, "got", 1 + runs);
        until("only the child", || children(keeper.pid()).len() == 1);
    };
    told(&mut keeper, 1);
    assert_asleep(&keeper, "the start");
    keeper.renew();
    told(&mut keeper, 2);
    assert_asleep(&keeper, "a renewal");
    scratch.remove("badge.jwt");
    keeper.wait_for("restored");
    told(&mut keeper, 3);
    assert_asleep(&keeper, "a restore");
    assert_eq!(lines(&scratch, "runs").len(), 3);
}

/// Between the call that sleeps and the next event is no other one, also 6 s after a hook has ended: no timer of its
/// time limit is left.
#[test]
#[ignore = "needs strace"]
fn no_call_follows_the_end_of_a_hook() {
    let scratch = Scratch::with_key();
    let hook = script(&scratch, "hook", RECORD);
    let mut traced = Traced::spawn(&scratch, &[], &["--hook", &*hook, "--metrics-file", "badge.prom"]);
    traced.keeper.wait_for("started");
    wait_for_lines(&mut traced.keeper, &scratch, "runs", 1);
    until("the hook has ended", || children(traced.keeper.pid()).is_empty());
    wait_until_idle(&traced.keeper);
    let begin = format!("{} ", traced.keeper.pid());
    let calls =
        |traced: &Traced| traced.lines().into_iter().filter(|line| line.starts_with(&begin)).collect::<Vec<_>>();
    let before = calls(&traced);
    let last = before.last().unwrap();
    assert!(last.contains("poll(") && last.contains("-1") || last.contains("NULL"), "no time-out: {last}");
    sleep(Duration::from_secs(6));
    assert_eq!(calls(&traced), before);
    traced.keeper.stop();
}
