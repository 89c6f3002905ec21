//! What X answers to whoever wants a stream, and how long it is waited for each.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::{
    super::{
        Listening,
        ended::Ended,
        stream::{PATH, Stream},
    },
    there::with_apps,
    *,
};
use crate::x::tests::stand::Stand;

fn problem(kind: &str, more: (&str, &str)) -> Value {
    json!({ "title": "t", "detail": "d", "type": format!("https://api.x.com/2/problems/{kind}"), more.0: more.1 })
}

#[tokio::test]
async fn each_answer_has_its_pause_whether_it_meets_the_stream_or_its_rules() {
    const DAY: u64 = 86_400;
    let issue = |issue: &str| problem("streaming-connection", ("connection_issue", issue));
    let plain = |detail: &str| json!({ "title": "t", "type": "about:blank", "detail": detail });
    for (status, body, kind, pause) in [
        // The plan has none: it is asked for again a day later.
        (403, problem("client-forbidden", ("reason", "client-not-enrolled")), "Planless", DAY),
        (403, problem("client-forbidden", ("reason", "official-client-forbidden")), "Planless", DAY),
        (403, json!({ "errors": [{ "code": 453, "message": "a subset of endpoints" }] }), "Planless", DAY),
        // Somebody has to mend it, and need not wait long after that.
        (401, plain("Unauthorized"), "Refused", 900),
        (401, Value::Null, "Refused", 900),
        (403, problem("unsupported-authentication", ("title", "no")), "Refused", 900),
        (403, plain("Your account is suspended"), "Refused", 900),
        (403, json!({ "errors": [{ "code": 416, "message": "suspended application" }] }), "Refused", 900),
        (403, plain("no"), "Refused", 900),
        (400, problem("invalid-request", ("title", "no")), "Refused", 900),
        (404, plain("no"), "Refused", 900),
        // The rest passes.
        (409, issue("RuleConfigurationIssue"), "Unruled", 5),
        (409, Value::Null, "Unruled", 5),
        (400, issue("RulesInvalidIssue"), "Unruled", 5),
        (429, issue("TooManyConnections"), "TooMany", 60),
        (429, problem("streaming-connection", ("title", "no")), "TooMany", 60),
        (429, issue("ProvisioningSubscription"), "Failed", 5),
        (429, plain("Too Many Requests"), "Limited", 60),
        (429, problem("usage-capped", ("period", "Monthly")), "UsageCap", 3_600),
        (402, plain("no credits"), "UsageCap", 3_600),
        (500, plain("no"), "Failed", 5),
        (503, Value::Null, "Failed", 5),
        (302, Value::Null, "Failed", 5),
    ] {
        let told = body.to_string();
        let stand = Stand::new(move |_| Some((status, Vec::new(), told.clone()))).await;
        let ours = BTreeSet::from([account("ada")]);
        for is_stream in [true, false] {
            let x = with_apps(&stand.url, &["ada"], &["app"]);
            let who = &x.apps["app"].identity;
            let unopened = match is_stream {
                true => x.client.open(&PATH, &[], who).await.map(drop).unwrap_err(),
                false => x.rules(who, &ours, &ours).await.unwrap_err(),
            };
            let ended = Ended::from(unopened);
            assert!(format!("{ended:?}").starts_with(kind), "{status} {body}: {ended:?}");
            let (least, wait) = (Duration::from_secs(pause), ended.wait(1, Listening::Auto));
            assert!((least..=least + Duration::from_secs(4)).contains(&wait), "{status} {body}: {wait:?}");
        }
    }
    // Nobody is there.
    let gone = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", gone.local_addr().unwrap());
    drop(gone);
    let x = with_apps(&url, &["ada"], &["app"]);
    let unopened = x.client.open(&PATH, &[], &x.apps["app"].identity).await.map(drop).unwrap_err();
    assert_eq!(Ended::from(unopened), Ended::Network);
}

#[tokio::test]
async fn rules_that_x_cannot_use_are_made_anew_however_right_they_look() {
    let (network, endpoint, notebook) = scene().await;
    network.rule("@ada -from:ada -is:retweet", "puppet:ada");
    network.rule("cats", "cats");
    let kind = "https://api.x.com/2/problems/streaming-connection";
    *network.refuses.lock().unwrap() = Some((409, json!({ "type": kind, "connection_issue": "RulesInvalidIssue" })));
    let hearing = Arc::new(Hearing::new(with_apps(&endpoint, &["ada"], &["app"]), notebook as _, terms()));
    let (signals, _kept) = mpsc::channel(1);
    let stream = Stream { hearing, app: "app".to_owned(), ours: BTreeSet::from([account("ada")]), signals };
    for (anew, id) in [(false, 1), (true, 3), (false, 3)] {
        let ended = stream.once(&[], anew, &mut BTreeSet::new(), &mut false).await.unwrap_err();
        assert_eq!(ended, Ended::Unruled);
        let rules = network.rules.lock().unwrap().clone();
        let ids: Vec<_> = rules.iter().filter(|(.., tag)| tag == "puppet:ada").map(|(id, ..)| *id).collect();
        assert_eq!((ids, rules.len()), (vec![id], 2), "{anew}: those of others stay");
    }
}
