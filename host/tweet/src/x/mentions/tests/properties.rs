//! Whoever is listened for, and however far it was, what is sent is as X describes it.

use std::collections::BTreeSet;

use proptest::{
    prelude::*,
    test_runner::{RngAlgorithm, TestRng, TestRunner},
};
use puppet_types::{AccountId, PostId};

use super::{
    super::stream::{PATH, asked_for},
    there::with_apps,
};
use crate::x::tests::{
    properties::obliging,
    spec::{Described, json_of, of_x},
    stand::Stand,
};

#[test]
fn whoever_is_listened_for_is_asked_for_as_x_describes_it() {
    let Some(file) = of_x("openapi.json") else { return };
    let described = Described::new(json_of(&file));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let stand = runtime.block_on(Stand::new(obliging));
    let x = with_apps(&stand.url, &["ada"], &["app"]);
    let who = &x.apps["app"].identity;
    let operations = std::cell::RefCell::new(BTreeSet::new());
    let names = || prop::collection::btree_set("[a-z0-9_]{1,15}", 0..60);
    let config = ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let held = runner.run(&("[0-9]{1,19}", names(), names()), |(since, wanted, others)| {
        let of = |names: &BTreeSet<String>| names.iter().map(AccountId::new).collect::<BTreeSet<_>>();
        let (wanted, mut ours) = (of(&wanted), of(&others));
        ours.extend(wanted.iter().cloned().chain([AccountId::new("ada")]));
        runtime.block_on(async {
            drop(x.mentions(&"ada".into(), &PostId::new(since)).await);
            drop(x.rules(who, &ours, &wanted).await);
            drop(x.client.open(&PATH, &asked_for(), who).await);
        });
        let all = std::mem::take(&mut *stand.came.lock().unwrap());
        for came in all {
            let wrong = described.wrong(&came);
            prop_assert!(wrong.is_empty(), "{wrong:?}");
            operations.borrow_mut().insert(described.operation(&came.line));
        }
        Ok(())
    });
    held.unwrap_or_else(|error| panic!("{error}"));
    let all = [
        "GET /2/tweets/search/stream",
        "GET /2/tweets/search/stream/rules",
        "GET /2/users/me",
        "GET /2/users/{id}/mentions",
        "POST /2/tweets/search/stream/rules",
    ];
    assert_eq!(operations.into_inner(), all.map(str::to_owned).into(), "every operation is met");
}
