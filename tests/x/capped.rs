//! Caps of the plan: what they have no room for waits.

use super::*;

#[test]
fn what_a_cap_has_no_room_for_waits_and_leaves_when_the_cap_is_raised() {
    let here = tempfile::tempdir().unwrap();
    let emulating = Emulating::start(here.path(), &[]);
    let folder = folder(&emulating, "harbour_watch");
    let data = folder.path().join(".puppet");
    let config = std::fs::read_to_string(folder.path().join("puppet.toml")).unwrap();
    let with_cap = |posts: u64| {
        let plan = format!("[tweet.x.plan]\nposts_per_month = {posts}\n[tweet.policy]\nduplicate_days = 0\n");
        std::fs::write(folder.path().join("puppet.toml"), format!("{config}{plan}")).unwrap();
    };
    let capped = || -> Value {
        let budgets = run(folder.path(), &["budgets", "--json"]).exits(0).json();
        let caps = list(&budgets, "caps");
        assert_eq!((caps.len(), &caps[0]["cap"]), (1, &json!("posts_per_month")), "{budgets}");
        caps[0].clone()
    };
    with_cap(1);
    let host = Running::start(folder.path(), &data, &[]);
    assert_eq!(posted(folder.path())["state"], "done");
    until(LIMIT, "the post is not counted", || capped()["state"] == "spent");
    let again =
        ["event", "send", "command_post", "--payload", "{\"force\": true}", "--agent", "harbour-watch", "--wait"];
    run(folder.path(), &again).exits(0);
    until(LIMIT, "nothing waits", || {
        let outbox = run(folder.path(), &["outbox", "list", "--state", "waiting", "--json"]).exits(0).json();
        let says = |item: &&Value| item["reason"].as_str().is_some_and(|reason| reason.contains("posts_per_month"));
        list(&outbox, "items").iter().any(|item| says(&item))
    });
    assert_eq!(emulating.posts("harbour_watch").len(), 1);
    let before = capped();
    assert_eq!((&before["used"], &before["left"]), (&json!(1), &json!(0)), "{before}");
    // Also over a start, and without a host.
    assert_eq!(host.stop(), 0);
    assert_eq!(capped(), before);
    let host = Running::start(folder.path(), &data, &[]);
    with_cap(2);
    until(LIMIT, "the file is not read again", || capped()["limit"] == 2);
    // Nobody has to say so.
    until(LIMIT, "it does not leave", || emulating.posts("harbour_watch").len() == 2);
    assert_eq!(host.stop(), 0);
}
