//! The page on which the API is browsed: all of it comes from the server itself, and says what the description says.

use serde_json::Value;

use super::{PATIENCE, Stage};

/// What of a page was loaded, the page itself left out.
const LOADED: &str = "performance.getEntriesByType('resource').map((one) => one.name)";
/// Opens every route that is listed. They are filled as they open.
const OPENED: &str = "document.querySelectorAll('[data-testid=docs-route]').forEach((one) => { one.open = true; })";

fn shown(stage: &mut Stage) -> Vec<String> {
    let paths = "[...document.querySelectorAll('[data-testid=docs-route] > summary')]
        .map((one) => [...one.querySelectorAll('.method, code')].map((part) => part.textContent).join(' '))";
    serde_json::from_value(stage.page.eval(paths)).unwrap()
}

#[test]
fn the_api_is_browsed_without_anything_from_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let Some((mut stage, _)) = Stage::outside(folder.path(), "viewer") else { return };
    let url = stage.url.trim_end_matches('/').to_owned();
    stage.page.go(&format!("{url}/api/v1/docs"));
    stage.page.until(PATIENCE, "document.querySelectorAll('[data-testid=docs-route]').length > 1");

    let described = stage.api("/openapi.json");
    let mut operations = Vec::new();
    for (path, item) in described["paths"].as_object().unwrap() {
        operations.extend(item.as_object().unwrap().keys().map(|method| format!("{} {path}", method.to_uppercase())));
    }
    operations.sort();
    let mut listed = shown(&mut stage);
    listed.sort();
    assert_eq!(listed, operations);

    // Each says what it answers, and in detail what its headers are.
    stage.page.eval(OPENED);
    let filled = "document.querySelectorAll('[data-testid=docs-route] > .route-body').length";
    stage.page.until(PATIENCE, &format!("{filled} === {}", operations.len()));
    let route = |id: &str, what: &str| format!("document.getElementById('{id}').{what}");
    let told = stage.page.eval(&route("get_v1_agents_agent_memory_search", "textContent"));
    for word in ["Parameters", "text", "Answers", "200", "ETag", "X-RateLimit-Remaining", "429"] {
        assert!(told.as_str().unwrap().contains(word), "{word}: {told}");
    }
    let nothing = "[...document.querySelectorAll('.route-body')].filter((one) => !one.querySelector('h4')).length";
    assert_eq!(stage.page.eval(nothing), 0);

    stage.page.write("docs-filter", "outbox operator");
    stage.page.until(PATIENCE, "document.querySelectorAll('[data-testid=docs-route]').length < 5");
    let mut few = shown(&mut stage);
    few.sort();
    assert_eq!(few, ["POST /api/v1/outbox/{effect}/drop", "POST /api/v1/outbox/{effect}/retry"]);
    stage.page.write("docs-filter", "no such word");
    stage
        .page
        .until(PATIENCE, "document.querySelector('[data-testid=docs-routes]').textContent === 'No route says that.'");

    let loaded = stage.page.eval(LOADED);
    let loaded: Vec<&str> = loaded.as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert!(loaded.iter().any(|one| one.ends_with("/js/docs.js")) && loaded.len() > 5, "{loaded:?}");
    assert!(loaded.iter().all(|one| one.starts_with(&format!("{url}/"))), "{loaded:?}");
    assert!(stage.page.faults.is_empty(), "{:?}", stage.page.faults);
}
