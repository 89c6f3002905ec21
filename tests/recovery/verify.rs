//! `puppet verify`: what must always hold is looked for, and each thing that does not is named by its rule.

use std::path::Path;

use serde_json::Value;

use puppet_types::ids;

use super::{copy, imported, lived, sql, value};
use crate::support::{Running, list, run};

fn verify(data: &Path, code: i32) -> Value {
    run(data, &["verify", "--json", "--data", data.to_str().unwrap()]).exits(code).json()
}

/// What is against the rules: (rule, how).
fn violations(data: &Path) -> Vec<(String, String)> {
    let told = verify(data, 1);
    assert_eq!(told["ok"], false);
    let of = |rule: &Value| {
        let name = rule["rule"].as_str().unwrap().to_owned();
        let how = list(rule, "violations").iter().map(|how| how.as_str().unwrap().to_owned()).collect::<Vec<_>>();
        how.into_iter().map(move |how| (name.clone(), how)).collect::<Vec<_>>()
    };
    list(&told, "rules").iter().flat_map(of).collect()
}

#[test]
fn a_folder_that_was_lived_in_holds_every_rule() {
    let told = verify(lived(), 0);
    assert_eq!(told["ok"], true);
    for rule in list(&told, "rules") {
        // Nobody installed anything or traded, and nothing was broken off.
        let may_be_empty = [
            "packs-are-what-was-installed",
            "strikes-are-counted",
            "reservations-are-open-while-they-are-needed",
            "logs-end-where-their-purses-stand",
            "swaps-are-told-in-order",
        ];
        let checked = rule["checked"].as_u64().unwrap();
        assert!(checked > 0 || may_be_empty.contains(&rule["rule"].as_str().unwrap()), "{rule}");
    }
    let plain = run(lived(), &["verify", "--data", "."]).exits(0);
    assert!(plain.stdout.contains("every-event-has-one-end: "), "{}", plain.stdout);
    assert!(plain.stderr.contains("looking at entries of the journal"), "{}", plain.stderr);
}

/// An entry that ended well and posted something, and whose effect was done.
const POSTED: &str = "(SELECT j.seq FROM journal j JOIN outbox o ON o.invocation = j.id \
                      WHERE j.outcome = 'ok' AND o.state = 'done' ORDER BY j.seq LIMIT 1)";

/// An entry that ended well and decided nothing that left.
const QUIET: &str = "(SELECT seq FROM journal WHERE outcome = 'ok' AND id NOT IN (SELECT invocation FROM outbox) \
                     AND seq NOT IN (SELECT journal FROM remembered) AND decisions NOT LIKE '%emit%' ORDER BY seq DESC LIMIT 1)";

/// What is done to a folder, and the one rule that is against it, with what it says.
fn damages() -> Vec<(String, &'static str, &'static str)> {
    let entry = |sql: &str| sql.replace("POSTED", POSTED).replace("QUIET", QUIET);
    [
        (
            "PRAGMA writable_schema = ON;
             UPDATE sqlite_master SET sql = replace(sql, '''dead''', '''done''') WHERE name = 'events_dead'",
            "file-is-whole",
            "missing from index events_dead",
        ),
        ("UPDATE outbox SET body = '{' WHERE seq = 1", "rows-read-back", "outbox"),
        ("UPDATE journal_rows SET reads = '{' WHERE seq = QUIET", "rows-read-back", "a row of journal does not read back"),
        (
            "UPDATE journal_rows SET id = cast(x'ff6162' AS text) WHERE seq = 12",
            "rows-read-back",
            "a row of journal with seq 12, id \u{fffd}ab: invalid utf-8",
        ),
        (
            "UPDATE event_rows SET payload = cast(x'ff6162' AS text) WHERE id = (SELECT min(id) FROM event_rows);
             UPDATE event_rows SET id = 'evt_hurt' WHERE id = (SELECT min(id) FROM event_rows)",
            "rows-read-back",
            "a row of events with id evt_hurt: invalid utf-8",
        ),
        (
            "UPDATE outbox SET body = cast(x'ff6162' AS text) WHERE seq = 1",
            "rows-read-back",
            "a row of outbox with seq 1, id eff_",
        ),
        (
            "UPDATE posts SET text = cast(x'ff6162' AS text) WHERE effect IN (SELECT id FROM outbox WHERE state = 'done')",
            "rows-read-back",
            "a row of posts with id ",
        ),
        ("UPDATE journal_rows SET fuel = 'much' WHERE seq = 12", "rows-read-back", "a row of journal with seq 12, id inv_"),
        ("UPDATE event_rows SET state = 'gone' WHERE seq = 1", "rows-read-back", "state gone"),
        ("DELETE FROM journal_rows WHERE seq = QUIET", "every-event-has-one-end", "no invocation in the journal handled it"),
        (
            "UPDATE event_rows SET state = 'waiting' WHERE seq = (SELECT event FROM journal WHERE seq = QUIET)",
            "every-event-has-one-end",
            "and is waiting",
        ),
        (
            "UPDATE event_rows SET state = 'dead', reason = 'x' WHERE seq = (SELECT event FROM journal WHERE seq = POSTED);
             UPDATE journal_rows SET outcome = 'failed', message = 'x' WHERE seq = POSTED",
            "a-failure-changes-nothing",
            "ended as failed and has effects: 1",
        ),
        (
            "UPDATE event_rows SET state = 'dead', reason = 'x' WHERE seq = (SELECT event FROM journal WHERE seq = QUIET);
             INSERT INTO remembered SELECT (SELECT min(row) FROM memories), QUIET;
             UPDATE journal_rows SET outcome = 'failed', message = 'x' WHERE seq = (SELECT max(journal) FROM remembered WHERE memory = (SELECT min(row) FROM memories))",
            "a-failure-changes-nothing",
            "which did not end well",
        ),
        ("DELETE FROM outbox WHERE seq = 1", "effects-are-what-was-decided", "is in the outbox 0 times instead of once"),
        (
            "UPDATE outbox SET body = replace(body, '\"text\":\"', '\"text\":\"No. ') WHERE seq = (SELECT min(seq) FROM outbox WHERE body LIKE '%\"post\"%')",
            "effects-are-what-was-decided",
            "is not what inv_",
        ),
        (
            "INSERT INTO posts SELECT 'post_twice', 999999, author, text, at, in_reply_to, quotes, conversation, thread, \
             media, hops, effect, 1, 0 FROM posts WHERE effect IN (SELECT id FROM outbox WHERE body LIKE '%\"post\"%') LIMIT 1",
            "an-effect-happens-once",
            "was posted 2 times: at most 1",
        ),
        (
            "UPDATE outbox SET provider_id = (SELECT provider_id FROM outbox WHERE state = 'done' AND provider_id <> '' LIMIT 1) \
             WHERE seq = (SELECT max(seq) FROM outbox WHERE state = 'done' AND provider_id <> '')",
            "an-effect-happens-once",
            "made the same post",
        ),
        (
            "INSERT INTO outbox (id, state, agent, account, invocation, n, not_before, hops, body, attempts) \
             SELECT 'eff_x', 'failed', agent, account, 'inv_none', n, not_before, hops, body, 1 FROM outbox ORDER BY seq DESC LIMIT 1",
            "effects-have-invocations",
            "effect eff_x: there is no invocation inv_none",
        ),
        (
            "INSERT INTO journal SELECT (SELECT max(seq) + 1 FROM journal), 'inv_lost', at, agent, 999999, plugin, version, digest, \
             persona, settings, outcome, code, message, retry_at, fuel, peak_memory, strikes, timing, host_calls, reads, \
             decisions, log, seed, unreplayable FROM journal WHERE seq = QUIET",
            "entries-have-events",
            "inv_lost speaks of event number 999999",
        ),
        (
            "INSERT INTO timers SELECT 'nobody', plugin, name, rule, next, payload, led_by FROM timers LIMIT 1",
            "timers-have-agents",
            "there is no agent nobody",
        ),
        (
            "UPDATE event_rows SET state = 'dead', reason = 'x' WHERE seq = (SELECT event FROM journal WHERE seq = QUIET);
             UPDATE journal_rows SET outcome = 'breach', code = 'trap', message = 'x' WHERE seq = QUIET",
            "strikes-are-counted",
            "has 1 breaches in the journal, and strikes of revision 0",
        ),
        (
            "UPDATE budgets SET used = 0, overrun = 0 WHERE capability = 'llm' AND amount = 'tokens'",
            "what-was-spent-is-booked",
            "by the journal, and 0 are booked",
        ),
        (
            "INSERT INTO kept_reads SELECT id, 0, '{\"n\":0,\"capability\":\"llm\",\"operation\":\"chat\",\"request\":null,\
             \"answer\":null,\"status\":\"ok\",\"cost\":{\"tokens\":0,\"usd_micros\":0}}' FROM journal WHERE seq = QUIET",
            "answers-are-kept-while-they-are-needed",
            "whose event is done",
        ),
        (
            "INSERT INTO kept_reads SELECT id, 0, '{\"n\":0,\"capability\":\"llm\",\"operation\":\"chat\",\"request\":null,\
             \"answer\":null,\"status\":\"ok\",\"cost\":{\"tokens\":0,\"usd_micros\":0}}' FROM journal WHERE seq = QUIET;
             UPDATE event_rows SET state = 'dead', reason = 'mailbox-full' WHERE seq = (SELECT event FROM journal WHERE seq = QUIET);
             UPDATE journal_rows SET outcome = 'failed', message = 'x' WHERE seq = QUIET",
            "answers-are-kept-while-they-are-needed",
            "whose event is dead",
        ),
        (
            "INSERT INTO open_reads SELECT id, 0, '[]' FROM journal WHERE seq = QUIET",
            "reservations-are-open-while-they-are-needed",
            "is open, and its event has ended",
        ),
        (
            "INSERT INTO purses VALUES ('main', 1, 0, '{}');
             INSERT INTO purse_log VALUES ('main', 1, 'step', 0, '{}'), ('main', 2, 'step', 0, '{}')",
            "logs-end-where-their-purses-stand",
            "entry 2 of purse main comes after 1, where it stands",
        ),
        (
            "INSERT INTO purse_log VALUES ('main', 1, 'step', 0, '{}')",
            "logs-end-where-their-purses-stand",
            "entry 1 is of purse main, which is not there",
        ),
        (
            "INSERT INTO purses VALUES ('main', 1, 0, '{}'); INSERT INTO purse_log VALUES ('main', 1, 'step', 0, '{')",
            "rows-read-back",
            "a row of purse_log does not read back: seq 1: ",
        ),
        (
            "INSERT INTO swaps VALUES ('s1', 0, 'w', 0, 0, '{}', 1), ('s1', 2, 'w', 0, 0, '{}', 0)",
            "swaps-are-told-in-order",
            "swap s1 has a gap, or goes on after its end",
        ),
        (
            "INSERT INTO swaps VALUES ('s1', 0, 'w', 0, 1, '{}', 0), ('s1', 1, 'w', 0, 1, '{}', 0)",
            "swaps-are-told-in-order",
            "swap s1 has a gap, or goes on after its end",
        ),
        (
            "INSERT INTO swaps VALUES ('s1', 0, 'w', 0, 0, '{}', 0)",
            "swaps-are-told-in-order",
            "swap s1 is not over, and nobody would take it up",
        ),
        (
            "INSERT INTO swaps VALUES ('s1', 0, 'w', 0, 1, '{}', 1)",
            "swaps-are-told-in-order",
            "swap s1 is over, and would be taken up",
        ),
    ]
    .map(|(sql, rule, says)| (entry(sql), rule, says))
    .into()
}

#[test]
fn every_rule_finds_what_is_against_it_and_nothing_else() {
    for (damage, rule, says) in damages() {
        let folder = tempfile::tempdir().unwrap();
        copy(lived(), folder.path());
        sql(folder.path(), &damage);
        let found = violations(folder.path());
        assert!(!found.is_empty() && found.iter().all(|(name, _)| name == rule), "{damage}: {found:?}");
        assert!(found.iter().any(|(_, how)| how.contains(says)), "{damage}: {found:?}");
    }
}

/// Also one that went to everybody, and of which only another agent's copy is left.
#[test]
fn an_event_that_a_failure_left_is_found_with_whoever_it_went_to() {
    let folder = tempfile::tempdir().unwrap();
    copy(lived(), folder.path());
    let quiet = QUIET.to_owned();
    let entry: String = value(folder.path(), &format!("SELECT id FROM journal WHERE seq = {quiet}"));
    let of_entry = format!("SELECT agent FROM journal WHERE id = '{entry}'");
    let other: String = value(folder.path(), &format!("SELECT id FROM agents WHERE id <> ({of_entry})"));
    let emit = serde_json::json!([{ "n": 0, "kind": "emit", "body": {
        "event_kind": "news", "target": "all", "priority": "normal", "payload": {}, "delay_ms": 0,
    } }]);
    let left = ids::derive("evt", &[&ids::derive("evt", &[&entry, "0"]), &other]);
    let damage = format!(
        "UPDATE event_rows SET state = 'dead', reason = 'x' WHERE seq = (SELECT event FROM journal WHERE id = '{entry}');
         UPDATE journal_rows SET outcome = 'failed', message = 'x', decisions = '{emit}' WHERE id = '{entry}';
         INSERT INTO event_rows (id, state, attempts, kind, source, agent, priority, at, payload, hops) \
         SELECT '{left}', 'waiting', 0, kind, source, agent, priority, at, payload, 0 FROM event_rows LIMIT 1"
    );
    sql(folder.path(), &damage);
    let says = format!("{entry} ended as failed and left event {left}");
    assert_eq!(violations(folder.path()), [("a-failure-changes-nothing".to_owned(), says)]);
}

#[test]
fn a_pack_whose_files_were_changed_is_named() {
    let desk = crate::packs::Desk::new();
    let archive = desk.built("lamp", "0.1.0", 4, "");
    desk.run(&["install", &archive, "--allow-unsigned"]).exits(3);
    desk.run(&["run", "--for", "1s"]).exits(0);
    let data = desk.path().join(".puppet");
    let packs = |told: &Value| {
        let rules = list(told, "rules");
        rules.iter().find(|rule| rule["rule"] == "packs-are-what-was-installed").unwrap().clone()
    };
    assert_eq!(packs(&verify(&data, 0))["checked"], 1);
    let version = std::fs::read_dir(data.join("packs/lamp")).unwrap().next().unwrap().unwrap().path();
    std::fs::write(version.join("prompts/system.md"), "You are a bomb.\n").unwrap();
    let told = packs(&verify(&data, 1));
    assert!(told["violations"][0].as_str().unwrap().starts_with("lamp 0.1.0: "), "{told}");
}

#[test]
fn a_host_at_work_is_no_violation() {
    let folder = imported();
    let data = folder.path().join(".puppet");
    let host = Running::start(folder.path(), &data, &[]);
    std::thread::scope(|scope| {
        let sender = scope.spawn(|| {
            for n in 0..12 {
                let payload = format!("{{\"topic\": \"storm {n}\", \"force\": true}}");
                let kind = if n % 3 == 0 { "command_post" } else { "news" };
                run(folder.path(), &["event", "send", kind, "--payload", &payload]).exits(0);
            }
        });
        let mut looks = 0;
        while !sender.is_finished() || looks < 3 {
            let told = verify(&data, 0);
            assert_eq!(told["ok"], true);
            looks += 1;
        }
    });
    assert_eq!(host.stop(), 0);
    verify(&data, 0);
}

#[test]
fn a_database_that_cannot_be_opened_any_more_is_told_as_one() {
    let folder = tempfile::tempdir().unwrap();
    copy(lived(), folder.path());
    let file = std::fs::File::options().write(true).open(folder.path().join("puppet.db")).unwrap();
    std::os::unix::fs::FileExt::write_all_at(&file, &[0xa5; 3_996], 100).unwrap();
    let told = violations(folder.path());
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].0, "file-is-whole");
}
