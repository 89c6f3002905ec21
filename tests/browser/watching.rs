//! What is watched: the door, the feed, an agent's charts.

use std::time::Duration;

use serde_json::Value;

use super::{PATIENCE, Stage, cdp::Page, imported, live, long_named};
use crate::{
    hostile::guest::{End, Step},
    reload::place::{Place, guest},
    support::{Running, list, puppet, run},
};

/// From a mention to its answer in the feed (the figure of the dashboard's page in the docs).
const ANSWERED: Duration = Duration::from_secs(3);

#[test]
fn a_wrong_key_stays_outside_and_a_right_one_outlives_a_reload() {
    let Some(mut stage) = Stage::over(imported(), "viewer") else { return };
    let page = &mut stage.page;
    assert_eq!(page.eval("document.cookie"), "", "scripts see no session");
    page.go(&stage.url);
    page.until(PATIENCE, &live());
    assert!(page.eval(&Page::by("mention-send")).is_null(), "a viewer only watches");
    page.press("sign-out");
    page.write("login-key", "pk_00000000_nothing");
    page.press("login-submit");
    page.until(PATIENCE, "document.querySelector('.field-problem')?.hidden === false");
    assert!(page.eval(&Page::by("feed")).is_null());
}

#[test]
fn a_mention_is_answered_in_the_feed_without_a_reload() {
    let Some(mut stage) = Stage::over(imported(), "operator") else { return };
    let page = &mut stage.page;
    page.eval("void (window.loaded = 'once')");
    page.write("mention-by", "ada");
    page.write("mention-text", "@harbour_watch do <b>you</b> see the ferry?");
    page.press("mention-send");
    let items = "[...document.querySelectorAll('[data-testid=\"feed-item\"]')]";
    page.until(ANSWERED, &format!("{items}.some((item) => item.textContent.includes('do <b>you</b> see'))"));
    page.until(ANSWERED, &format!("{items}.some((item) => item.dataset.author === 'harbour-watch')"));
    assert_eq!(page.eval("window.loaded"), "once");
    let shown = page.eval(&format!("{items}.find((item) => item.dataset.author === 'harbour-watch').dataset.id"));
    let posts = stage.api("/agents/harbour-watch/posts");
    assert!(list(&posts, "items").iter().any(|post| post["id"] == shown), "{posts}");
    // Its story: from the mention to the post.
    let journal = stage.api("/journal?kind=mention&limit=1");
    stage.to(&format!("#/journal/{}", journal["items"][0]["id"].as_str().unwrap()));
    let story = Page::by("invocation-story");
    let page = &mut stage.page;
    page.until(PATIENCE, &format!("{story}?.querySelectorAll('.decision').length"));
    let told = page.eval(&format!("{story}.textContent"));
    assert!(told.as_str().unwrap().contains("@ada spoke to it"), "{told}");
    page.press("replay-button");
    let same = format!("{}?.querySelector('[data-same]')?.dataset.same === 'true'", Page::by("replay-result"));
    page.until(PATIENCE, &same);
    assert!(page.faults.is_empty(), "{:?}", page.faults);
}

#[test]
fn charts_say_what_the_api_says() {
    let Some(mut stage) = Stage::over(imported(), "viewer") else { return };
    for valence in ["0.3", "-0.2"] {
        let payload = format!(r#"{{"valence": {valence}, "arousal": 0.1, "dominance": 0.05, "reason": "a test"}}"#);
        let args = ["event", "send", "mood_shift", "--payload", &payload, "--agent", "harbour-watch", "--wait"];
        run(stage.folder(), &args).exits(0);
    }
    stage.to("#/agents/harbour-watch");
    let chart = Page::by("mood-chart");
    let api = stage.api("/agents/harbour-watch/mood/history?limit=200");
    let history = list(&api, "items").clone();
    assert!(history.len() >= 2, "{history:?}");
    let page = &mut stage.page;
    for dimension in ["valence", "arousal", "dominance"] {
        let circles = format!("[...{chart}?.querySelectorAll('circle[data-series={dimension}]') ?? []]");
        page.until(PATIENCE, &format!("{circles}.length === {}", history.len()));
        let drawn = page.eval(&format!("{circles}.map((c) => [c.dataset.at, Number(c.dataset.value)])"));
        let told: Vec<Value> =
            history.iter().map(|point| Value::from(vec![point["at"].clone(), point[dimension].clone()])).collect();
        assert_eq!(drawn, Value::from(told), "{dimension}");
    }
    assert_eq!(page.eval(&format!("{chart}.querySelectorAll('polyline[data-series]').length")), 3);

    let meters = "[...document.querySelectorAll('[data-testid=\"budget-meter\"]')]";
    let page = &mut stage.page;
    page.until(PATIENCE, &format!("{meters}.length"));
    let shown = page.eval(&format!(
        "{meters}.map((m) => [m.dataset.pack, m.dataset.capability, m.dataset.amount, m.dataset.period, +m.ariaValueNow, +m.ariaValueMax].join(' ')).sort()"
    ));
    let budgets = stage.api("/budgets");
    let own = list(&budgets, "items").iter().filter(|line| line["agent"] == "harbour-watch");
    let mut told: Vec<String> = own
        .map(|line| {
            let text = |key: &str| line[key].as_str().unwrap_or_default().to_owned();
            let names = ["pack", "capability", "amount", "period"].map(text).join(" ");
            format!("{names} {} {}", line["used"], line["limit"])
        })
        .collect();
    told.sort();
    assert_eq!(shown, Value::from(told));
}

#[test]
fn a_swap_is_told_in_the_feed() {
    let steps = [Step::GetState];
    let place = Place::new(&steps, End::Ok, 0);
    let Some(mut stage) = Stage::at(place.path(), "viewer") else { return };
    assert_eq!(place.event("before", "pup", puppet_types::Priority::Low)["outcome"], "ok");
    let new = guest(&steps, End::Ok, "second");
    place.component(&new);
    place.until(&new, "live");
    let notes = "[...document.querySelectorAll('[data-testid=\"feed-item\"][data-topic=\"plugin.swap\"]')]";
    stage.page.until(
        PATIENCE,
        &format!("{notes}.some((note) => note.textContent.includes('pup') && note.textContent.includes('live'))"),
    );
}

#[test]
fn relationships_are_drawn_as_the_api_tells_them() {
    let folder = imported();
    long_named(folder.path());
    let Some(mut stage) = Stage::over(folder, "viewer") else { return };
    for (by, text) in [("ada", "what do you see?"), ("grace", "is the ferry late?"), ("ada", "and now?")] {
        let payload = serde_json::json!({ "author": by, "text": text }).to_string();
        let args = ["event", "send", "mention", "--payload", &payload, "--agent", "harbour-watch", "--wait"];
        run(stage.folder(), &args).exits(0);
    }
    stage.to("#/agents/harbour-watch");
    let sorted = |of: &Value, key: &str| {
        let mut ids: Vec<String> =
            list(of, "items").iter().map(|item| item[key].as_str().unwrap().to_owned()).collect();
        ids.sort();
        ids
    };
    let agents = sorted(&stage.api("/agents"), "id");
    let known = sorted(&stage.api("/agents/harbour-watch/relationships"), "target_agent_id");
    let people: Vec<String> = known.iter().filter(|id| !agents.contains(id)).cloned().collect();
    assert!(agents.len() == 2 && people == ["ada", "grace"], "{agents:?} {known:?}");
    let graph = Page::by("relationships-graph");
    let drawn = |kind: &str| {
        format!("[...{graph}.querySelectorAll('g[data-node={kind}]')].map((node) => node.dataset.id).sort()")
    };
    let page = &mut stage.page;
    page.until(PATIENCE, &format!("{graph}?.querySelectorAll('.tie').length === {}", known.len()));
    assert_eq!(page.eval(&drawn("agent")), Value::from(agents));
    assert_eq!(page.eval(&drawn("person")), Value::from(people));
}

#[test]
fn a_memory_is_found_with_the_scores_of_the_api() {
    let Some(mut stage) = Stage::over(imported(), "viewer") else { return };
    stage.to("#/agents/harbour-watch");
    stage.page.write("memory-search", "kayaker with a torch");
    let results = "[...document.querySelectorAll('[data-testid=memory-result]')]";
    stage.page.until(PATIENCE, &format!("{results}.length"));
    let told = stage.api("/agents/harbour-watch/memory/search?text=kayaker%20with%20a%20torch&limit=20");
    let drawn = stage.page.eval(&format!("{results}.map((row) => [row.dataset.id, Number(row.dataset.score)])"));
    let scores: Vec<Value> =
        list(&told, "items").iter().map(|hit| Value::from(vec![hit["id"].clone(), hit["score"].clone()])).collect();
    assert_eq!(drawn, Value::from(scores));
    let parts = stage.page.eval(&format!(
        "Object.fromEntries([...{results}[0].querySelectorAll('[data-part]')].map((part) => [part.dataset.part, Number(part.dataset.value)]))"
    ));
    assert_eq!(parts, told["items"][0]["parts"]);
    assert!(told["items"][0]["content"].as_str().unwrap().contains("kayaker"), "{told}");
}

#[test]
fn the_theme_is_turned_and_kept() {
    let Some(mut stage) = Stage::over(imported(), "viewer") else { return };
    let page = &mut stage.page;
    page.theme("light");
    let ground = "getComputedStyle(document.body).backgroundColor";
    let light = page.eval(ground);
    page.press("theme-toggle");
    let dark = page.eval(ground);
    assert_ne!(light, dark);
    page.press("nav-settings");
    page.until(PATIENCE, "document.querySelector('input[name=theme][value=dark]')?.checked");
    page.eval("void (window.before = true)");
    page.send("Page.reload", serde_json::json!({}));
    page.until(PATIENCE, &format!("!window.before && {}", live()));
    assert_eq!(page.eval(ground), dark, "this browser keeps it");
    page.until(PATIENCE, "document.querySelector('input[name=theme][value=dark]')?.checked");
    page.press("theme-toggle");
    assert_eq!(
        (page.eval(ground), page.eval("document.querySelector('input[name=theme][value=light]')?.checked")),
        (light, Value::Bool(true))
    );
}

#[test]
fn a_lost_connection_is_told_and_taken_up_again() {
    let folder = imported();
    let Some(stage) = Stage::at(folder.path(), "operator") else { return };
    let Stage { mut page, url, host, .. } = stage;
    let lost = format!("{}?.hidden", Page::by("connection-lost"));
    assert_eq!(page.eval(&lost), true);
    host.kill();
    page.until(PATIENCE, &format!("{lost} === false"));
    let port = url.trim_end_matches('/').rsplit(':').next().unwrap().to_owned();
    let mut again = puppet(folder.path());
    again.env("ENGINE_PORT", port).arg("run");
    let host = Running::of(again, &folder.path().join(".puppet"));
    page.until(PATIENCE, &live());
    page.until(PATIENCE, &format!("{lost} === true"));
    page.write("mention-text", "@harbour_watch are you there?");
    page.press("mention-send");
    page.until(PATIENCE, "document.querySelector('[data-testid=feed-item][data-author=harbour-watch]')");
    drop(host);
}
