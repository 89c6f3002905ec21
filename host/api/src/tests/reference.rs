//! Pages that list routes hold exactly those that there are, with who may ask for them.

use std::collections::BTreeSet;

use crate::{
    auth::Role,
    policy::{Least, POLICIES, Policy, Scope},
};

type Row = (String, String, String);

/// Routes of those tables of a page that begin with `route` and `who`: method, path, who. A row is ``| `GET /a?x`, `POST /b` `{body}` | who | … |``.
fn written(page: &str, place: impl Fn(&str) -> String) -> BTreeSet<Row> {
    let mut rows = BTreeSet::new();
    let mut is_of_routes = false;
    for line in page.lines() {
        is_of_routes = line.starts_with("| route | who |") || is_of_routes && line.starts_with('|');
        if !is_of_routes || !line.starts_with("| `") {
            continue;
        }
        let mut cells = line.trim_matches('|').split(" | ");
        let (routes, who) = (cells.next().unwrap(), cells.next().unwrap().trim());
        for span in routes.split('`').skip(1).step_by(2).filter(|span| !span.starts_with('{')) {
            let Some((method, path)) = span.split_once(' ') else { panic!("`{span}` names no method: {line}") };
            let path = place(path.split('?').next().unwrap());
            assert!(rows.insert((method.to_owned(), path, who.to_owned())), "twice: {line}");
        }
    }
    rows
}

fn who(policy: &Policy) -> String {
    let name = match policy.least {
        Least::Anyone => return "anybody".to_owned(),
        Least::Role(role) => role.name(),
    };
    let unbound = if policy.scope == Scope::Host { ", unbound" } else { "" };
    format!("{name}{unbound}")
}

fn served(is_of_page: impl Fn(&Policy) -> bool) -> BTreeSet<Row> {
    let policies = POLICIES.iter().copied().flatten().filter(|policy| is_of_page(policy));
    policies.map(|policy| (policy.method.to_owned(), policy.path.to_owned(), who(policy))).collect()
}

fn same(page: &str, written: &BTreeSet<Row>, served: &BTreeSet<Row>) {
    let missing: Vec<_> = served.difference(written).collect();
    let wrong: Vec<_> = written.difference(served).collect();
    assert!(missing.is_empty() && wrong.is_empty(), "{page} lacks {missing:#?}, and has {wrong:#?}");
}

fn is_of_the_original(policy: &Policy) -> bool {
    policy.path.starts_with("/api/") && !policy.path.starts_with("/api/v1/")
}

#[test]
fn the_page_of_the_api_has_every_route_and_who_may_ask() {
    let page = include_str!("../../../../docs/api-v1.md");
    let written = written(page, |path| path.replace('…', "/api/v1/agents/{agent}"));
    let served = served(|policy| !is_of_the_original(policy) && !policy.path.starts_with("/assets/"));
    same("docs/api-v1.md", &written, &served);
}

#[test]
fn the_page_of_the_originals_api_too() {
    let page = include_str!("../../../../docs/reference/original-api.md");
    let written = written(page, |path| path.replace("/ID", "/{agent}"));
    same("docs/reference/original-api.md", &written, &served(is_of_the_original));
    assert!(written.iter().any(|(.., who)| *who == format!("{}, unbound", Role::Admin.name())));
}
