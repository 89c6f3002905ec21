//! The table of limits in docs/security.md: made from the tables of the code and of this suite.

use std::path::Path;

use puppet_engine::MAILBOX;
use puppet_grants::BOUNDS;
use puppet_sandbox::{LIMITS, SHARED};
use puppet_types::Limit;

use super::all;

const BEGIN: &str = "<!-- limits: UPDATE=1 cargo test -p puppet --test end-to-end hostile::page -->\n";
const END: &str = "<!-- end of limits -->";

/// A limit as the page shows it.
fn row(limit: &Limit) -> String {
    let Limit { name, value, unit, config_key: key, breach, hostile_guest, about, .. } = *limit;
    let guests = all().filter(|stranger| stranger.limit == Some(name));
    let mut guests: Vec<String> = guests.map(|stranger| format!("`{}`", stranger.name)).collect();
    if guests.is_empty() {
        guests.push(format!("`{hostile_guest}`"));
    }
    let beyond = breach.map_or_else(|| "dropped, refused, or waits".to_owned(), |breach| format!("`{breach}`"));
    format!("| `{key}` | {value} {unit} | {about} | {beyond} | {} |\n", guests.join(", "))
}

fn table() -> String {
    let mut out =
        String::from("| limit | default | what it bounds | beyond it | guests |\n| --- | --- | --- | --- | --- |\n");
    let limits = LIMITS.iter().chain(BOUNDS).chain(SHARED).chain([&MAILBOX]);
    out.extend(limits.map(row));
    out
}

#[test]
fn the_page_shows_the_limits() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/security.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once(BEGIN).unwrap();
    let (shown, after) = rest.split_once(END).unwrap();
    let expected = table();
    if shown == expected {
        return;
    }
    assert!(std::env::var_os("UPDATE").is_some(), "docs/security.md is not what the tables say: run with UPDATE=1");
    std::fs::write(&path, format!("{before}{BEGIN}{expected}{END}{after}")).unwrap();
}
