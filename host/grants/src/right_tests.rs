use puppet_types::Code;

use super::*;

const POST: [Charge; 1] = [Charge { amount: Amount::Posts, quantity: 1 }];

fn posts(limit: u64) -> BTreeMap<(Amount, Period), u64> {
    [((Amount::Posts, Period::Hour), limit)].into()
}

fn requests() -> Requests {
    let request = Request { amounts: posts(3), ..Request::default() };
    [(Capability::Tweet, request)].into()
}

fn rights(agent: &str, ledger: &Arc<Ledger>, shared: Shared) -> Rights {
    Rights::on_terms(&requests(), (&"pack".into(), &[]), &agent.into(), ledger, Terms::default(), shared)
}

fn post(rights: &Rights) -> Result<(), CallError> {
    let right = rights.get(Capability::Tweet).unwrap();
    let held = right.reserve(&POST, Timestamp::default())?;
    held.into_iter().for_each(|(held, _)| drop(held.spend_all()));
    Ok(())
}

#[test]
fn two_agents_of_one_account_share_its_budget() {
    let ledger = Arc::default();
    let account = |name: &str| Shared {
        account: Some((name.into(), [(Capability::Tweet, posts(4))].into())),
        ..Shared::default()
    };
    let [ann, bob] = ["ann", "bob"].map(|agent| rights(agent, &ledger, account("news-bot")));
    for who in [&ann, &ann, &ann, &bob] {
        post(who).unwrap();
    }
    let refused = post(&bob).unwrap_err();
    assert_eq!(refused.code, Code::BudgetExhausted);
    assert!(refused.message.contains("of all that post as @news-bot: 0 of 4 left"), "{}", refused.message);
    let own = bob.lines(Timestamp::default());
    let own = own.iter().find(|line| line.key.agent().is_some() && line.key.period == Period::Hour).unwrap();
    assert_eq!((own.used, own.reserved), (1, 0), "what was refused is given back");
    assert!(post(&rights("cat", &ledger, account("other"))).is_ok());
}

#[test]
fn what_the_whole_host_may_do_is_shared_by_everybody() {
    let ledger = Arc::default();
    let shared = Shared { account: None, host: [(Capability::Tweet, posts(2))].into() };
    let [ann, bob] = ["ann", "bob"].map(|agent| rights(agent, &ledger, shared.clone()));
    post(&ann).unwrap();
    post(&bob).unwrap();
    assert!(post(&ann).unwrap_err().message.contains("of the whole host"));
    let lines = ann.lines(Timestamp::default());
    let line = lines.iter().find(|line| line.key.owner == Owner::Host).unwrap();
    assert_eq!((line.limit, line.used, line.left), (2, 2, 0));
}

#[test]
fn an_account_has_the_ceilings_of_one_agent_where_nobody_said_anything() {
    let Shared { account: Some((_, limits)), host } = Shared::of_account("ann".into()) else { panic!() };
    assert!(host.is_empty());
    let most = ceiling(Capability::Tweet).unwrap();
    assert_eq!(limits[&Capability::Tweet].len(), most.amounts.len());
    assert!(
        most.amounts.iter().all(|(amount, period, limit)| limits[&Capability::Tweet][&(*amount, *period)] == *limit)
    );
}

#[test]
fn what_is_there_at_once_is_bounded_and_nothing_is_drawn_on() {
    let ledger = Arc::default();
    let request = Request { amounts: [((Amount::Timers, Period::AtOnce), 2)].into(), ..Request::default() };
    let requests = [(Capability::Schedule, request)].into();
    let rights = Rights::from_requests(&requests, &"pack".into(), &"ann".into(), &ledger);
    let right = rights.get(Capability::Schedule).unwrap();
    assert_eq!(right.at_once(Amount::Timers), Some(2));
    let reached = |reached| right.has_room(&[Level { amount: Amount::Timers, reached }]);
    assert!(reached(2).is_ok());
    let refused = reached(3).unwrap_err();
    assert_eq!((refused.code, refused.retry_after_ms), (Code::BudgetExhausted, None));
    assert!(refused.message.contains("2 at once, this would make 3"), "{}", refused.message);
    let held = right.reserve(&[Charge { amount: Amount::Timers, quantity: 5 }], Timestamp::default()).unwrap();
    assert_eq!(held.len(), 1, "of the hour alone");
}

#[test]
fn a_request_is_only_ever_cut() {
    let both = |operations: &[&str]| operations.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    let mut request = Request::default();
    assert!(request.cut(Capability::Llm, None, &BTreeMap::new()) && request == Request::default());
    let tokens = |quantity| [((Amount::Tokens, Period::Day), quantity)].into();
    assert!(request.cut(Capability::Llm, Some(&both(&["complete", "post"])), &tokens(7)));
    assert_eq!(request.operations, both(&["complete"]), "all of them, cut to one");
    assert_eq!(request.amounts, tokens(7), "what is not named is no more than is allowed");
    assert!(request.cut(Capability::Llm, Some(&both(&["complete"])), &tokens(9)));
    assert_eq!(request.amounts, tokens(7));
    assert!(!request.cut(Capability::Llm, Some(&both(&["embed"])), &tokens(9)), "nothing is left");
}

#[test]
fn timers_at_once_are_told_when_they_are_many_and_addressees_are_not() {
    let ledger: Arc<Ledger> = Arc::default();
    let told: Arc<std::sync::Mutex<Vec<String>>> = Arc::default();
    let to = Arc::clone(&told);
    ledger.on_alarm(move |line| to.lock().unwrap().push(format!("{} {}", line.key, line.state.name())));
    let bounded = |capability, amount| {
        let request = Request { amounts: [((amount, Period::AtOnce), 5)].into(), ..Request::default() };
        Rights::from_requests(&[(capability, request)].into(), &"pack".into(), &"ann".into(), &ledger)
    };
    for (capability, amount) in [(Capability::Schedule, Amount::Timers), (Capability::Events, Amount::Targets)] {
        let rights = bounded(capability, amount);
        assert!(rights.get(capability).unwrap().has_room(&[Level { amount, reached: 4 }]).is_ok());
    }
    assert_eq!(*told.lock().unwrap(), ["schedule.timers near"]);
}

#[test]
fn lines_tell_the_mode_of_the_agent_and_what_has_no_window() {
    let ledger = Arc::default();
    let terms = Terms { mode: Mode::DryRun, ..Terms::default() };
    let requests = [(Capability::Tweet, Request::default()), (Capability::Schedule, Request::default())].into();
    let shared = Shared::of_account("news-bot".into());
    let rights = Rights::on_terms(&requests, (&"pack".into(), &[]), &"ann".into(), &ledger, terms, shared);
    for line in rights.lines(Timestamp::default()) {
        let expected = if line.key.agent().is_some() { Mode::DryRun } else { Mode::Live };
        assert_eq!(line.mode, expected, "{}", line.key);
        assert_eq!(line.resets_at.is_none(), line.key.period == Period::AtOnce, "{}", line.key);
    }
}

#[test]
fn what_is_taken_back_from_all_ends_for_every_pack_and_nothing_else_does() {
    let ledger: Arc<Ledger> = Arc::default();
    let requests = [Capability::Tweet, Capability::Llm].map(|capability| (capability, Request::default())).into();
    let of = |pack: &str| Rights::from_requests(&requests, &pack.into(), &"ann".into(), &ledger);
    let [one, two] = ["one", "two"].map(of);
    ledger.take_back_from_all(Capability::Tweet);
    for rights in [&one, &two] {
        let allows = |capability, operation| rights.get(capability).unwrap().allows(operation);
        assert!(!allows(Capability::Tweet, "post") && allows(Capability::Llm, "complete"));
    }
    ledger.take_back(&"one".into(), Capability::Llm);
    assert!(!one.get(Capability::Llm).unwrap().allows("complete"), "it has its switch still");
    assert!(of("one").get(Capability::Tweet).unwrap().allows("post"), "made from now on");
}

#[test]
fn what_is_used_of_a_right_is_kept_and_what_is_refused_is_not() {
    let ledger: Arc<Ledger> = Arc::default();
    ledger.keep_usage();
    let operations = ["after", "list"].map(str::to_owned).into();
    let timers = [((Amount::Timers, Period::AtOnce), 5)].into();
    let request = Request { operations, amounts: timers, ..Request::default() };
    let requests = [(Capability::Schedule, request)].into();
    let rights = Rights::from_requests(&requests, &"pack".into(), &"ann".into(), &ledger);
    let ask = |operation| rights.granted(Capability::Schedule, operation, &"pack".into(), Timestamp::default());
    assert!(ask("after").is_ok() && ask("cron").is_err());
    let reach = |reached| ask("after").unwrap().has_room(&[Level { amount: Amount::Timers, reached }]);
    assert!(reach(2).is_ok() && reach(4).is_ok() && reach(3).is_ok() && reach(6).is_err());
    let usage = ledger.usage();
    let used: Vec<&str> = usage.operations.iter().map(|(_, _, operation)| operation.as_str()).collect();
    assert_eq!((used, usage.at_once.into_values().collect::<Vec<_>>()), (vec!["after"], vec![4]));
}
