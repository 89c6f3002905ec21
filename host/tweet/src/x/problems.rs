//! What an answer of X that is a refusal is about, by its body: X says the same thing in several forms
//! (problem types, numbers of its first API, words).

use serde_json::Value;

use super::wire::words;

/// What X refuses, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Problem {
    /// The same text, a second time.
    Duplicate,
    /// The account is suspended or locked.
    Suspended,
    /// What the plan allows, or what was paid for, is used up.
    UsageCap(Cap),
    /// The plan has no such request.
    NotAllowed,
    /// The app belongs to no project, or not to one whose plan has such a request: X says the same of both.
    NotEnrolled,
    /// What the request is signed with is not taken here: it is wrong, the app has too few rights or is suspended.
    Unauthorized,
    /// Anything else.
    Other,
}

/// When what is used up is there again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cap {
    /// Tomorrow.
    Daily,
    /// With the next month of the plan.
    Monthly,
    /// When somebody has paid.
    Unknown,
}

/// What is said where an account of ours is suspended or locked: others may be as well.
const SUSPENDED: [&str; 5] = [
    "your account is suspended",
    "your account has been suspended",
    "your account is temporarily locked",
    "your account has been locked",
    "unlock your account",
];

/// Of an answer with this status, which is none of success.
pub(super) fn of(status: u16, body: &[u8]) -> Problem {
    let answer: Value = serde_json::from_slice(body).unwrap_or_default();
    let errors = answer["errors"].as_array().map_or(&[][..], Vec::as_slice);
    let all = || std::iter::once(&answer).chain(errors);
    let is = |name: &str| all().any(|one| one["type"].as_str().is_some_and(|kind| kind.ends_with(name)));
    let coded = |codes: &[u64]| all().any(|one| one["code"].as_u64().is_some_and(|code| codes.contains(&code)));
    let text = words(body).unwrap_or_default().to_ascii_lowercase();
    if status == 402 || is("/usage-capped") {
        let period = all().find_map(|one| one["period"].as_str());
        return Problem::UsageCap(match period {
            Some("Daily") => Cap::Daily,
            Some("Monthly") => Cap::Monthly,
            _ if status == 402 => Cap::Unknown,
            // The cap of the plan, as it was before there were several.
            _ => Cap::Monthly,
        });
    }
    if status != 403 && status != 401 {
        return Problem::Other;
    }
    if coded(&[64, 326]) || SUSPENDED.iter().any(|said| text.contains(said)) {
        return Problem::Suspended;
    }
    if status == 401 {
        return Problem::Unauthorized;
    }
    let not_enrolled = all().any(|one| one["reason"] == "client-not-enrolled");
    match () {
        () if coded(&[187]) || text.contains("duplicate") => Problem::Duplicate,
        () if not_enrolled => Problem::NotEnrolled,
        () if coded(&[416]) || is("/unsupported-authentication") || is("/oauth1-permissions") => Problem::Unauthorized,
        () if coded(&[453]) || is("/client-forbidden") => Problem::NotAllowed,
        () => Problem::Other,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn each_refusal_is_told_apart_in_every_form_that_it_has() {
        let problem = |name: &str, more: &str| {
            format!(r#"{{"title":"t","detail":"d","type":"https://api.twitter.com/2/problems/{name}"{more}}}"#)
        };
        let said = |detail: &str| format!(r#"{{"title":"Forbidden","detail":"{detail}","type":"about:blank"}}"#);
        let coded = |code: u64| format!(r#"{{"errors":[{{"code":{code},"message":"m"}}]}}"#);
        for (status, body, expected) in [
            (401, said("Unauthorized"), Problem::Unauthorized),
            (401, coded(64), Problem::Suspended),
            (403, said("You are not allowed to create a Tweet with duplicate content."), Problem::Duplicate),
            (403, coded(187), Problem::Duplicate),
            (403, said("Your account is suspended and is not permitted to access this feature."), Problem::Suspended),
            (403, coded(326), Problem::Suspended),
            (403, said("User has been suspended: [ada]."), Problem::Other),
            (429, problem("usage-capped", r#","period":"Monthly","scope":"Product""#), Problem::UsageCap(Cap::Monthly)),
            (403, problem("usage-capped", r#","period":"Daily""#), Problem::UsageCap(Cap::Daily)),
            (429, problem("usage-capped", ""), Problem::UsageCap(Cap::Monthly)),
            (402, r#"{"title":"CreditsDepleted"}"#.to_owned(), Problem::UsageCap(Cap::Unknown)),
            (403, problem("client-forbidden", r#","reason":"client-not-enrolled""#), Problem::NotEnrolled),
            (403, problem("client-forbidden", r#","reason":"official-client-forbidden""#), Problem::NotAllowed),
            (403, problem("oauth1-permissions", ""), Problem::Unauthorized),
            (403, problem("unsupported-authentication", ""), Problem::Unauthorized),
            (403, coded(416), Problem::Unauthorized),
            (403, coded(453), Problem::NotAllowed),
            (403, said("Not yours."), Problem::Other),
            (403, "<html>".to_owned(), Problem::Other),
            (429, said("Too Many Requests"), Problem::Other),
            (400, said("duplicate"), Problem::Other),
        ] {
            assert_eq!(of(status, body.as_bytes()), expected, "{status} {body}");
        }
    }

    #[test]
    fn the_bodies_that_were_seen_are_what_they_are() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/specs/x/errors-and-headers.json");
        let Ok(text) = std::fs::read(&path) else { return println!("skipped: {} is not there", path.display()) };
        let seen: Value = serde_json::from_slice(&text).unwrap();
        let mut told = Vec::new();
        for one in seen["bodies"].as_array().unwrap() {
            let Some(status) = one["status"].as_u64().filter(|status| *status != 200) else { continue };
            let body = serde_json::to_vec(&one["body"]).unwrap();
            told.push((status, of(status as u16, &body)));
            assert!(words(&body).is_some(), "{one}");
        }
        let not_allowed = told.iter().filter(|(_, problem)| *problem == Problem::NotAllowed).count();
        assert_eq!((not_allowed, told.len() > 4), (1, true), "{told:?}");
        assert!(told.iter().all(|(status, problem)| *status == 403 || *problem == Problem::Other), "{told:?}");
    }
}
