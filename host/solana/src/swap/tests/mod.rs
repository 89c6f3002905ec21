mod settled;
#[cfg(feature = "emulate-chain")]
mod threats;
mod world;

use super::*;
use crate::{
    accounts::Balances,
    guard::{Approval, InMemoryApprovals},
    testing::*,
};
use world::{Death, World, host, want};

/// Steps until it ends, a block after each that waits; what it waits for in the end where it does not.
async fn until_the_end(world: &World, swapper: &Swapper) -> Result<Progress, SwapError> {
    let mut last = None;
    for _ in 0..400 {
        match swapper.step("s", &|| None).await? {
            Progress::Moved(_) => {}
            Progress::Waits(waiting) => {
                last = Some(Progress::Waits(waiting));
                world.block();
            }
            ended => return Ok(ended),
        }
    }
    Ok(last.unwrap())
}

/// What has changed of USDC, BONK and lamports.
fn moved(world: &World) -> (i64, i64, i64) {
    let (before, after) = (own().balances, world.state().balances.clone());
    let of = |balances: &Balances, leg| balances.holdings[&ata(&taker(), leg)].amount as i64;
    let lamports = |balances: &Balances| balances.lamports[&taker()] as i64;
    (
        of(&after, usdc()) - of(&before, usdc()),
        of(&after, bonk()) - of(&before, bonk()),
        lamports(&after) - lamports(&before),
    )
}

fn own_node() -> SwapSettings {
    SwapSettings { via: Via::OwnNode, ..SwapSettings::default() }
}

fn with_a_person() -> SwapSettings {
    SwapSettings { approve_above: ApproveAbove::Amounts([(usdc().mint, 999_999)].into()), ..SwapSettings::default() }
}

fn start(world: &Arc<World>, settings: SwapSettings) -> Swapper {
    host(world, settings, &Arc::default())
}

async fn swap(world: &Arc<World>, settings: SwapSettings) -> Progress {
    let swapper = start(world, settings);
    swapper.begin("s", want()).await.unwrap();
    until_the_end(world, &swapper).await.unwrap()
}

fn refused(progress: Progress) -> String {
    match progress {
        Progress::Ended(Entry::Refused { reason, .. }) => reason,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_swap_ends_with_the_exact_balances() {
    for settings in
        [SwapSettings::default(), own_node(), SwapSettings { wait_for_finality: true, ..SwapSettings::default() }]
    {
        let world = World::new();
        let Progress::Ended(Entry::Settled { before, after, is_done: true, surprise: None }) =
            swap(&world, settings.clone()).await
        else {
            panic!("{:?}", world.state().log)
        };
        assert_eq!((before.gives - after.gives, after.takes - before.takes), (1_000_000, 507));
        let fee = if settings.via == Via::OwnNode { 5_120 } else { 5_000 };
        assert!(before.lamports - after.lamports <= fee);
        assert_eq!(moved(&world), (-1_000_000, 507, -5_000));
        assert_eq!(world.state().sent.len(), 1);
        let steps: Vec<String> = world.state().log.iter().map(|(_, entry)| word(entry)).collect();
        assert_eq!(steps, ["wanted", "quoted", "checked", "signed", "sent", "landed", "settled"]);
    }
}

fn word(entry: &Entry) -> String {
    serde_json::to_value(entry).unwrap()["step"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn wherever_the_host_dies_there_is_one_swap_or_none_and_the_books_say_which() {
    let (mut settled, mut abandoned, mut expired) = (0, 0, 0);
    for settings in [SwapSettings::default(), own_node()] {
        let whole = World::new();
        swap(&whole, settings.clone()).await;
        let questions = whole.state().asked;
        assert!(questions > 25, "{questions}");
        for (at, is_done) in (0..questions).flat_map(|at| [(at, false), (at, true)]) {
            let world = World::new();
            world.state().death = Some(Death { at, is_done });
            let swapper = start(&world, settings.clone());
            if swapper.begin("s", want()).await.is_ok() {
                // A host that is dead asks no more: the first error is the last thing that it does.
                drop(until_the_end(&world, &swapper).await);
            }
            drop(swapper);
            world.state().death = None;
            world.block();
            let again = start(&world, settings.clone());
            if world.state().log.is_empty() {
                assert_eq!(moved(&world), (0, 0, 0));
                continue;
            }
            let end = until_the_end(&world, &again).await.unwrap();
            let did = moved(&world);
            match &end {
                Progress::Ended(Entry::Settled { before, after, is_done: true, surprise: None }) => {
                    settled += 1;
                    assert_eq!(did, (-1_000_000, 507, -5_000), "{at} {is_done}");
                    assert_eq!(before.gives - after.gives, 1_000_000);
                }
                Progress::Ended(Entry::Abandoned) => {
                    abandoned += 1;
                    assert_eq!(did, (0, 0, 0), "{at} {is_done}");
                }
                Progress::Ended(Entry::Expired { .. }) => {
                    expired += 1;
                    assert_eq!(did, (0, 0, 0), "{at} {is_done}");
                }
                other => panic!("{at} {is_done}: {other:?}"),
            }
            let state = world.state();
            let sent: BTreeSet<_> = state.sent.iter().collect();
            assert!(sent.len() <= 1 && state.landed.len() <= 1, "{at} {is_done}");
            // What was sent was noted first.
            let is_noted = |signature: &str| {
                state
                    .log
                    .iter()
                    .any(|(_, entry)| matches!(entry, Entry::Signed { signature: noted, .. } if noted == signature))
            };
            assert!(sent.iter().all(|signature| is_noted(&signature.to_string())));
        }
    }
    assert!(settled > 10 && abandoned > 10 && expired > 1, "{settled} {abandoned} {expired}");
}

#[tokio::test]
async fn what_never_lands_is_waited_for_until_it_cannot_and_is_sent_once() {
    let world = World::new();
    world.state().loses_everything_sent = true;
    let Progress::Ended(Entry::Expired { height }) = swap(&world, SwapSettings::default()).await else { panic!() };
    assert!(height > world::LAST_VALID + 64, "{height}");
    assert_eq!((moved(&world), world.state().sent.len()), ((0, 0, 0), 1));
}

#[tokio::test]
async fn a_node_that_denies_what_the_balances_show_is_not_believed() {
    let world = World::new();
    world.state().denies_statuses = true;
    let end = swap(&world, SwapSettings::default()).await;
    assert!(matches!(end, Progress::Waits(Waiting::Contradiction(_))), "{end:?}");
    // And nothing else is begun meanwhile.
    let again = start(&world, SwapSettings::default());
    assert_eq!(again.begin("t", want()).await.unwrap_err(), SwapError::Busy("s".to_owned()));
    world.state().denies_statuses = false;
    assert!(matches!(until_the_end(&world, &again).await.unwrap(), Progress::Ended(Entry::Settled { .. })));
}

#[tokio::test]
async fn what_an_operator_moved_in_the_same_direction_leaves_a_doubt_until_it_is_moved_back() {
    // Other directions leave none.
    for (gives, takes, is_doubted) in [(-1, 1, true), (-1, 0, false), (0, 1, false), (1, -1, false)] {
        let world = World::new();
        world.state().loses_everything_sent = true;
        let swapper = start(&world, SwapSettings::default());
        swapper.begin("s", want()).await.unwrap();
        while world.state().sent.is_empty() {
            swapper.step("s", &|| None).await.unwrap();
        }
        world::others(&mut world.state().balances, gives, takes);
        let end = until_the_end(&world, &swapper).await.unwrap();
        if is_doubted {
            assert!(matches!(end, Progress::Waits(Waiting::Contradiction(_))), "{end:?}");
            // One of the two is enough, as docs/trading/solana.md says.
            world::others(&mut world.state().balances, 1, 0);
            let end = until_the_end(&world, &swapper).await.unwrap();
            assert!(matches!(end, Progress::Ended(Entry::Expired { .. })), "{end:?}");
        } else {
            assert!(matches!(end, Progress::Ended(Entry::Expired { .. })), "{end:?}");
        }
    }
}

#[tokio::test]
async fn what_is_not_as_it_was_meant_is_refused_before_it_is_signed() {
    type Case = (fn(&mut world::State), &'static str);
    let cases: [Case; 7] = [
        (|state| state.steps.push(transfer(savings(), taker(), maker(), 1)), "instruction 3"),
        (|state| state.steps[1] = route(&intent(), 1_000_000, 504, 100), "promises 499"),
        (|state| state.brings = 400, "brought 400"),
        (
            |state| {
                state.tampers = |after| {
                    after.holdings.remove(&ata(&taker(), savings()));
                }
            },
            "closed our account",
        ),
        (|state| state.least_out = 499, "promises 499"),
        (|state| state.is_refusing = true, "Insufficient funds"),
        (|state| state.out_amount = 0, "gives nothing"),
    ];
    for (change, words) in cases {
        let world = World::new();
        change(&mut world.state());
        let reason = refused(swap(&world, SwapSettings::default()).await);
        assert!(reason.contains(words), "{words}: {reason}");
        assert_eq!((moved(&world), world.state().sent.len()), ((0, 0, 0), 0));
    }
}

#[tokio::test]
async fn a_quote_that_grew_old_is_not_signed() {
    let world = World::new();
    let swapper = start(&world, SwapSettings::default());
    swapper.begin("s", want()).await.unwrap();
    swapper.step("s", &|| None).await.unwrap();
    world.state().now += 10_001;
    assert!(refused(until_the_end(&world, &swapper).await.unwrap()).contains("too old"));
}

#[tokio::test]
async fn a_person_says_yes_to_one_message_and_no_other_is_signed() {
    let world = World::new();
    let approvals = Arc::new(InMemoryApprovals::default());
    let swapper = host(&world, with_a_person(), &approvals);
    swapper.begin("s", want()).await.unwrap();
    let asked = loop {
        match swapper.step("s", &|| None).await.unwrap() {
            Progress::Waits(Waiting::Approval(message)) => break message,
            Progress::Moved(_) => {}
            other => panic!("{other:?}"),
        }
    };
    let later = Timestamp::from_millis(60_000);
    approvals.grant(Approval { hash: "another".to_owned(), expires_at: later });
    assert!(matches!(swapper.step("s", &|| None).await.unwrap(), Progress::Waits(_)));
    approvals.grant(Approval { hash: asked.clone(), expires_at: later });
    assert!(matches!(until_the_end(&world, &swapper).await.unwrap(), Progress::Ended(Entry::Settled { .. })));
    // Used up.
    assert_eq!(approvals.take(&asked).await.unwrap(), None);
}

#[tokio::test]
async fn a_yes_that_never_comes_ends_with_the_blockhash() {
    let world = World::new();
    assert!(refused(swap(&world, with_a_person()).await).contains("nobody has approved"));
    assert_eq!(moved(&world), (0, 0, 0));
}

#[tokio::test]
async fn the_same_wish_twice_is_one_swap() {
    let world = World::new();
    let swapper = start(&world, SwapSettings::default());
    swapper.begin("s", want()).await.unwrap();
    assert_eq!(swapper.begin("s", want()).await.unwrap_err(), SwapError::Taken("s".to_owned()));
    assert_eq!(swapper.begin("t", want()).await.unwrap_err(), SwapError::Busy("s".to_owned()));
    until_the_end(&world, &swapper).await.unwrap();
    assert_eq!(swapper.begin("s", want()).await.unwrap_err(), SwapError::Taken("s".to_owned()));
    for bad in [
        Want { amount: 0, ..want() },
        Want { takes: want().gives, ..want() },
        Want { gives: "SOL".to_owned(), ..want() },
        Want { taker: maker().to_string(), ..want() },
    ] {
        assert_eq!(swapper.begin("u", bad).await.unwrap_err(), SwapError::Malformed);
    }
    assert_eq!(swapper.step("u", &|| None).await.unwrap_err(), SwapError::Unknown("u".to_owned()));
}
