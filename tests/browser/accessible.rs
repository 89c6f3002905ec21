//! Every page in light and dark, on a desk and on a phone: pictures of it, nothing that sticks out, and nothing serious that
//! axe finds.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{DESK, PATIENCE, Stage, imported, live, long_named};
use crate::support::run;

const PHONE: (u32, u32) = (360, 780);
/// How it is looked at: theme, size, and a name for both.
const WAYS: [(&str, (u32, u32), &str); 4] = [
    ("light", DESK, "light-desk"),
    ("dark", DESK, "dark-desk"),
    ("light", PHONE, "light-phone"),
    ("dark", PHONE, "dark-phone"),
];

/// axe-core, where the checks have put it.
fn axe() -> Option<String> {
    let named = std::env::var_os("PUPPET_TEST_AXE").filter(|file| !file.is_empty());
    let Some(file) = named.map(PathBuf::from) else {
        assert!(std::env::var_os("PUPPET_TEST_BROWSER_REQUIRED").is_none(), "PUPPET_TEST_AXE names no file");
        println!("skipped: PUPPET_TEST_AXE does not name axe.min.js of axe-core");
        return None;
    };
    Some(std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display())))
}

/// Waits for what only this page has, and judges it in this way of looking.
#[track_caller]
fn judge(stage: &mut Stage, axe: Option<&str>, name: &str, own: &str) {
    let page = &mut stage.page;
    let busy = "document.querySelector('[aria-busy=true], .skeleton')";
    page.until(PATIENCE, &format!("document.querySelector({}) && !{busy}", Value::from(own)));
    page.picture(&Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("dashboard/{name}.png")));
    let beyond = page.eval("document.documentElement.scrollWidth - innerWidth");
    assert!(beyond.as_i64().unwrap() <= 0, "{name} sticks out by {beyond}");
    assert_eq!(page.eval("document.querySelectorAll('h1').length"), 1, "{name}");
    assert_eq!(page.eval("document.querySelectorAll('pre').length"), 0, "{name}");
    assert_eq!(page.eval("document.querySelector('.notice.bad')?.textContent ?? null"), Value::Null, "{name}");
    let Some(axe) = axe else { return };
    if page.eval("typeof window.axe") == "undefined" {
        page.eval(&format!("{axe}; 0"));
    }
    let found = page.eval(
        "axe.run(document, { resultTypes: ['violations'] }).then((r) => r.violations.filter((v) => ['serious', 'critical'].includes(v.impact)).map((v) => [v.id, v.nodes.map((n) => n.html)]))",
    );
    assert_eq!(found, Value::Array(Vec::new()), "{name}");
}

/// Each of these pages in each way: its name, its address, and what only it has.
#[track_caller]
fn every(stage: &mut Stage, axe: Option<&str>, pages: &[(&str, String, &str)]) {
    for (theme, size, way) in WAYS {
        stage.page.theme(theme);
        stage.page.size(size);
        for (name, hash, own) in pages {
            stage.to(hash);
            judge(stage, axe, &format!("{name}-{way}"), own);
        }
    }
}

/// Pages that every host has, by what only they have.
fn everywhere() -> Vec<(&'static str, String, &'static str)> {
    [
        ("overview", "#/", "[data-testid=feed]"),
        ("agents", "#/agents", "[data-testid=agents-panel]:not(aside *)"),
        ("journal", "#/journal", "[data-testid=journal-panel]"),
        ("plugins", "#/plugins", "[data-testid=plugins-panel]"),
        ("grants", "#/grants", "[data-testid=grants-panel]"),
        ("approvals", "#/approvals", "[data-testid=approvals-panel]"),
        ("outbox", "#/outbox", "[data-testid=outbox-panel]"),
        ("settings", "#/settings", "[data-testid=settings-panel]"),
    ]
    .map(|(name, hash, own)| (name, hash.to_owned(), own))
    .to_vec()
}

#[test]
fn every_page_is_seen_and_read_by_everybody() {
    let folder = imported();
    long_named(folder.path());
    let axe = axe();
    let Some((mut stage, key)) = Stage::outside(folder.path(), "admin") else { return };
    let said = r#"{"author": "ada", "text": "Is a Donaudampfschifffahrtselektrizitätenhauptbetriebswerk seen from the quay?"}"#;
    let mention = ["event", "send", "mention", "--payload", said, "--agent", "harbour-watch", "--wait"];
    run(stage.folder(), &mention).exits(0);
    for (theme, size, way) in WAYS {
        stage.page.theme(theme);
        stage.page.size(size);
        judge(&mut stage, axe.as_deref(), &format!("sign-in-{way}"), "[data-testid=login-key]");
    }
    stage.page.write("login-key", &key);
    stage.page.press("login-submit");
    stage.page.until(PATIENCE, &live());

    let id = |of: &Value| of["items"][0]["id"].as_str().unwrap().to_owned();
    let mut pages = everywhere();
    let decision = id(&stage.api("/journal?kind=mention"));
    pages.push(("agent", "#/agents/harbour-watch".to_owned(), "[data-testid=relationships-graph]"));
    pages.push(("decision", format!("#/journal/{decision}"), "[data-testid=invocation-story] .decision"));
    stage.page.until(PATIENCE, "document.querySelector('[data-testid=feed-item][data-author=harbour-watch]')");
    let post = id(&stage.api("/timeline"));
    pages.push(("thread", format!("#/thread/{post}"), "[data-testid=thread-panel] .post"));
    let effect = id(&stage.api("/outbox"));
    pages.push(("effect", format!("#/outbox/{effect}"), "[data-testid=effect-panel] .figures"));
    every(&mut stage, axe.as_deref(), &pages);

    stage.page.go(&format!("{}/api/v1/docs", stage.url.trim_end_matches('/')));
    for (theme, size, way) in WAYS {
        stage.page.theme(theme);
        stage.page.size(size);
        judge(&mut stage, axe.as_deref(), &format!("docs-{way}"), "[data-testid=docs-routes] details");
    }
    assert!(stage.page.faults.is_empty(), "{:?}", stage.page.faults);
}

#[test]
fn a_host_without_anybody_says_what_to_do_first() {
    let axe = axe();
    let Some(mut stage) = Stage::over(tempfile::tempdir().unwrap(), "admin") else { return };
    every(&mut stage, axe.as_deref(), &everywhere());
    for hash in ["#/", "#/agents", "#/outbox", "#/approvals"] {
        stage.to(hash);
        stage.page.until(PATIENCE, "document.querySelector('main .empty .empty-title')?.textContent");
    }
}
