//! What a slip in a scenario is answered with.

use super::*;

const GOOD: &str = r#"schema = "puppet.scenario/1"
at = "2026-01-05T08:00:00Z"
deny = ["tweet.reply", "memory"]
budget = { fuel = 900000, host_calls = { llm = 2 } }
seed = "0x0123456789abcdef"

[state]
version = 1
json = { visitors = 3 }

[[answer.llm]]
purpose = "reply"
text = "Welcome."

[[step]]
event = { kind = "mention", at = "+5m" }

  [[step.decision]]
  kind = "reply"
  text = { contains = ["Welcome"] }

[[step]]
advance = "24h"
"#;

#[test]
fn a_whole_one_is_read_with_the_lines_of_its_parts() {
    let (scenario, lines) = Scenario::parse(GOOD, "greets").unwrap();
    assert_eq!(scenario.name, "greets");
    assert_eq!(scenario.seed, Seed(0x0123_4567_89ab_cdef));
    assert_eq!(lines.steps, [15, 22]);
    assert_eq!(lines.decisions, [vec![18], vec![]]);
}

/// Replaces a part of the good one: the line, the field and the words of what is said.
fn wrong(from: &str, to: &str) -> (Option<usize>, String) {
    assert!(GOOD.contains(from), "{from}");
    let fault = Scenario::parse(&GOOD.replacen(from, to, 1), "greets").unwrap_err();
    (fault.line, format!("{}: {} / {}", fault.field.unwrap_or_default(), fault.message, fault.remedy))
}

#[test]
fn a_slip_is_answered_with_its_line_and_what_was_meant() {
    let cases: &[(&str, &str, usize, &str)] = &[
        ("deny", "deyn", 3, "did you mean `deny`"),
        ("purpose", "purpsoe", 12, "did you mean `purpose`"),
        ("contains", "contain", 20, "did you mean `contains`"),
        ("kind = \"reply\"", "kind = \"repyl\"", 18, "did you mean `reply`"),
        ("scenario/1", "scenario/9", 1, "write schema = \"puppet.scenario/1\""),
        ("\"24h\"", "\"a day\"", 22, "90s, 5m, 2h"),
        ("\"+5m\"", "\"noon\"", 15, "no time"),
        ("event = {", "trigger = { kind = \"timer\" }\nevent = {", 15, "one of event, advance and trigger"),
        ("advance = \"24h\"", "advance = \"24h\"\nbreach = \"out-of-feul\"", 22, "did you mean `out-of-fuel`"),
        ("advance = \"24h\"", "advance = \"24h\"\noutcome = \"okay\"", 22, "did you mean `ok`"),
        ("advance = \"24h\"", "advance = \"400d\"", 22, "up to a year"),
        ("advance = \"24h\"", "advance = \"24h\"\noutcome = \"ok\"\nbreach = \"trap\"", 22, "leave one of outcome"),
        ("advance = \"24h\"", "advance = \"24h\"\ndecisions = \"contains\"", 22, "below `contains`"),
        ("advance = \"24h\"", "advance = \"24h\"\nfuel = { within_percent = 1000 }", 22, "no bound"),
        ("kind = \"mention\", at = \"+5m\" }", "kind = \"mention\" }\ndecisions = \"any\"", 15, "none below `any`"),
        ("\"memory\"]", "\"memroy\"]", 3, "did you mean `memory`"),
        ("llm = 2", "lml = 2", 4, "did you mean `llm`"),
    ];
    for (from, to, line, said) in cases {
        let (at, text) = wrong(from, to);
        assert!(text.contains(said), "{to}: {text}");
        assert_eq!(at, Some(*line), "{to}: {text}");
    }
}

#[test]
fn what_cannot_mean_anything_is_refused() {
    let cases: &[(&str, &str, &str)] = &[
        ("\"memory\"]", "\"memroy\"]", "did you mean `memory`"),
        ("\"0x0123456789abcdef\"", "-4", "no seed"),
        ("\"0x0123456789abcdef\"", "\"abc\"", "no seed"),
        ("[state]", "[mood]\nvalence = 2.0\narousal = 0.0\ndominance = 0.0\n[state]", "not from -1 to 1"),
        ("[state]", "[[memory]]\nkind = \"core\"\ncontent = \"x\"\nimportance = 7.5\n[state]", "not from 0 to 1"),
        ("[state]", "[[relationship]]\ntarget = \"x\"\ntrust = -0.1\n[state]", "not from 0 to 1"),
        ("[state]", "[agent]\nid = \"../x\"\n[state]", "no id of a character"),
        ("[state]", "[[balance]]\nmint = \"x\"\nsymbol = \"X\"\namount = 1\ndecimals = 6\n[state]", "no mint"),
        (
            "[[answer.llm]]",
            "[[answer.read]]\ncapability = \"llm\"\noperation = \"complete\"\nrequest = \"{no\"\nanswer = \"1\"\n[[answer.llm]]",
            "no JSON",
        ),
        ("llm = 2", "lml = 2", "did you mean `llm`"),
        ("json = { visitors = 3 }", "json = {}\ntext = \"x\"", "one of text, hex and json"),
        ("json = { visitors = 3 }", "hex = \"abc\"", "hex digits"),
        ("text = \"Welcome.\"", "", "says nothing"),
        ("contains = [\"Welcome\"]", "matches = \"(\"", "no regular expression"),
        (
            "[[answer.llm]]\npurpose = \"reply\"\ntext = \"Welcome.\"",
            "[[answer.market]]\noperation = \"qoute\"\nvalue = 1",
            "did you mean `quote`",
        ),
    ];
    for (from, to, said) in cases {
        let (_, text) = wrong(from, to);
        assert!(text.contains(said), "{to}: {text}");
    }
    let empty = Scenario::parse("schema = \"puppet.scenario/1\"\n", "x").unwrap_err();
    assert!(empty.message.contains("nothing happens"), "{empty:?}");
}
