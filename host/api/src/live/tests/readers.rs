//! Who reads what, from where on, and who is dropped.

use super::*;

#[tokio::test(start_paused = true)]
async fn whoever_comes_back_goes_on_after_the_last_message_they_saw() {
    let hub = hub();
    say(&hub, None, 0);
    let mut reader = hub.open(viewer(None), ALL, None).unwrap();
    (1..=3).for_each(|n| say(&hub, None, n));
    let seen = read(&mut reader).await;
    assert_eq!(numbers(&seen), [1, 2, 3], "from now on");
    drop(reader);
    (4..=5).for_each(|n| say(&hub, None, n));
    for (after, wanted) in [(0, vec![2, 3, 4, 5]), (1, vec![3, 4, 5]), (2, vec![4, 5])] {
        let mut again = hub.open(viewer(None), ALL, seen[after]["id"].as_str()).unwrap();
        assert_eq!(numbers(&read(&mut again).await), wanted);
        let place = again.place();
        let mut up_to_date = hub.open(viewer(None), ALL, Some(&place)).unwrap();
        assert_eq!(read(&mut up_to_date).await, [] as [Value; 0]);
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_comes_back_too_late_is_told_to_look_anew() {
    let hub = hub();
    let mut reader = hub.open(viewer(None), ALL, None).unwrap();
    (1..=2).for_each(|n| say(&hub, None, n));
    let first = read(&mut reader).await[0]["id"].as_str().unwrap().to_owned();
    (3..=KEPT as u64 + 1).for_each(|n| say(&hub, None, n));
    let mut just = hub.open(viewer(None), ALL, Some(&first)).unwrap();
    assert_eq!(numbers(&read(&mut just).await).len(), KEPT, "the one after it is kept");
    say(&hub, None, 0);
    let (start, _) = first.split_once('.').unwrap();
    let future = format!("{start}.{}", 2 * KEPT);
    for gone in [first.as_str(), "0.1", "", "x", &future, &format!("{start}.-1"), &format!("{start}.{}", u64::MAX)] {
        let mut late = hub.open(viewer(None), ALL, Some(gone)).unwrap();
        say(&hub, None, 7);
        let told = read(&mut late).await;
        assert_eq!(topics(&told), ["system.reset", "event.accepted"], "{gone}");
        let mut again = hub.open(viewer(None), ALL, told[0]["id"].as_str()).unwrap();
        assert_eq!(numbers(&read(&mut again).await), [7], "it is resumed after that");
    }
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_stops_is_dropped_and_holds_up_nobody() {
    let hub = hub();
    let mut slow = hub.open(viewer(None), ALL, None).unwrap();
    let mut good = hub.open(viewer(None), ALL, None).unwrap();
    let mut seen = Vec::new();
    for n in 1..=6_000 {
        say(&hub, None, n);
        if n % 1_000 == 0 {
            seen.extend(numbers(&read(&mut good).await));
        }
    }
    assert_eq!(seen, (1..=6_000).collect::<Vec<_>>(), "the other has all of them, in order");
    let told = read(&mut slow).await;
    assert_eq!(topics(&told), ["system.dropped"]);
    assert_eq!(told[0]["data"], json!({ "reason": "slow" }));
    assert_eq!((hub.dropped(), hub.readers()), (1, 2));
    drop(slow);
    assert_eq!(hub.readers(), 1);
}

#[tokio::test(start_paused = true)]
async fn nobody_sees_what_is_not_theirs_or_was_not_asked_for() {
    let hub = hub();
    let topic = |names| Wish { topics: Topics::parse(Some(names)).unwrap(), agent: None };
    let of = |agent: &str| Wish { agent: Some(agent.into()), ..ALL };
    let mut readers = [
        (viewer(None), ALL, vec![1, 2, 3, 4]),
        (viewer(Some(&["ann"])), ALL, vec![1, 4]),
        (viewer(Some(&["ann"])), of("ann"), vec![1, 4]),
        (viewer(Some(&["ann"])), of("bob"), vec![]),
        (viewer(Some(&[])), ALL, vec![]),
        (viewer(None), of("bob"), vec![2]),
        (viewer(None), topic("agent"), vec![4]),
        (viewer(None), topic("event.accepted"), vec![1, 2, 3]),
        (viewer(None), topic("budget.near"), vec![]),
    ]
    .map(|(who, wish, wanted)| {
        (hub.open(who.clone(), wish.clone(), None).unwrap(), format!("{who:?} {wish:?}"), wanted)
    });
    say(&hub, Some("ann"), 1);
    say(&hub, Some("bob"), 2);
    say(&hub, None, 3);
    hub.tell(at(1), Topic::AgentMood, Some("ann".into()), json!({ "n": 4 }));
    hub.reset(at(2));
    for (reader, whose, wanted) in &mut readers {
        let told = read(reader).await;
        assert_eq!(numbers(&told), *wanted, "{whose}");
        assert_eq!(topics(&told).last(), Some(&"system.reset"), "{whose}: that messages are missing is for all");
    }
}

#[tokio::test(start_paused = true)]
async fn there_are_as_many_readers_as_may_be() {
    let hub = Arc::new(Hub::new(at(0), 3));
    let who = |id: &str| Principal { id: id.to_owned(), ..viewer(None) };
    let open = |id: &str| hub.open(who(id), ALL, None);
    let refused = |id: &str| open(id).err().map(|fault| fault.code.to_string());
    let first = open("one").unwrap();
    let _second = open("one").unwrap();
    assert_eq!(refused("one").as_deref(), Some("too-many-readers"), "half of them are for others");
    let _third = open("two").unwrap();
    assert_eq!(refused("three").as_deref(), Some("too-many-readers"));
    drop(first);
    assert!(open("three").is_ok(), "a place is free again");
}

#[tokio::test(start_paused = true)]
async fn a_reader_with_nothing_to_read_hears_a_beat_and_stays_up_to_date() {
    let hub = hub();
    let wish = Wish { topics: Topics::parse(Some("budget")).unwrap(), agent: None };
    let mut reader = hub.open(viewer(None), wish, None).unwrap();
    for _ in 0..3 {
        (0..KEPT as u64).for_each(|n| say(&hub, None, n));
        assert!(matches!(reader.next().await, Next::Beat));
    }
    // It was told nothing of all that, and misses nothing when it comes back.
    let place = reader.place();
    hub.tell(at(1), Topic::BudgetNear, None, json!({ "n": 1 }));
    let mut again = hub.open(viewer(None), ALL, Some(&place)).unwrap();
    assert_eq!(topics(&read(&mut again).await), ["budget.near"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_thousand_readers_have_every_message() {
    const READERS: usize = 1_000;
    const MESSAGES: u64 = 3_000;
    let hub = hub();
    let readers: Vec<_> = (0..READERS)
        .map(|_| {
            let mut reader = hub.open(viewer(None), ALL, None).unwrap();
            tokio::spawn(async move {
                let mut next = 1;
                while next <= MESSAGES {
                    match reader.next().await {
                        Next::Messages(messages) => {
                            for message in &messages {
                                assert_eq!(message.number, next);
                                next += 1;
                            }
                            // The bytes are made once: each reader has the same ones.
                            assert!(!reader.event(&messages[0]).is_empty());
                        }
                        Next::Beat => {}
                        Next::End(reason, _) => panic!("{reason:?} after {next}"),
                    }
                }
            })
        })
        .collect();
    for n in 1..=MESSAGES {
        say(&hub, None, n);
        if n % 100 == 0 {
            tokio::task::yield_now().await;
        }
    }
    for reader in readers {
        reader.await.unwrap();
    }
    assert_eq!((hub.readers(), hub.dropped()), (0, 0));
}
