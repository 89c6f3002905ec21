//! A plugin searches X: what it asks for is asked of X, charged, written down, and answered from there in a replay.

use puppet_types::Priority;
use serde_json::Value;

use super::{Emulating, LIMIT, private, says};
use crate::{
    hostile::guest::{End, Step},
    reload::place::{Place, guest},
    support::{list, run, until},
};

#[test]
fn a_plugin_finds_what_was_said_on_x_and_reads_the_conversation() {
    let here = tempfile::tempdir().unwrap();
    let emulating = Emulating::start(here.path(), &["--x"]);
    let first: &'static str = Box::leak(says(&emulating, "ada", "Fog over the harbour").into_boxed_str());
    says(&emulating, "bob", "fog horn");
    // What is asked for is `tweet`, in any version.
    let place = Place::new(&[Step::Timeline], End::Ok, 0);
    let seeks = [Step::Search("fog -horn"), Step::Conversation(first), Step::Search("lang:en")];
    let steps = [&[Step::EndAtKind("agent_started")], &seeks[..]].concat();
    place.component(&guest(&steps, End::Ok, "seeks"));
    let config = format!(
        "[tweet]\nprovider = \"x\"\n[tweet.x]\nendpoint = \"{}\"\n[tweet.x.accounts.pup]\ntoken_env = \"TOKEN\"\n\
         [generators]\nnews.enabled = false\nmood-swings.enabled = false\nencounters.enabled = false\n",
        emulating.url("x")
    );
    place.write("puppet.toml", config.as_bytes());
    private(&place.path().join(".env"), "TOKEN=emulated-pup\n");
    let _host = place.host();
    let record = place.event("seek", "pup", Priority::Normal);
    assert_eq!(record["outcome"], "ok", "{record}");
    let reads: Vec<(&Value, &Value)> =
        list(&record, "reads").iter().map(|read| (&read["operation"], &read["status"])).collect();
    assert_eq!(reads, [(&"search".into(), &"ok".into()), (&"conversation".into(), &"ok".into())], "{record}");
    for read in list(&record, "reads") {
        let answer = read["answer"].to_string();
        assert!(answer.contains("Fog over the harbour") && !answer.contains("fog horn"), "{read}");
    }
    assert_eq!(list(&record, "log").len(), 1, "the third is refused: {record}");
    let report = emulating.report();
    assert_eq!((&report["counts"]["search"], &report["counts"]["post"]), (&2.into(), &1.into()), "{report}");

    // Three posts were read, and besides users: whose the signature is.
    until(LIMIT, "it is not charged", || {
        let budgets = run(place.path(), &["budgets", "--json"]).exits(0).json();
        let month = |row: &&Value| row["account"] == "@pup" && row["period"] == "month";
        let month = list(&budgets, "bill").iter().find(month).cloned().unwrap_or_default();
        let users = month["reads"].as_u64().unwrap_or(0).saturating_sub(3);
        month["reads"].as_u64() > Some(3) && month["usd_micros"] == 3 * 5_000 + 10_000 * users
    });
    run(place.path(), &["replay", record["id"].as_str().unwrap()]).exits(0);
    assert_eq!(emulating.report()["counts"]["search"], 2, "a replay asks nobody");
}
