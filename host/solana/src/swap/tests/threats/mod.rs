//! The threats of docs/trading/threats.md that end in a signature, on the emulated chain: each once with its control,
//! where the money stays, and once without it, where the money goes. What leaves a control out is in this crate's tests
//! alone (`without.rs`).

mod there;

use puppet_emulate_chain::{Fault, Kind, Malice, SOL, USDC};

use super::{
    super::without::Control::{Binding, Bytes, Floor, Try},
    *,
};
use crate::{
    chain::check_decimals,
    guard::{Approval, Approvals as _},
    jupiter::Ask,
};
use there::{BONK, DOLLARS, GONE, Swapped, There, Thousandfold, in_league, small, wish};

/// What a hostile exchange puts into a transaction, and the swap that it is tried with.
fn robberies() -> Vec<(&'static str, Malice, Want)> {
    let all_dollars = wish(USDC, BONK, DOLLARS, 5_000_000_000_000);
    vec![
        ("one more transfer, of lamports", Malice::ExtraTransfer { mint: None, amount: 3_000_000_000 }, small()),
        (
            "one more transfer, of tokens",
            Malice::ExtraTransfer { mint: Some(USDC.to_string()), amount: 500_000_000 },
            small(),
        ),
        ("an account made over: SetAuthority", Malice::SetAuthority, small()),
        ("another recipient", Malice::SwappedRecipient, small()),
        ("a program that nobody knows", Malice::UnknownProgram { lamports: 2_000_000_000 }, small()),
        ("a worse rate than was quoted", Malice::WorseRate { percent: 50 }, small()),
        ("another token than was meant", Malice::OtherMint, small()),
        ("a right to spend: Approve", Malice::Approve, small()),
        ("an account hidden in a lookup table", Malice::LookupTable, small()),
        ("the wallet made over: Assign", Malice::Assign, small()),
        ("an account closed, its rent to somebody else", Malice::CloseAccount, all_dollars),
        ("of SOL: an account made over", Malice::SetAuthority, wish(SOL, USDC, 1_000_000_000, 150_000_000)),
        ("of SOL: another recipient", Malice::SwappedRecipient, wish(SOL, USDC, 1_000_000_000, 150_000_000)),
        ("of SOL: a right to spend", Malice::Approve, wish(SOL, USDC, 1_000_000_000, 150_000_000)),
    ]
}

/// Reading it and trying it are two gates: either stops every one of these by itself.
#[tokio::test]
async fn blind_signing_of_what_a_remote_built() {
    for via in [Via::Jupiter, Via::OwnNode] {
        for (name, malice, want) in robberies() {
            for (left_out, moves) in [(&[][..], false), (&[Try], false), (&[Bytes], false), (&[Bytes, Try], true)] {
                let mut there = There::start().await;
                there.settings.via = via;
                there.chain.turn(Some(malice.clone())).unwrap();
                let held = there.held();
                let (reason, lost) = there.swap(left_out, want.clone()).await;
                if moves {
                    assert!(lost >= GONE, "{name}, {via:?}: {lost} {reason:?}");
                } else {
                    assert_eq!(there.held(), held, "{name}, {via:?}, without {left_out:?}: {reason:?}");
                    assert!(reason.is_some(), "{name}, {via:?}, without {left_out:?}");
                }
            }
        }
    }
}

/// The node says that all is well: what is read from the bytes does not depend on it.
#[tokio::test]
async fn a_node_in_league_with_the_exchange() {
    let robberies = robberies().into_iter().filter(|(_, _, want)| *want == small());
    for (name, malice, want) in robberies {
        for (left_out, moves) in [(&[][..], false), (&[Bytes], true)] {
            let mut there = There::start().await;
            there.rpc = in_league(&there);
            there.chain.turn(Some(malice.clone())).unwrap();
            let held = there.held();
            let (reason, lost) = there.swap(left_out, want.clone()).await;
            if moves {
                assert!(lost >= GONE, "{name}: {lost} {reason:?}");
            } else {
                assert_eq!(there.held(), held, "{name}");
                assert!(reason.is_some_and(|reason| reason.starts_with("not signed")), "{name}");
            }
        }
    }
}

/// What is held is told as three times as much, or as half: a try does not fit to it.
#[tokio::test]
async fn a_node_that_lies_about_balances() {
    for percent in [300, 50] {
        for (left_out, moves) in [(&[][..], false), (&[Try], true)] {
            let there = There::start().await;
            there.chain.misbehave(vec![Fault::from(Kind::WrongBalance { percent })].into());
            let held = there.held();
            let (reason, _) = there.swap(left_out, small()).await;
            assert_eq!(there.held() != held, moves, "{percent}, without {left_out:?}: {reason:?}");
            assert_eq!(reason.is_some(), !moves);
        }
    }
}

/// No rule names the program, and whoever wrote it also owns the node that tries it.
#[tokio::test]
async fn a_signing_path_that_no_rule_names() {
    for (allows_by_default, moves) in [(false, false), (true, true)] {
        let mut there = There::start().await;
        there.guard.allows_by_default = allows_by_default;
        there.rpc = in_league(&there);
        there.chain.turn(Some(Malice::UnknownProgram { lamports: 2_000_000_000 })).unwrap();
        let (reason, lost) = there.swap(&[], small()).await;
        assert_eq!(lost >= GONE, moves, "{reason:?}");
        assert_eq!(reason.is_some_and(|reason| reason.contains("which is not on the list")), !moves);
    }
}

/// There is one line in this crate that signs with a wallet, and it takes what the guard has cleared.
#[test]
fn nothing_but_what_the_guard_has_cleared_is_signed() {
    fn walk(folder: &std::path::Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let is_of_tests = path.ends_with("tests") || path.ends_with("tests.rs") || path.ends_with("testing");
            if path.is_dir() && !is_of_tests {
                walk(&path, found);
            } else if !is_of_tests && path.extension().is_some_and(|end| end == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                let lines = text.lines().map(str::trim).filter(|line| !line.starts_with("//"));
                found.extend(
                    lines
                        .filter(|line| [".sign(&", "sign_message("].iter().any(|call| line.contains(call)))
                        .map(str::to_owned),
                );
            }
        }
    }
    let mut found = Vec::new();
    walk(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
    found.sort();
    assert_eq!(
        found,
        [
            "Keypair::new_from_array(**self.seed).sign_message(message)",
            "let (transaction, signature) = match cleared.sign(&parts.wallet) {",
            "let signature = wallet.sign(&transaction.message.serialize());",
        ]
    );
}

/// It was decided at one price; what comes with the transaction is openly another.
#[tokio::test]
async fn a_quote_that_changed_between_decision_and_signature() {
    for via in [Via::Jupiter, Via::OwnNode] {
        for (left_out, moves) in [(&[][..], false), (&[Floor], true)] {
            let mut there = There::start().await;
            there.settings.via = via;
            let ask = Ask { gives: USDC, takes: BONK, amount: 10_000_000, taker: None, slippage_bps: 50 };
            there.chain.turn(Some(Malice::QuoteChanged { percent: 60 })).unwrap();
            let decided = there.jupiter.order(&ask).await.unwrap().quote.out_amount;
            let held = there.held();
            let (reason, lost) = there.swap(left_out, wish(USDC, BONK, 10_000_000, decided)).await;
            assert_eq!(there.held() != held, moves, "{reason:?}");
            // Four dollars of ten.
            assert_eq!(lost >= 3_900_000, moves, "{lost}");
        }
    }
}

/// A person has said yes to ten dollars at a good price; what is handed over to be signed is another order.
#[tokio::test]
async fn an_approval_swapped_after_review() {
    for (left_out, moves) in [(&[][..], false), (&[Binding], true)] {
        let mut there = There::start().await;
        there.settings.approve_above = ApproveAbove::Amounts([(USDC, 1_000_000)].into());
        let log = Arc::new(Swapped { log: InMemorySwapLog::default(), instead: std::sync::Mutex::default() });
        there.log = Arc::<Swapped>::clone(&log);
        let held = there.held();
        // Whoever decided would take half.
        let want = Want { least_out: 25_000_000_000, ..small() };
        let swapper = there.swapper(left_out);
        swapper.begin("s", want).await.unwrap();
        let shown = loop {
            match swapper.step("s", &|| None).await.unwrap() {
                Progress::Waits(Waiting::Approval(message)) => break message,
                Progress::Moved(_) => {}
                other => panic!("{other:?}"),
            }
        };
        there
            .approvals
            .grant(Approval { hash: shown.clone(), expires_at: Timestamp::from_system().plus_millis(60_000) });
        // Forty percent less comes of the other order.
        there.chain.price(&BONK, 33).unwrap();
        let ask = Ask { gives: USDC, takes: BONK, amount: 10_000_000, taker: Some(taker()), slippage_bps: 50 };
        let order = there.jupiter.order(&ask).await.unwrap();
        *log.instead.lock().unwrap() = Some(Entry::Quoted {
            transaction: order.transaction.unwrap(),
            order: Some(order.request_id),
            out_amount: order.quote.out_amount,
            least_out: order.quote.least_out,
            at: Timestamp::from_system(),
            last_valid_height: order.last_valid_height.unwrap(),
        });
        let end = loop {
            match swapper.step("s", &|| None).await.unwrap() {
                Progress::Moved(_) => {}
                other => break other,
            }
        };
        assert_eq!(there.held() != held, moves, "{end:?}");
        if !moves {
            assert!(
                matches!(&end, Progress::Ended(Entry::Refused { reason, .. }) if reason.contains("not the one that was checked"))
            );
            // The yes is still there for what it was said to, and for nothing else.
            assert!(there.approvals.take(&shown).await.unwrap().is_some());
        }
    }
}

/// A person says yes, and another one halts everything before it is signed.
#[tokio::test]
async fn a_halt_between_decision_and_signature() {
    for is_asked in [true, false] {
        let mut there = There::start().await;
        there.settings.approve_above = ApproveAbove::Amounts([].into());
        let held = there.held();
        let swapper = there.swapper(&[]);
        let is_approved = std::sync::atomic::AtomicBool::new(false);
        let halted = || {
            let is_on = is_asked && is_approved.load(std::sync::atomic::Ordering::Relaxed);
            is_on.then(|| "an operator saw something".to_owned())
        };
        swapper.begin("s", small()).await.unwrap();
        let end = loop {
            match swapper.step("s", &halted).await.unwrap() {
                Progress::Moved(_) => {}
                Progress::Waits(Waiting::Approval(hash)) => {
                    let expires_at = Timestamp::from_system().plus_millis(60_000);
                    there.approvals.grant(Approval { hash, expires_at });
                    is_approved.store(true, std::sync::atomic::Ordering::Relaxed);
                }
                other => break other,
            }
        };
        assert_eq!(there.held() == held, is_asked, "{end:?}");
        let is_refused = matches!(&end, Progress::Ended(Entry::Refused { cause: Cause::Halted, reason }) if reason.contains("an operator saw"));
        assert_eq!(is_refused, is_asked, "{end:?}");
    }
}

/// By the exchange: half a dollar was meant, and five hundred are in the transaction.
#[tokio::test]
async fn a_unit_error_of_a_thousand_by_the_exchange() {
    for via in [Via::Jupiter, Via::OwnNode] {
        for (left_out, moves) in [(&[][..], false), (&[Try], false), (&[Bytes], false), (&[Bytes, Try], true)] {
            let mut there = There::start().await;
            there.settings.via = via;
            there.jupiter = Arc::new(Thousandfold(Arc::clone(&there.jupiter)));
            let (reason, _) = there.swap(left_out, wish(USDC, BONK, 500_000, 2_500_000_000)).await;
            let left = there.chain.tokens(&taker(), &USDC);
            assert_eq!(left, if moves { DOLLARS - 500_000_000 } else { DOLLARS }, "{left_out:?}: {reason:?}");
        }
    }
}

/// By the operator: USDC is told as a token of nine decimals, so that a dollar is a thousand.
#[tokio::test]
async fn a_unit_error_of_a_thousand_in_the_list_of_tokens() {
    for (is_checked, moves) in [(true, false), (false, true)] {
        let there = There::start().await;
        let told = 9;
        let one_dollar = 10_u64.pow(u32::from(told));
        if is_checked {
            let error = check_decimals(there.rpc.as_ref(), &[(BONK, 5), (USDC, told)]).await.unwrap_err();
            assert_eq!(error, ChainError::Decimals { mint: USDC, believed: 9, found: 6 });
        } else {
            there.swap(&[], wish(USDC, BONK, one_dollar, 5_000_000_000_000)).await;
        }
        let left = there.chain.tokens(&taker(), &USDC);
        assert_eq!(left, if moves { 0 } else { DOLLARS });
    }
}
