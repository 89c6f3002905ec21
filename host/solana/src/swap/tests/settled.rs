//! What a swap did, whatever else happens to the wallet; and what a halt does to one that is signed or not.

use super::*;

#[tokio::test]
async fn what_fails_on_the_chain_costs_its_fee_and_is_told() {
    let world = World::new();
    world.state().reverts = true;
    let Progress::Ended(Entry::Settled { is_done: false, surprise: None, .. }) =
        swap(&world, SwapSettings::default()).await
    else {
        panic!()
    };
    assert_eq!(moved(&world), (0, 0, -5_000));
    assert!(
        world
            .state()
            .log
            .iter()
            .any(|(_, entry)| matches!(entry, Entry::Reverted { error, .. } if error.contains("Slippage")))
    );
}

#[tokio::test]
async fn less_than_was_meant_is_a_surprise_that_is_told() {
    let world = World::new();
    let swapper = start(&world, SwapSettings::default());
    swapper.begin("s", want()).await.unwrap();
    while !world.state().log.iter().any(|(_, entry)| matches!(entry, Entry::Sent { .. })) {
        swapper.step("s", &|| None).await.unwrap();
    }
    // The try was honest, and what happened was not.
    world.state().brings = 3;
    let Progress::Ended(Entry::Settled { surprise: Some(words), .. }) = until_the_end(&world, &swapper).await.unwrap()
    else {
        panic!()
    };
    assert!(words.contains("3 came"), "{words}");
}

#[tokio::test]
async fn what_somebody_else_moves_meanwhile_is_not_the_swaps_doing() {
    for (reverts, gave, took) in [(false, 1_000_000, 507), (true, 0, 0)] {
        let world = World::new();
        world.state().reverts = reverts;
        let swapper = start(&world, SwapSettings::default());
        swapper.begin("s", want()).await.unwrap();
        let elsewhere = || {
            let mut state = world.state();
            let mut add = |leg, by: i64| {
                let held = &mut state.balances.holdings.get_mut(&ata(&taker(), leg)).unwrap().amount;
                *held = held.checked_add_signed(by).unwrap();
            };
            add(usdc(), -1_000_003);
            add(bonk(), 1_000);
            *state.balances.lamports.get_mut(&taker()).unwrap() -= 77_000_000;
        };
        // Once between signature and block, once between block and settlement.
        step_to(&world, &swapper, "sent").await;
        elsewhere();
        step_to(&world, &swapper, if reverts { "reverted" } else { "landed" }).await;
        elsewhere();
        let end = until_the_end(&world, &swapper).await.unwrap();
        let Progress::Ended(Entry::Settled { before, after, is_done, surprise: None }) = end else { panic!("{end:?}") };
        assert_eq!((before.gives - after.gives, after.takes - before.takes, is_done), (gave, took, !reverts));
        assert_eq!((before.lamports - after.lamports, before.liquid - after.liquid), (5_000, 5_000));
    }
}

#[tokio::test]
async fn a_node_that_cannot_show_a_swap_yet_is_waited_for() {
    let world = World::new();
    world.state().lacks_records = true;
    let swapper = start(&world, SwapSettings::default());
    swapper.begin("s", want()).await.unwrap();
    step_to(&world, &swapper, "landed").await;
    assert!(matches!(swapper.step("s", &|| None).await.unwrap(), Progress::Waits(Waiting::Chain(_))));
    // One that never can has a person name another.
    world.state().height = super::world::LAST_VALID + 333;
    assert!(matches!(until_the_end(&world, &swapper).await.unwrap(), Progress::Waits(Waiting::Record(_))));
    // Nor is one that says of it both that it did something and that it did not.
    world.state().lacks_records = false;
    world.state().records[0].is_done = false;
    let error = until_the_end(&world, &swapper).await.unwrap_err();
    assert!(matches!(error, SwapError::Chain(ChainError::Unreadable(_))), "{error}");
    world.state().records[0].is_done = true;
    assert!(matches!(until_the_end(&world, &swapper).await.unwrap(), Progress::Ended(Entry::Settled { .. })));
}

#[tokio::test]
async fn from_whichever_question_on_a_halt_is_on_nothing_is_signed_or_sent_and_what_was_sent_is_followed() {
    let (mut unsigned, mut unsent, mut settled) = (0, 0, 0);
    for from in 0_usize.. {
        let (world, asked) = (World::new(), std::sync::atomic::AtomicUsize::new(0));
        let halted = || {
            let is_on = asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed) >= from;
            is_on.then(|| "a bad day".to_owned())
        };
        let swapper = start(&world, SwapSettings::default());
        swapper.begin("s", want()).await.unwrap();
        let end = loop {
            match swapper.step("s", &halted).await.unwrap() {
                Progress::Moved(_) => {}
                Progress::Waits(_) => world.block(),
                Progress::Ended(end) => break end,
            }
        };
        let is_signed = world.state().log.iter().any(|(_, entry)| word(entry) == "signed");
        match end {
            Entry::Refused { cause: Cause::Halted, reason } => {
                assert!(reason.contains("a bad day") && !is_signed);
                unsigned += 1;
            }
            // It was signed, and then the switch was turned: no block ever has it.
            Entry::Expired { .. } => {
                assert!(is_signed && world.state().sent.is_empty());
                unsent += 1;
            }
            Entry::Settled { is_done: true, .. } => {
                assert_eq!(moved(&world), (-1_000_000, 507, -5_000));
                settled += 1;
            }
            other => panic!("{from}: {other:?}"),
        }
        if settled == 0 {
            assert_eq!(moved(&world), (0, 0, 0));
        }
        if asked.into_inner() < from {
            break;
        }
    }
    // Before each step, right before the signature, and once more before it is sent.
    assert_eq!((unsigned, unsent), (4, 1));
    assert!(settled > 0);
}

/// Steps until this entry is the last one, a block after each step that waits.
async fn step_to(world: &World, swapper: &Swapper, step: &str) {
    while world.state().log.last().is_none_or(|(_, entry)| word(entry) != step) {
        if let Progress::Waits(_) = swapper.step("s", &|| None).await.unwrap() {
            world.block();
        }
    }
}
