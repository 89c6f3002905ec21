//! The dashboard without a mouse: from the key to a decision, by Tab and Enter alone.

use serde_json::Value;

use super::{PATIENCE, Stage, cdp::Page, imported, live};
use crate::support::run;

/// What is wrong with where the focus is: it must be in view, with a ring, and after what had it before. Null where all is well.
const STANDS: &str = r"(() => {
    const at = document.activeElement, before = window.stood;
    window.stood = at;
    if (at === document.body) return 'nothing has the focus';
    const said = at.outerHTML.slice(0, 160);
    const order = before?.isConnected && before !== at ? before.compareDocumentPosition(at) : Node.DOCUMENT_POSITION_FOLLOWING;
    if (!(order & Node.DOCUMENT_POSITION_FOLLOWING)) return `it goes back: ${said}`;
    const box = at.getBoundingClientRect();
    if (!box.width || !box.height || box.bottom <= 0 || box.top >= innerHeight) return `it cannot be seen: ${said}`;
    for (let node = at, n = 0; node && n < 3; node = node.parentElement, n += 1) {
        const { outlineStyle, outlineWidth } = getComputedStyle(node);
        if (outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2) return null;
    }
    return `no ring is around it: ${said}`;
})()";
/// No page has so many places before the one that is wanted.
const MOST: usize = 120;

/// Goes on by Tab until the focus is on what a selector finds.
#[track_caller]
fn walk(page: &mut Page, wanted: &str) {
    page.until(PATIENCE, &format!("document.querySelector({})", Value::from(wanted)));
    page.eval("void (window.stood = null)");
    for _ in 0..MOST {
        page.strike("Tab");
        assert_eq!(page.eval(STANDS), Value::Null, "on the way to {wanted}");
        if stands(page, wanted) {
            return;
        }
    }
    panic!("{wanted} is not reached");
}

fn stands(page: &mut Page, wanted: &str) -> bool {
    page.eval(&format!("document.activeElement?.matches({})", Value::from(wanted))) == true
}

/// Waits until the focus is on what a selector finds.
#[track_caller]
fn comes(page: &mut Page, wanted: &str) {
    page.until(PATIENCE, &format!("document.activeElement?.matches({})", Value::from(wanted)));
}

#[test]
fn the_way_from_the_key_to_a_decision_needs_no_mouse() {
    let folder = imported();
    let Some((mut stage, key)) = Stage::outside(folder.path(), "operator") else { return };
    let said = r#"{"author": "ada", "text": "what do you see?"}"#;
    let mention = ["event", "send", "mention", "--payload", said, "--agent", "harbour-watch", "--wait"];
    run(stage.folder(), &mention).exits(0);
    let page = &mut stage.page;
    comes(page, "[data-testid=login-key]");
    page.types(&key);
    page.strike("Enter");
    page.until(PATIENCE, &live());

    // The first place leads past the navigation, to what is there by now.
    page.until(PATIENCE, "document.querySelector('main a[href], main button')");
    walk(page, ".skip");
    page.strike("Enter");
    comes(page, "main");
    page.strike("Tab");
    page.until(PATIENCE, "document.querySelector('main').contains(document.activeElement)");
    page.strike("Shift+Tab");
    page.strike("Shift+Tab");
    while !stands(page, "[data-testid=nav-agents]") {
        page.strike("Shift+Tab");
        assert_eq!(page.eval("document.activeElement === document.body"), false, "it went past the navigation");
    }
    page.strike("Enter");
    comes(page, "h1");
    walk(page, "[data-testid=agent-card] a");
    page.strike("Enter");
    page.until(PATIENCE, "document.querySelector('[data-testid=agent-head] h1')");

    // A question takes the focus, keeps it, and gives it back.
    walk(page, "[data-testid=pause-agent]");
    page.strike("Enter");
    comes(page, "dialog input");
    for _ in 0..6 {
        page.strike("Tab");
        let outside = "document.querySelector('.shell').contains(document.activeElement)";
        assert_eq!(page.eval(outside), false, "the page behind it is not reached");
    }
    page.strike("Escape");
    page.until(PATIENCE, "!document.querySelector('dialog')");
    comes(page, "[data-testid=pause-agent]");
    page.strike("Enter");
    comes(page, "dialog input");
    page.types("it's late");
    page.strike("Enter");
    comes(page, "[data-testid=resume-agent]");
    page.strike("Enter");
    comes(page, "[data-testid=pause-agent]");
    // So does a menu.
    walk(page, ".menu > summary");
    page.strike("Enter");
    page.until(PATIENCE, "document.querySelector('.menu[open]')");
    page.strike("Tab");
    page.until(PATIENCE, "document.activeElement.closest('.menu-list')");
    page.strike("Escape");
    comes(page, ".menu:not([open]) > summary");

    walk(page, "a[href^='#/journal?agent=']");
    page.strike("Enter");
    comes(page, "h1");
    walk(page, "[data-testid=journal-row] a");
    page.strike("Enter");
    walk(page, "[data-testid=replay-button]");
    page.strike("Enter");
    page.until(PATIENCE, "document.querySelector('[data-testid=replay-result] [data-same=true]')");
    comes(page, "[data-testid=replay-button]");
    assert!(page.faults.is_empty(), "{:?}", page.faults);
}

#[test]
fn what_comes_live_takes_nobody_from_where_they_are() {
    let Some(mut stage) = Stage::over(imported(), "operator") else { return };
    stage.to("#/agents");
    let page = &mut stage.page;
    walk(page, "[data-testid=agent-card] a");
    page.eval("void (document.querySelector('[data-testid=agent-card]').dataset.old = 'yes')");
    let news = ["event", "send", "news", "--payload", r#"{"topic": "rain"}"#, "--agent", "harbour-watch", "--wait"];
    run(stage.folder(), &news).exits(0);
    let page = &mut stage.page;
    page.until(PATIENCE, "document.querySelector('[data-testid=agent-card]:not([data-old])')");
    assert!(stands(page, "[data-testid=agent-card] a"), "the card is another, and has the focus");
}
