//! Whatever a strategy, a market, an order or a reason is called: a page stays a page, and a terminal a terminal.

use super::{files::whole, made};
use crate::{
    OrderStatus,
    report::{self, Report},
};

const HOSTILE: [&str; 6] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "'/><svg onload=alert(1)>&lt;",
    "</style></title></svg><style>*{background:url(//evil.example)}</style>",
    "\u{1b}[2J\u{202e}gnp\u{0}\r\n<b>",
    "]]><!--",
];

fn named(name: &str) -> (Report, crate::Outcome) {
    let (_, mut outcome) = whole();
    let name = name.to_owned();
    outcome.strategy.pack.clone_from(&name);
    outcome.strategy.version.clone_from(&name);
    outcome.parameters[0].0.clone_from(&name);
    outcome.quote.symbol.clone_from(&name);
    outcome.markets[0].market.id.clone_from(&name);
    outcome.markets[0].market.base.symbol.clone_from(&name);
    outcome.markets[0].source.market.clone_from(&name);
    for order in &mut outcome.orders {
        order.order.client_id.clone_from(&name);
        order.order.reason.clone_from(&name);
        order.denied_by = (order.status == OrderStatus::Denied).then(|| name.clone());
    }
    for fill in &mut outcome.fills {
        fill.fill.client_id.clone_from(&name);
    }
    for record in &mut outcome.denials {
        record.denial.client_id.clone_from(&name);
        record.denial.rule.clone_from(&name);
        record.denial.detail.clone_from(&name);
    }
    for breach in &mut outcome.breaches {
        breach.breach.clone_from(&name);
        breach.detail.clone_from(&name);
    }
    outcome.stopped = Some(name.clone());
    let mut report = Report::of(&outcome, 0.0);
    let (full, _) = whole();
    (report.runs, report.walk_forward) = (full.runs, full.walk_forward);
    for run in report.runs.iter_mut().flatten() {
        run.params.0[0].0.clone_from(&name);
    }
    for window in report.walk_forward.iter_mut().flat_map(|forward| &mut forward.windows) {
        window.params.0[0].0.clone_from(&name);
    }
    (report, outcome)
}

/// Names of elements and of attributes, as a reader of HTML finds them.
fn shape(page: &str) -> Vec<String> {
    let mut found = Vec::new();
    for part in page.split('<').skip(1) {
        let (tag, _) = part.split_once('>').unwrap_or((part, ""));
        let mut bare = String::new();
        for (n, piece) in tag.split('"').enumerate() {
            bare.push_str(if n % 2 == 0 { piece } else { "" });
        }
        found.push(bare);
    }
    found
}

#[test]
fn no_name_brings_an_element_or_an_attribute_into_the_page() {
    let (report, outcome) = named("plain");
    let plain = shape(&report::html(&report, &outcome));
    for name in HOSTILE {
        let (report, outcome) = named(name);
        let page = report::html(&report, &outcome);
        assert_eq!(shape(&page), plain, "{name}");
        assert!(!page.contains('\u{1b}') && !page.contains('\u{202e}') && !page.contains('\0'), "{name:?}");
    }
}

#[test]
fn a_page_asks_nothing_of_anybody() {
    let (report, outcome) = whole();
    let page = report::html(&report, &outcome);
    for word in [
        "<script", "http:", "https:", " src=", " href=", "url(", "@import", " style=", " onload", " onclick", "<iframe",
    ] {
        assert!(!page.contains(word), "{word}");
    }
    assert!(page.contains("default-src 'none'; style-src 'sha256-"));
    assert!(page.contains("prefers-color-scheme:dark"));
}

#[test]
fn every_picture_has_a_title_and_says_what_it_shows() {
    let (report, outcome) = whole();
    let page = report::html(&report, &outcome);
    let pictures = page.matches("<svg ").count();
    assert_eq!((pictures, page.matches("role=\"img\" aria-labelledby=").count()), (4, 4));
    assert_eq!((page.matches("<desc id=").count(), page.matches("<title id=").count()), (4, 4));
}

#[test]
fn a_terminal_is_sent_no_control_characters_and_no_turned_lines() {
    for name in HOSTILE {
        let (report, outcome) = named(name);
        let text = report::text(&report, &outcome);
        let odd =
            |c: char| (c.is_control() && c != '\n') || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        assert!(!text.contains(odd), "{text:?}");
        assert_eq!(text.lines().count(), report::text(&named("plain").0, &outcome).lines().count());
    }
}

#[test]
fn long_lists_are_cut_and_say_so() {
    let mut outcome = made::walk(40_000, 3_600, 1);
    let denial = made::small().denials.remove(0);
    outcome.denials = vec![denial; 1_000];
    let report = Report::of(&outcome, 0.0);
    let page = report::html(&report, &outcome);
    assert!(page.contains("800 more are in the JSON report."));
    assert!(page.contains(&format!("{} earlier trades are in the JSON report.", report.trades.len() - 200)));
}
