//! What a strategy may answer, and what it is told where it is wrong.

use puppet_types::trade::Side;

use super::*;

fn raw(id: &str) -> wire::Order {
    wire::Order {
        client_id: id.to_owned(),
        market: 0,
        side: wire::Side::Buy,
        kind: "market".to_owned(),
        quantity: 5,
        price: None,
        trail_bps: None,
        reduce_only: false,
        time_in_force: "gtc".to_owned(),
        expires_at: None,
        max_slippage_bps: None,
        reason: String::new(),
    }
}

fn read(ids: &mut ClientIds, raw: Vec<wire::Order>) -> Answer {
    Reader { at: at(100), is_warm_up: false, markets: 2, ids }.read(raw)
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

#[test]
fn an_order_keeps_all_that_it_says() {
    let mut order = raw("a");
    order.market = 1;
    order.side = wire::Side::Sell;
    (order.kind, order.price) = ("limit".to_owned(), Some(7));
    (order.reduce_only, order.time_in_force) = (true, "fok".to_owned());
    (order.expires_at, order.max_slippage_bps, order.reason) = (Some(101), Some(10_000), "so".to_owned());
    let expected = Order {
        client_id: "a".to_owned(),
        market: 1,
        side: Side::Sell,
        kind: OrderKind::Limit(7),
        quantity: 5,
        reduce_only: true,
        time_in_force: TimeInForce::Fok,
        expires_at: Some(at(101)),
        max_slippage_bps: Some(10_000),
        reason: "so".to_owned(),
    };
    let answer = read(&mut ClientIds::default(), vec![order]);
    assert_eq!(answer, Answer { proposals: vec![Proposal::Place(expected)], denials: Vec::new() });
}

#[test]
fn every_kind_takes_its_own_number_and_no_other() {
    use OrderKind::{Limit, Market, Stop, TakeProfit, Trailing};
    // (kind, price, trail, what it is)
    for (kind, price, trail_bps, expected) in [
        ("market", None, None, Ok(Market)),
        ("limit", Some(7), None, Ok(Limit(7))),
        ("stop", Some(7), None, Ok(Stop(7))),
        ("take-profit", Some(7), None, Ok(TakeProfit(7))),
        ("trailing", None, Some(1), Ok(Trailing(1))),
        ("trailing", None, Some(9_999), Ok(Trailing(9_999))),
        ("market", Some(7), None, Err("`market` takes no price")),
        ("market", None, Some(7), Err("`market` takes no `trail-bps`")),
        ("limit", None, None, Err("`limit` needs a price above 0")),
        ("limit", Some(0), None, Err("`limit` needs a price above 0")),
        ("stop", None, None, Err("`stop` needs a price above 0")),
        ("take-profit", None, None, Err("`take-profit` needs a price above 0")),
        ("limit", Some(7), Some(7), Err("`limit` takes no `trail-bps`")),
        ("trailing", None, None, Err("`trailing` needs `trail-bps` of 1 to 9999")),
        ("trailing", None, Some(0), Err("`trailing` needs `trail-bps` of 1 to 9999")),
        ("trailing", None, Some(10_000), Err("`trailing` needs `trail-bps` of 1 to 9999")),
        ("trailing", Some(7), Some(7), Err("`trailing` takes no price")),
        ("Market", None, None, Err("`kind` is \"Market\": one of")),
    ] {
        let order = wire::Order { kind: kind.to_owned(), price, trail_bps, ..raw("a") };
        let answer = read(&mut ClientIds::default(), vec![order]);
        match (expected, &answer.proposals[..], &answer.denials[..]) {
            (Ok(expected), [Proposal::Place(order)], []) => assert_eq!(order.kind, expected),
            (Err(says), [], [denial]) => assert!(denial.detail.starts_with(says), "{}", denial.detail),
            other => panic!("{kind} {price:?} {trail_bps:?}: {other:?}"),
        }
    }
}

#[test]
fn every_wrong_order_is_refused_with_its_reason() {
    let wrong = |change: fn(&mut wire::Order)| {
        let mut order = raw("a");
        change(&mut order);
        let mut ids = ClientIds::default();
        let mut answer = read(&mut ids, vec![order]);
        assert_eq!((answer.proposals.len(), answer.denials.len(), ids.count()), (0, 1, 0), "{answer:?}");
        answer.denials.remove(0)
    };
    for (change, says) in [
        ((|order| order.client_id.clear()) as fn(&mut wire::Order), "a client id is 1 to 64 bytes"),
        (|order| order.client_id = "x".repeat(65), "a client id is 1 to 64 bytes"),
        (|order| order.client_id = "a\nb".to_owned(), "a client id is 1 to 64 bytes"),
        (|order| order.market = 2, "there is no market 2: the run has 2"),
        (|order| order.quantity = 0, "the quantity is 0"),
        (|order| order.time_in_force = "day".to_owned(), "`time-in-force` is \"day\": one of `gtc`, `ioc`, `fok`"),
        (|order| order.max_slippage_bps = Some(10_001), "`max-slippage-bps` is at most 10000"),
        (|order| order.reason = "x".repeat(257), "a reason of 257 bytes: at most 256"),
        (|order| order.expires_at = Some(100), "`expires-at` is not later than the batch"),
        (|order| order.kind = "x".repeat(100_000), "`kind` is"),
    ] {
        let denial = wrong(change);
        assert!(denial.detail.starts_with(says), "{}", denial.detail);
        assert_eq!((denial.rule.as_str(), denial.at), ("invalid", at(100)));
        assert!(denial.client_id.len() <= 64 && denial.detail.len() < 200);
    }
    let longest = wire::Order { reason: "x".repeat(256), ..raw(&"x".repeat(64)) };
    assert_eq!(read(&mut ClientIds::default(), vec![longest]).denials, []);
}

#[test]
fn a_client_id_is_used_once_and_ids_end() {
    let mut ids = ClientIds::default();
    let answer = read(&mut ids, vec![raw("a"), raw("b"), raw("a")]);
    assert_eq!((answer.proposals.len(), ids.count()), (2, 2));
    assert_eq!(
        (answer.denials[0].rule.as_str(), answer.denials[0].detail.as_str()),
        ("duplicate", "the client id was used before")
    );
    let mut carried = ids.clone();
    assert_eq!(read(&mut carried, vec![raw("b")]).denials.len(), 1, "also in the instance that takes its place");
    for n in 0..RUN_ORDERS - 2 {
        ids.used.insert(n as u64);
    }
    let answer = read(&mut ids, vec![raw("c")]);
    assert_eq!(
        (answer.denials[0].rule.as_str(), answer.denials[0].detail.as_str()),
        ("invalid", "more than 1000000 orders in one run")
    );
}

#[test]
fn a_cancel_names_an_order_and_uses_no_id() {
    let mut ids = ClientIds::default();
    let cancel = |market| wire::Order { kind: "cancel".to_owned(), quantity: 0, market, ..raw("a") };
    let answer = read(&mut ids, vec![raw("a"), cancel(1), cancel(2)]);
    assert_eq!(answer.proposals[1], Proposal::Cancel { market: 1, client_id: "a".to_owned() });
    assert_eq!((answer.denials.len(), ids.count()), (1, 1));
}

#[test]
fn orders_in_answer_to_history_are_refused_together() {
    let mut ids = ClientIds::default();
    let answer = Reader { at: at(100), is_warm_up: true, markets: 1, ids: &mut ids }.read(vec![raw("a"), raw("b")]);
    let [denial] = &answer.denials[..] else { panic!("{answer:?}") };
    assert_eq!((denial.rule.as_str(), denial.client_id.as_str(), ids.count()), ("warm-up", "a", 0));
    assert!(answer.proposals.is_empty());
}
