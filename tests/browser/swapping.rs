//! A plugin is changed by the page: installed, approved, swapped, compared, taken back, let out.

use puppet::control::Request;
use puppet_types::Priority::Low;

use super::{PATIENCE, Stage, cdp::Page};
use crate::{
    api_operators::version,
    hostile::guest::{End, Step},
    reload::place::{Place, event},
    support::{list, run},
};

/// The row of a version of `guest`.
fn row(version: &str) -> String {
    format!("document.querySelector('[data-testid=plugin-row][data-pack=guest][data-version=\"{version}\"]')")
}

/// Waits until a version of `guest` serves.
#[track_caller]
fn serves(page: &mut Page, version: &str) {
    page.until(PATIENCE, &format!("['live', 'settled'].includes({}?.dataset.state)", row(version)));
}

/// Waits for how an install went.
#[track_caller]
fn came_to(page: &mut Page, status: &str, version: &str) {
    let result = Page::by("install-result");
    let words = format!("{result}.textContent.includes('guest {version}')");
    page.until(PATIENCE, &format!("{result}?.dataset.status === '{status}' && {words}"));
}

#[test]
fn a_plugin_is_swapped_by_the_page_and_taken_back() {
    let place = Place::new(&[Step::GetState], End::Ok, 0);
    let made = run(place.path(), &["pack", "keygen", "ann.key", "--unencrypted", "--json"]).exits(0).json();
    let publisher = made["publisher"].as_str().unwrap();
    let [first, second] = [("1.0.0", 80), ("1.1.0", 60)].map(|(name, rows)| {
        version(&place, name, rows, Some(publisher));
        let archive = format!("{name}.puppet");
        std::fs::copy(place.path().join(&archive), place.path().join(format!("bare-{archive}"))).unwrap();
        run(place.path(), &["pack", "sign", &archive, "--key", "ann.key"]).exits(0);
        place.path().join(archive)
    });
    let Some(mut stage) = Stage::at(place.path(), "admin") else { return };
    stage.to("#/plugins");
    let page = &mut stage.page;
    page.choose("install-file", &place.path().join("bare-1.0.0.puppet"));
    page.until(PATIENCE, "document.querySelector('.install [role=status]').textContent.includes('signed')");
    page.choose("install-file", &first);
    came_to(page, "waiting", "1.0.0");
    page.click("[data-testid=install-result] a");
    page.click("[data-testid=grant-card][data-pack=guest] [data-testid=grant-approve]");
    page.press("grant-approve-confirm");
    page.until(PATIENCE, "document.querySelector('[data-testid=grant-card][data-pack=guest][data-unchanged=true]')");
    stage.to("#/plugins");
    serves(&mut stage.page, "1.0.0");
    assert_eq!(place.event("one", "guest", Low)["outcome"], "ok");

    let page = &mut stage.page;
    page.choose("install-file", &second);
    came_to(page, "installed", "1.1.0");
    serves(page, "1.1.0");
    assert_eq!(place.event("two", "guest", Low)["plugin"]["version"], "1.1.0");
    page.click("[data-pack=guest] [data-testid=swap-history-open]");
    let history = format!("{}?.textContent.includes('1.0.0 → 1.1.0')", Page::by("swap-history"));
    page.until(PATIENCE, &history);

    page.click("[data-pack=guest] [data-testid=rollback-button]");
    page.press("rollback-confirm");
    serves(page, "1.0.0");
    // It does not run any more.
    page.until(PATIENCE, &format!("!({}?.dataset.state === 'live')", row("1.1.0")));
    let told = stage.api("/plugins/guest");
    let serving = list(&told, "versions").iter().find(|one| one["share"] == 100).unwrap();
    assert_eq!(serving["version"], "1.0.0", "{told}");
    assert_eq!(place.event("three", "guest", Low)["plugin"]["version"], "1.0.0");
    // What the other would decide otherwise, on what has happened.
    stage.page.click("[data-pack=guest] [data-testid=behaviour-diff-open]");
    stage.page.until(PATIENCE, &format!("{}?.querySelector('.changes li')", Page::by("behaviour-diff")));
    assert!(stage.page.faults.is_empty(), "{:?}", stage.page.faults);
}

#[test]
fn a_version_that_was_stopped_is_shown_and_let_out() {
    let place = Place::new(&[], End::Trap, 0);
    let Some(mut stage) = Stage::at(place.path(), "operator") else { return };
    place.ask(&Request::Send { events: vec![event("e", "pup", Low)], wait_ms: None });
    stage.to("#/plugins");
    let page = &mut stage.page;
    let row = "document.querySelector('[data-testid=plugin-row][data-pack=pup]')";
    page.until(PATIENCE, &format!("['backed-off', 'quarantined'].includes({row}?.dataset.state)"));
    let told = page.eval(&format!("{row}.textContent"));
    assert!(told.as_str().unwrap().contains("last breach: trap"), "{told}");
    page.press("release-button");
    page.press("release-confirm");
    page.until(PATIENCE, "[...document.querySelectorAll('.toast')].some((toast) => toast.textContent === 'Released.')");
}
