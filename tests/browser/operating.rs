//! What is done there: an approval, a word on an effect, a stop of everything, a pause, a key, a grant taken back.

use super::{PATIENCE, Stage, cdp::Page, imported};
use crate::{
    approvals::{hold, three},
    client::Client,
    outbox::one_of_each,
    support::{list, run},
};

#[tokio::test]
async fn a_waiting_decision_is_approved_and_leaves() {
    let folder = imported();
    hold(&folder.path().join(".puppet"), &three()).await;
    let stage = tokio::task::spawn_blocking(|| Stage::over(folder, "operator"));
    let Some(mut stage) = stage.await.unwrap() else { return };
    let page = &mut stage.page;
    page.press("nav-approvals");
    let items = "document.querySelectorAll('[data-testid=\"approval-item\"]').length";
    page.until(PATIENCE, &format!("{items} === 3"));
    let first = page.eval(&format!("{}.textContent", Page::by("approval-item")));
    assert!(first.as_str().unwrap().contains("first"), "what will be said is shown: {first}");
    page.press("approve-button");
    page.until(PATIENCE, &format!("{items} === 2"));
    page.press("reject-button");
    page.press("reject-confirm");
    page.until(PATIENCE, &format!("{items} === 1"));
    stage.to("#/");
    let feed = format!("{}?.textContent.includes('first')", Page::by("feed"));
    stage.page.until(PATIENCE, &feed);
    let states = ["eff_a", "eff_b", "eff_c"].map(|id| stage.api(&format!("/outbox/{id}"))["state"].clone());
    assert_eq!(states, ["done", "rejected", "waiting-for-approval"]);
}

#[test]
fn a_halt_is_seen_on_every_page_until_effects_leave_again() {
    let Some(mut stage) = Stage::over(imported(), "operator") else { return };
    let page = &mut stage.page;
    page.press("nav-settings");
    page.press("halt-button");
    page.press("halt-confirm");
    page.until(PATIENCE, &Page::by("resume-button"));
    page.press("nav-agents");
    page.until(PATIENCE, "document.querySelector('.banner')?.hidden === false");
    let refused = run(stage.folder(), &["resume", "--json"]).exits(0).json();
    assert_eq!(refused["halted"], false, "it was halted by the page");
    stage.page.until(PATIENCE, "document.querySelector('.banner').hidden");
}

#[test]
fn an_agent_is_paused_and_goes_on() {
    let Some(mut stage) = Stage::over(imported(), "operator") else { return };
    stage.to("#/agents/harbour-watch");
    let page = &mut stage.page;
    page.press("pause-agent");
    page.press("dialog-confirm");
    page.until(PATIENCE, &Page::by("resume-agent"));
    assert!(stage.api("/agents/harbour-watch")["paused"].is_object());
    stage.page.press("resume-agent");
    stage.page.until(PATIENCE, &Page::by("pause-agent"));
    assert!(stage.api("/agents/harbour-watch")["paused"].is_null());
}

#[test]
fn a_grant_is_revoked() {
    let Some(mut stage) = Stage::over(imported(), "admin") else { return };
    let shown = ["grants", "show", "standard-personality", "--json"];
    let granted = |folder: &std::path::Path| {
        let grant = run(folder, &shown).exits(0).json();
        let of_tweets = list(&grant, "items").iter().filter(|item| item["capability"] == "tweet");
        of_tweets.map(|item| item["granted"].as_u64().unwrap_or_default()).sum::<u64>()
    };
    assert_ne!(granted(stage.folder()), 0);
    stage.to("#/grants");
    let card = "document.querySelector('[data-testid=\"grant-card\"][data-pack=\"standard-personality\"]')";
    let button = format!("{card}?.querySelector('[aria-label$=\"Posting\"] [data-testid=\"grant-revoke\"]')");
    let page = &mut stage.page;
    page.until(PATIENCE, &button);
    page.eval(&format!("{button}.click()"));
    page.press("grant-revoke-confirm");
    let rows = format!("[...{card}.querySelectorAll('[data-capability=tweet]')]");
    page.until(PATIENCE, &format!("{rows}.every((row) => !Number(row.dataset.granted))"));
    assert_eq!(granted(stage.folder()), 0);
}

#[tokio::test]
async fn effects_are_tried_again_and_dropped() {
    let folder = imported();
    // The one that is asked about in an hour may be: none waits longer than the rules say.
    std::fs::write(folder.path().join("puppet.toml"), "[outbox]\nlook_after_ms = 7200000\n").unwrap();
    hold(&folder.path().join(".puppet"), &one_of_each()).await;
    let stage = tokio::task::spawn_blocking(|| Stage::over(folder, "operator"));
    let Some(mut stage) = stage.await.unwrap() else { return };
    stage.to("#/outbox");
    let page = &mut stage.page;
    let button = |id: &str, name: &str| format!("[data-testid=outbox-row][data-id={id}] [data-testid={name}-button]");
    let is = |id: &str, state: &str| format!("document.querySelector('[data-id={id}]')?.dataset.state === '{state}'");
    // Its provider is still to be asked: that is said where the question was, and nothing is done.
    page.click(&button("eff_asked", "retry"));
    page.press("dialog-confirm");
    page.until(PATIENCE, "document.querySelector('dialog .field-problem')?.hidden === false");
    page.strike("Escape");
    page.until(PATIENCE, "!document.querySelector('dialog')");
    for id in ["eff_asked", "eff_gone"] {
        page.click(&button(id, "drop"));
        page.write_in("dialog input[name=reason]", "not today");
        page.press("dialog-confirm");
        page.until(PATIENCE, &is(id, "failed"));
    }
    for id in ["eff_lost", "eff_failed"] {
        page.click(&button(id, "retry"));
        page.press("dialog-confirm");
        page.until(PATIENCE, &is(id, "done"));
    }
    page.until(PATIENCE, &is("eff_waits", "done"));
    let reason = stage.api("/outbox/eff_gone")["reason"].clone();
    assert_eq!(reason, "dropped by the operator, and may have happened: not today");
    let tried = stage.api("/outbox/eff_lost");
    assert_eq!((&tried["state"], &tried["attempts"]), (&"done".into(), &1.into()));
}

#[test]
fn a_key_is_made_shown_once_and_taken_back() {
    let Some(mut stage) = Stage::over(imported(), "admin") else { return };
    stage.to("#/settings");
    let page = &mut stage.page;
    page.press("key-create");
    page.write_in("dialog input[name=name]", "it's Ann's");
    page.write_in("dialog input[name=agents]", "harbour-watch");
    page.press("key-create-confirm");
    let secret = Page::by("key-secret");
    page.until(PATIENCE, &secret);
    let key = page.eval(&format!("{secret}.textContent"));
    page.strike("Escape");
    page.until(PATIENCE, "!document.querySelector('dialog')");
    let mine = "[...document.querySelectorAll('[data-testid=key-row]')].find((row) => row.textContent.includes(\"it's Ann's\"))";
    page.until(PATIENCE, mine);
    let shown = page.eval("document.body.textContent");
    assert!(!shown.as_str().unwrap().contains(key.as_str().unwrap()), "it is shown once");
    let client = Client::v1(&stage.folder().join(".puppet"), key.as_str().unwrap());
    let who = client.read("/session");
    assert_eq!((&who["role"], &who["agents"]), (&"viewer".into(), &serde_json::json!(["harbour-watch"])));
    let page = &mut stage.page;
    page.eval(&format!("{mine}.querySelector('[data-testid=key-revoke]').click()"));
    page.press("key-revoke-confirm");
    page.until(PATIENCE, &format!("{mine}?.textContent.includes('revoked')"));
    assert_eq!(client.get("/session").is(401)["code"], "key-revoked");
}
