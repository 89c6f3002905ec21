//! The page of the docs says what the code does.

use crate::{About, ORIGINAL, Rule};

const PAGE: &str = include_str!("../../../../docs/trading/risk.md");

/// The tables as they have to stand in the page.
fn tables() -> (String, String) {
    let or_none = |text: &str, is_code: bool| match (text, is_code) {
        ("", _) => "—".to_owned(),
        (text, true) => text.split(", ").map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", "),
        (text, false) => text.to_owned(),
    };
    let mut rules =
        "| rule | setting | default | exits too | denied because |\n| --- | --- | --- | --- | --- |\n".to_owned();
    for About { code, settings, default, binds_exits, denies } in Rule::ALL.iter().map(|rule| rule.about()) {
        let (settings, default) = (or_none(settings, true), or_none(default, false));
        let exits = if binds_exits { "yes" } else { "no" };
        rules += &format!("| `{code}` | {settings} | {default} | {exits} | {denies} |\n");
    }
    let mut original = "| in the original | here |\n| --- | --- |\n".to_owned();
    for place in ORIGINAL {
        original += &format!("| `{}` | {} |\n", place.from, place.to);
    }
    (rules, original)
}

#[test]
fn the_page_has_the_tables_of_the_code() {
    let (rules, original) = tables();
    assert!(PAGE.contains(&rules), "docs/trading/risk.md should have:\n{rules}");
    assert!(PAGE.contains(&original), "docs/trading/risk.md should have:\n{original}");
}

#[test]
fn every_rule_has_a_code_of_its_own_and_every_setting_a_place() {
    for rule in Rule::ALL {
        assert_eq!(Rule::parse(rule.code()), Some(*rule));
        assert_eq!(serde_json::to_value(rule).unwrap(), rule.code());
        assert_eq!(rule.to_string(), rule.code());
    }
    assert_eq!(Rule::parse("no-such-rule"), None);
    let settings = serde_json::to_value(crate::Rules::default()).unwrap();
    // These two set no rule: they are the unit of the amounts, and what is told of a swap.
    let asked_by_others = ["quote", "tell_trades_bps"];
    for key in settings.as_object().unwrap().keys() {
        let is_named =
            Rule::ALL.iter().any(|rule| rule.about().settings.split(", ").any(|of| of.split('.').next() == Some(key)));
        assert_eq!(is_named, !asked_by_others.contains(&key.as_str()), "{key}");
        assert!(PAGE.contains(&format!("`{key}")), "docs/trading/risk.md names {key}");
    }
}
