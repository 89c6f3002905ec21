//! A host that is killed at any moment: every event that it had accepted is handled once by the next, or is dead for
//! a reason that can be read.

pub mod kills;

use puppet_store::{SqliteStore, sqlite::Options};

use crate::support;
use kills::{Kills, nothing_twice, posts_agree};

/// Hosts that are killed in every run of the tests.
const KILLS: u64 = 50;

/// Others, whose posts stay in the folder.
const LOCAL: u64 = 14;

#[test]
fn what_leaves_does_so_once_however_often_the_host_is_killed() {
    let agents = support::fixtures().join("agents");
    let mut kills = Kills::on_a_network(&support::puppet, &agents, 2).unwrap();
    for _ in 0..KILLS {
        kills.kill().unwrap();
    }
    let summary = kills.end().unwrap();
    println!("{summary:?}");
    assert_eq!(summary.kills, KILLS);
    assert!(summary.posts > 100 && summary.given_up > 0 && summary.given_up < summary.accepted, "{summary:?}");
}

#[test]
fn every_accepted_event_has_one_end_however_often_the_host_is_killed() {
    let agents = support::fixtures().join("agents");
    let mut kills = Kills::new(&support::puppet, &agents, 1).unwrap();
    for _ in 0..LOCAL {
        kills.kill().unwrap();
    }
    let summary = kills.end().unwrap();
    println!("{summary:?}");
    assert_eq!(summary.kills, LOCAL);
    assert!(summary.effects > 0, "{summary:?}");
    assert!(summary.given_up > 0 && summary.given_up < summary.accepted, "{summary:?}");
}

#[test]
fn what_is_there_twice_or_paid_twice_is_found_out() {
    let effect = |id: &str, state: &str| {
        format!(
            "INSERT INTO outbox (id, state, agent, account, invocation, n, not_before, hops, body, attempts) \
             VALUES ('{id}', '{state}', 'ann', 'ann', 'inv_1', 0, 0, 0, '{{\"kind\":\"post\"}}', 1);"
        )
    };
    let spent = "INSERT INTO budgets VALUES ('agent', 'ann', 'pack', 'tweet', 'posts', 'hour', 0, 1, 0, 0)";
    let post = "INSERT INTO posts (id, number, author, text, at, conversation, media, hops, effect, part) \
                VALUES ('1', 1, 'ann', 'x', 0, '1', '[]', 0, 'eff_1', 0);";
    let wrong = [
        (effect("eff_1", "waiting") + &effect("eff_2", "waiting"), "1 decisions became two effects"),
        (post.to_owned(), "1 posts are of no effect"),
        (effect("eff_1", "done"), "1 effects are done and are not one post"),
        ("INSERT INTO open_reads VALUES ('inv_1', 0, '[]')".to_owned(), "1 paid reads are open"),
        (spent.to_owned(), "1 budgets of posts have lost other than what was decided"),
    ];
    for (rows, words) in wrong {
        assert_eq!(looked_at(&rows), Err(words.to_owned()));
    }
    assert_eq!(looked_at(&(effect("eff_1", "done") + post)), Ok(1));
}

/// What is said of these rows.
fn looked_at(rows: &str) -> Result<usize, String> {
    let folder = tempfile::tempdir().unwrap();
    SqliteStore::open(folder.path(), Options::default()).unwrap().close();
    let db = rusqlite::Connection::open(folder.path().join("puppet.db")).unwrap();
    db.execute_batch(rows).unwrap();
    nothing_twice(&db, true)
}

#[test]
fn a_post_that_is_there_twice_is_found_out() {
    let done = "INSERT INTO outbox (id, state, agent, account, invocation, n, not_before, hops, body, attempts, provider_id) \
                VALUES ('eff_1', 'done', 'ann', 'ann', 'inv_1', 0, 0, 0, '{\"kind\":\"post\"}', 1, '7')";
    let folder = tempfile::tempdir().unwrap();
    SqliteStore::open(folder.path(), Options::default()).unwrap().close();
    let db = rusqlite::Connection::open(folder.path().join("puppet.db")).unwrap();
    db.execute_batch(done).unwrap();
    let agree = |there: &[&str]| posts_agree(&there.iter().map(|post| (*post).to_owned()).collect::<Vec<_>>(), &db);
    assert_eq!(agree(&["7"]), Ok(()));
    assert!(agree(&["7", "8"]).unwrap_err().starts_with("1 posts are no effect's, and 0 effects are in doubt"));
    assert_eq!(agree(&[]), Err("eff_1 has posted, and its post 7 is not there".to_owned()));
    db.execute_batch(&done.replace("eff_1", "eff_2").replace("0, 0, 0", "1, 0, 0")).unwrap();
    assert_eq!(agree(&["7"]), Err("post 7 is taken for eff_2 and for eff_1".to_owned()));
}
