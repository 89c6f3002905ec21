//! A host that is killed at any moment: every event that it had accepted is handled once by the next, or is dead for
//! a reason that can be read.

mod kills;

use crate::support;
use kills::Kills;

/// Hosts that are killed in every run of the tests.
const KILLS: u64 = 50;

#[test]
fn every_accepted_event_has_one_end_however_often_the_host_is_killed() {
    let agents = support::fixtures().join("agents");
    let mut kills = Kills::new(&support::puppet, &agents, 1).unwrap();
    for _ in 0..KILLS {
        kills.kill().unwrap();
    }
    let summary = kills.end().unwrap();
    println!("{summary:?}");
    assert_eq!(summary.kills, KILLS);
    assert!(summary.effects > 0, "{summary:?}");
    assert!(summary.given_up > 0 && summary.given_up < summary.accepted, "{summary:?}");
}
