//! What an answer of X says of what went wrong, in the forms that X has for it.

use serde_json::Value;

/// What an answer says in words, in the forms that X has for it.
pub(in crate::x) fn words(body: &[u8]) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let text = |value: &Value, keys: &[&str]| {
        let said = keys.iter().find_map(|key| value[*key].as_str().filter(|text| !text.trim().is_empty()));
        said.map(str::to_owned)
    };
    let first = &body["errors"][0];
    let whole = text(&body, &["detail", "error_description", "title", "error"]);
    match (whole, text(first, &["message", "detail", "title"])) {
        (Some(whole), Some(first)) if whole != first => Some(format!("{whole} {first}")),
        (whole, first) => whole.or(first),
    }
}

/// The number of what went wrong, where X gives one.
pub(in crate::x) fn code(body: &[u8]) -> Option<i64> {
    let body: Value = serde_json::from_slice(body).ok()?;
    body["errors"][0]["code"].as_i64().or_else(|| body["code"].as_i64())
}

/// What an answer with status 200 says where what it is about is not there, or not for whoever asks.
pub(in crate::x) fn missing(body: &[u8]) -> Option<String> {
    let answer: Value = serde_json::from_slice(body).ok()?;
    const MISSING: [&str; 2] = ["resource-not-found", "not-authorized-for-resource"];
    let is_missing = |error: &Value| {
        let kind = error["type"].as_str().and_then(|kind| kind.rsplit('/').next());
        kind.is_some_and(|kind| MISSING.contains(&kind))
    };
    let found = answer.get("data").is_none() && answer["errors"].as_array()?.iter().any(is_missing);
    found.then(|| words(body).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problems_are_read_in_every_form() {
        for (body, said) in [
            (r#"{"title":"Forbidden","detail":"Not yours.","status":403}"#, Some("Not yours.")),
            (r#"{"errors":[{"code":88,"message":"Rate limit exceeded"}]}"#, Some("Rate limit exceeded")),
            (
                r#"{"errors":[{"message":"text is missing"}],"title":"Invalid Request","detail":"One was invalid."}"#,
                Some("One was invalid. text is missing"),
            ),
            (r#"{"error":"invalid_request","error_description":"Value was invalid."}"#, Some("Value was invalid.")),
            (r#"{"title":"Unauthorized","detail":" "}"#, Some("Unauthorized")),
            ("<html>", None),
            ("[]", None),
        ] {
            assert_eq!(words(body.as_bytes()).as_deref(), said, "{body}");
        }
    }

    #[test]
    fn what_is_not_there_is_told_with_status_200() {
        let gone = r#"{"errors":[{"type":"https://api.x.com/2/problems/resource-not-found","detail":"gone"}]}"#;
        assert_eq!(missing(gone.as_bytes()).as_deref(), Some("gone"));
        let not_shown = gone.replace("resource-not-found", "not-authorized-for-resource");
        assert_eq!(missing(not_shown.as_bytes()).as_deref(), Some("gone"));
        // What is not about the post says nothing of it.
        assert_eq!(missing(gone.replace("resource-not-found", "service-unavailable").as_bytes()), None);
        // Data with an error beside it is data.
        let partial = gone.replacen('{', r#"{"data":[],"#, 1);
        assert_eq!(missing(partial.as_bytes()), None);
        assert_eq!(missing(br#"{"meta":{"result_count":0}}"#), None);
    }
}
