use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use puppet_types::Timestamp;
use solana_instruction::Instruction;
use solana_message::{AddressLookupTableAccount, VersionedMessage, legacy};
use spl_token_interface::instruction::{AuthorityType, TokenInstruction};

use super::*;
use crate::{
    programs::{TOKEN, TOKEN_2022},
    testing::*,
};

type NoTables = BTreeMap<Address, Vec<Address>>;

fn check_of(intent: &Intent, steps: &[Instruction]) -> Result<Checked, Refusal> {
    Guard::default().check(&bytes(message(intent.taker, steps, &[])), &own(), intent, &NoTables::new())
}

fn check(steps: &[Instruction]) -> Result<Checked, Refusal> {
    check_of(&intent(), steps)
}

/// The honest swap, and something after it.
fn and(more: Instruction) -> Result<Checked, Refusal> {
    check(&honest().into_iter().chain([more]).collect::<Vec<_>>())
}

fn sell_sol() -> Intent {
    Intent { gives: sol(), most_in: 1_000_000, ..intent() }
}

fn ours(leg: Leg) -> Address {
    ata(&taker(), leg)
}

fn unchecked_transfer(from: Address, to: Address, amount: u64) -> Instruction {
    token(usdc(), &TokenInstruction::Transfer { amount }, &[ours(usdc()), to, from], from)
}

#[test]
fn the_swap_that_was_meant_is_let_through() {
    let checked = check(&honest()).unwrap();
    assert_eq!(checked.fee_lamports(), 5_000);
    assert_eq!(checked.hash().len(), 64);
    // The same as a legacy message.
    let legacy = legacy::Message::new(&honest(), Some(&taker()));
    let bytes = bytes(VersionedMessage::Legacy(legacy));
    Guard::default().check(&bytes, &own(), &intent(), &NoTables::new()).unwrap();
}

#[test]
fn a_swap_against_a_market_maker_is_let_through() {
    let steps = [transfer(usdc(), taker(), maker(), 1_000_000), transfer(bonk(), maker(), taker(), 500)];
    assert_eq!(check(&steps).unwrap().fee_lamports(), 10_000);
}

#[test]
fn sol_is_wrapped_swapped_and_what_is_left_comes_back() {
    let intent = sell_sol();
    let wrapped = ours(sol());
    let steps = [
        open(taker(), taker(), sol()),
        pay(taker(), wrapped, 1_000_000),
        token(sol(), &TokenInstruction::SyncNative, &[wrapped], taker()),
        open(taker(), taker(), bonk()),
        route(&intent, 1_000_000, 510, 100),
        token(sol(), &TokenInstruction::CloseAccount, &[wrapped, taker(), taker()], taker()),
    ];
    check_of(&intent, &steps).unwrap();
    let mut more = steps.to_vec();
    more[1] = pay(taker(), wrapped, 1_000_001);
    assert!(matches!(check_of(&intent, &more).unwrap_err().why, Why::WrapsMore { .. }));
    more[1] = pay(taker(), maker(), 1);
    assert!(matches!(check_of(&intent, &more).unwrap_err().why, Why::GivesMore { .. }));
}

#[test]
fn what_takes_a_right_away_is_refused_by_its_number_and_in_plain_words() {
    use TokenInstruction as T;
    let ours = ours(usdc());
    let set = T::SetAuthority { authority_type: AuthorityType::AccountOwner, new_authority: None.into() };
    let system = |tag: u32| call(SYSTEM, &[taker(), address(3)], &[taker()], tag.to_le_bytes().to_vec());
    let cases: [(Instruction, &str); 22] = [
        (token(usdc(), &set, &[ours, taker()], taker()), "SetAuthority"),
        (token(bonk(), &set, &[address(4), taker()], taker()), "SetAuthority"),
        (token(usdc(), &T::Approve { amount: 1 }, &[ours, maker(), taker()], taker()), "Approve"),
        (
            token(usdc(), &T::ApproveChecked { amount: 1, decimals: 6 }, &[ours, maker(), taker()], taker()),
            "ApproveChecked",
        ),
        (token(usdc(), &T::Burn { amount: 1 }, &[ours, usdc().mint, taker()], taker()), "Burn"),
        (token(usdc(), &T::Revoke, &[ours, taker()], taker()), "Revoke"),
        (token(usdc(), &T::CloseAccount, &[ours, taker(), taker()], taker()), "close our account"),
        (token(sol(), &T::CloseAccount, &[ata(&taker(), sol()), maker(), taker()], taker()), "pay what is in it to"),
        (token(sol(), &T::CloseAccount, &[address(4), taker(), taker()], taker()), "no account that we know of"),
        (system(1), "Assign"),
        (system(10), "AssignWithSeed"),
        (system(0), "CreateAccount"),
        (system(4), "nonce"),
        (system(77), "not known (77)"),
        (call(TOKEN_2022, &[ours], &[taker()], vec![40, 0]), "not known (40)"),
        (call(usdc().program, &[ours], &[taker()], vec![26, 1]), "not known (26)"),
        (call(ASSOCIATED_TOKEN, &[taker()], &[taker()], vec![2]), "RecoverNested"),
        (call(ASSOCIATED_TOKEN, &[taker()], &[taker()], vec![3]), "not known (3)"),
        (call(JUPITER, &[taker()], &[taker()], vec![9; 40]), "not known (0909090909090909)"),
        (call(address(0x66), &[taker()], &[taker()], vec![]), "not on the list"),
        (call(COMPUTE_BUDGET, &[], &[], vec![0; 9]), "not known (0)"),
        (call(usdc().program, &[ours], &[taker()], vec![]), "cut off"),
    ];
    for (bad, words) in cases {
        let refusal = and(bad).unwrap_err();
        assert_eq!(refusal.instruction, Some(3), "{refusal}");
        assert!(refusal.to_string().contains(words), "{words}: {refusal}");
    }
}

#[test]
fn nothing_leaves_beyond_the_intent() {
    let other = wallet(2).address();
    let cases: [(Instruction, &str); 13] = [
        (transfer(usdc(), taker(), maker(), 1), "at most 1000000"),
        (unchecked_transfer(taker(), ata(&maker(), usdc()), 1), "at most 1000000"),
        (unchecked_transfer(taker(), ata(&maker(), usdc()), u64::MAX), "at most 1000000"),
        (transfer(savings(), taker(), maker(), 1), "not what is swapped"),
        (transfer(bonk(), taker(), maker(), 1), "not what is swapped"),
        (transfer(Leg { mint: address(0xD1), ..usdc() }, taker(), maker(), 1), "no account that we know of"),
        (unchecked_transfer(maker(), ata(&maker(), usdc()), 1), "somebody else's right"),
        (pay(taker(), maker(), 1), "pays 1 lamports"),
        (pay(taker(), ours(sol()), 1), "wraps SOL"),
        (pay(taker(), other, 1), "pays 1 lamports"),
        (open(taker(), maker(), bonk()), "at our cost"),
        (open(taker(), taker(), savings()), "no part of this swap"),
        (transfer(usdc(), other, maker(), 1), "wallet of ours with no part"),
    ];
    for (bad, words) in cases {
        let refusal = and(bad).unwrap_err();
        assert!(refusal.to_string().contains(words), "{words}: {refusal}");
    }
    // Between our own accounts of one token, and out of a maker's pocket, it does not matter.
    and(transfer(usdc(), taker(), taker(), 9)).unwrap();
    and(transfer(savings(), maker(), taker(), 9)).unwrap();
    and(pay(maker(), taker(), 9)).unwrap();
    and(open(maker(), maker(), usdc())).unwrap();
}

#[test]
fn a_swap_that_brings_less_or_pays_somebody_else_is_refused() {
    let intent = intent();
    // 505 less one percent is 499.95, and the aggregator rounds up.
    check(&[route(&intent, 1_000_000, 505, 100)]).unwrap();
    let swapped = |place: usize, to: Address| {
        let mut step = route(&intent, 1_000_000, 510, 100);
        step.accounts[place].pubkey = to;
        step
    };
    let cases = [
        (vec![route(&intent, 1_000_000, 504, 100)], "promises 499"),
        (vec![route(&intent, 1_000_000, 510, 300)], "promises 495"),
        (vec![route(&intent, 1_000_000, 510, 10_001)], "cut off"),
        (vec![route(&intent, 1_000_001, 510, 100)], "gives 1000001"),
        (vec![route(&intent, 1_000, 510, 100), route(&intent, 1_000, 510, 100)], "more than once"),
        (vec![swapped(6, ata(&maker(), bonk()))], "not our account of that token"),
        (vec![swapped(6, ours(savings()))], "not our account of that token"),
        (vec![swapped(3, ours(savings()))], "not our account of that token"),
        (vec![swapped(2, maker())], "in the name of"),
        (vec![swapped(13, ours(savings()))], "has no part in it"),
        (vec![swapped(13, wallet(2).address())], "has no part in it"),
        (vec![transfer(usdc(), taker(), maker(), 1_000_000)], "promises 0"),
        (vec![transfer(usdc(), taker(), maker(), 10), transfer(bonk(), maker(), taker(), 499)], "promises 499"),
        (vec![transfer(usdc(), taker(), maker(), 10), transfer(usdc(), maker(), taker(), 999)], "promises 0"),
    ];
    for (steps, words) in cases {
        let refusal = check(&steps).unwrap_err();
        assert!(refusal.to_string().contains(words), "{words}: {refusal}");
    }
}

#[test]
fn lamports_that_a_maker_pays_are_what_comes_where_sol_is_taken() {
    let intent = Intent { takes: sol(), ..intent() };
    let given = transfer(usdc(), taker(), maker(), 1_000_000);
    check_of(&intent, &[given.clone(), pay(maker(), taker(), 500)]).unwrap();
    for (steps, brings) in [
        (vec![given.clone(), pay(maker(), taker(), 499)], 499),
        (vec![given.clone(), pay(maker(), address(0x44), 500)], 0),
        (vec![given.clone(), transfer(bonk(), maker(), taker(), 500)], 0),
    ] {
        assert_eq!(check_of(&intent, &steps).unwrap_err().why, Why::BringsLess { brings, least: 500 });
    }
    // Where something else is taken they are not.
    let why = check(&[given, pay(maker(), taker(), 500)]).unwrap_err().why;
    assert_eq!(why, Why::BringsLess { brings: 0, least: 500 });
}

#[test]
fn the_programs_of_a_transaction_are_told_once_each() {
    let steps = [honest(), vec![transfer(usdc(), taker(), maker(), 1), honest().remove(0)]].concat();
    let programs = programs(&bytes(message(taker(), &steps, &[]))).unwrap();
    assert_eq!(programs, [crate::programs::ASSOCIATED_TOKEN, JUPITER, TOKEN]);
    assert!(super::programs(b"no transaction").is_err());
}

#[test]
fn what_a_node_says_is_in_an_account_is_no_reason_to_spend_it() {
    // Savings, and a node that calls them what is swapped.
    let mut own = own();
    let (savings, other) = (ours(savings()), address(0x44));
    for account in [savings, other] {
        own.balances.holdings.insert(account, holding(taker(), usdc(), 5_000_000));
    }
    let accounts = |from: Address| [from, usdc().mint, ata(&maker(), usdc()), taker()];
    let transfer = TokenInstruction::TransferChecked { amount: 1_000_000, decimals: 6 };
    for from in [savings, other] {
        let steps = [token(usdc(), &transfer, &accounts(from), taker())];
        let bytes = bytes(message(taker(), &steps, &[]));
        let refusal = Guard::default().check(&bytes, &own, &intent(), &NoTables::new()).unwrap_err();
        assert_eq!(refusal.why, Why::OtherToken(from));
    }
}

#[test]
fn the_newer_instructions_of_the_aggregator_are_read_as_well() {
    let intent = intent();
    let amounts = |before: &[u8]| {
        let mut data = before.to_vec();
        data.extend(1_000_000_u64.to_le_bytes());
        data.extend(510_u64.to_le_bytes());
        data.extend([100, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        data
    };
    let (source, destination) = (ours(usdc()), ours(bonk()));
    let (gives, takes) = (intent.gives.mint, intent.takes.mint);
    let direct = |instead: Address| {
        let accounts =
            [taker(), source, destination, gives, takes, TOKEN_2022, TOKEN_2022, instead, address(5), JUPITER];
        call(JUPITER, &accounts, &[taker()], amounts(&[187, 100, 250, 204, 49, 196, 175, 20]))
    };
    check(&[direct(JUPITER)]).unwrap();
    check(&[direct(destination)]).unwrap();
    assert_eq!(check(&[direct(maker())]).unwrap_err().why, Why::Recipient(maker()));
    let accounts =
        [address(6), taker(), source, address(7), address(8), destination, gives, takes, TOKEN_2022, TOKEN_2022];
    let shared = call(JUPITER, &accounts, &[taker()], amounts(&[209, 152, 83, 147, 124, 254, 216, 233, 4]));
    check(&[shared]).unwrap();
    // The older direct one.
    let mut data = vec![229, 23, 203, 151, 122, 227, 173, 42, 1, 0, 0, 0, 7, 100, 0, 1];
    data.extend(&amounts(&[])[..18]);
    data.push(0);
    let accounts = [TOKEN_2022, taker(), source, destination, JUPITER, takes, JUPITER, address(5), JUPITER];
    check(&[call(JUPITER, &accounts, &[taker()], data)]).unwrap();
}

#[test]
fn what_it_costs_to_be_run_is_bounded() {
    let price = |price: u64| call(COMPUTE_BUDGET, &[], &[], [&[3][..], &price.to_le_bytes()].concat());
    let units = |units: u32| call(COMPUTE_BUDGET, &[], &[], [&[2][..], &units.to_le_bytes()].concat());
    let with = |more: &[Instruction]| check(&[more, &honest()].concat());
    // Two instructions without a limit may use 400,000 units.
    assert_eq!(with(&[price(1_000_000)]).unwrap().fee_lamports(), 405_000);
    assert_eq!(with(&[price(1_000_001), units(100)]).unwrap().fee_lamports(), 5_101);
    assert_eq!(with(&[price(700_000), units(u32::MAX)]).unwrap().fee_lamports(), 985_000);
    for (more, words) in [
        (vec![price(2_000_001)], "at most 2000000"),
        (vec![price(800_000), units(u32::MAX)], "fee may be 1125000"),
        (vec![price(1), price(1)], "twice"),
        (vec![units(1), units(1)], "twice"),
    ] {
        let refusal = with(&more).unwrap_err();
        assert!(refusal.to_string().contains(words), "{words}: {refusal}");
    }
}

#[test]
fn only_who_swaps_pays_and_no_other_key_of_ours_signs() {
    let payer = message(maker(), &honest(), &[]);
    let refusal = Guard::default().check(&bytes(payer), &own(), &intent(), &NoTables::new()).unwrap_err();
    assert_eq!(refusal.why, Why::FeePayer);
    let signed_by = |who: Address| and(call(address(0x66), &[who], &[who], vec![])).unwrap_err().why;
    assert_eq!(signed_by(wallet(2).address()), Why::OtherKey(wallet(2).address()));
    let crowd: Vec<Address> = (20..23).map(|number| wallet(number).address()).collect();
    assert_eq!(and(call(address(0x66), &crowd, &crowd, vec![])).unwrap_err().why, Why::Signatures(4));
}

#[test]
fn a_lookup_table_hides_nothing_of_ours_and_is_known() {
    let key = address(0x70);
    let through = |hidden: Address| {
        let table = AddressLookupTableAccount { key, addresses: vec![address(0x71), hidden] };
        let mut steps = honest();
        // Not a part of any rule: only the table gives it away.
        steps[1].accounts[13].pubkey = hidden;
        bytes(message(taker(), &steps, &[table]))
    };
    let check = |bytes: &[u8], tables: &NoTables| Guard::default().check(bytes, &own(), &intent(), tables);
    let known = |hidden: Address| NoTables::from([(key, vec![address(0x71), hidden])]);
    let harmless = through(address(0x72));
    assert_eq!(lookups(&harmless).unwrap(), [key]);
    check(&harmless, &known(address(0x72))).unwrap();
    assert_eq!(check(&harmless, &NoTables::new()).unwrap_err().why, Why::UnknownTable(key));
    let short = NoTables::from([(key, vec![address(0x71)])]);
    assert_eq!(check(&harmless, &short).unwrap_err().why, Why::TableTooShort(key, 1));
    // The same bytes, and a table that leads to something of ours.
    for hidden in [ours(savings()), ours(sol()), wallet(2).address(), taker()] {
        assert_eq!(check(&harmless, &known(hidden)).unwrap_err().why, Why::HiddenAccount(hidden));
    }
}

#[test]
fn bytes_that_are_no_transaction_are_refused() {
    let good = bytes(message(taker(), &honest(), &[]));
    let check = |bytes: &[u8]| Guard::default().check(bytes, &own(), &intent(), &NoTables::new()).map(drop);
    check(&good).unwrap();
    for cut in 0..good.len() {
        assert!(check(&good[..cut]).is_err(), "{cut}");
    }
    assert!(check(&[&good[..], &[0]].concat()).is_err());
    assert_eq!(check(&[1; 1_233]).unwrap_err().why, Why::TooLong(1_233));
    // Whatever is changed, nothing falls over.
    for place in 0..good.len() {
        for value in [0, 0xff] {
            let mut bad = good.clone();
            bad[place] = value;
            drop(check(&bad));
        }
    }
    assert_eq!(from_base64(&STANDARD.encode(&good)).unwrap(), good);
    assert!(from_base64("no base64!").is_err());
    assert!(matches!(from_base64(&"A".repeat(4_000)).unwrap_err().why, Why::TooLong(_)));
}

fn tried(change: impl FnOnce(&mut Balances)) -> Result<Changes, Refusal> {
    let before = own().balances;
    let mut after = before.clone();
    *after.lamports.get_mut(&taker()).unwrap() -= 5_000;
    after.holdings.get_mut(&ours(usdc())).unwrap().amount -= 1_000_000;
    after.holdings.get_mut(&ours(bonk())).unwrap().amount += 500;
    change(&mut after);
    check(&honest()).unwrap().compare(&before, &after).map(|compared| compared.changes())
}

fn of(balances: &mut Balances, account: Address) -> &mut crate::accounts::Holding {
    balances.holdings.get_mut(&account).unwrap()
}

#[test]
fn what_a_try_changes_beside_the_intent_is_refused() {
    assert_eq!(tried(|_| ()).unwrap(), Changes { given: 1_000_000, taken: 500, cost: 5_000 });
    type Change = Box<dyn FnOnce(&mut Balances)>;
    let cases: [(Change, &str); 14] = [
        (Box::new(|after| of(after, ours(usdc())).amount += 1_000_001), "brought in 1 of"),
        (Box::new(|after| of(after, ours(usdc())).amount -= 1), "took 1000001"),
        (Box::new(|after| of(after, ours(bonk())).amount -= 1), "brought 499"),
        (Box::new(|after| *after.lamports.get_mut(&taker()).unwrap() -= 1), "cost 5001"),
        (Box::new(|after| *after.lamports.get_mut(&wallet(2).address()).unwrap() -= 1), "has no part"),
        (Box::new(|after| of(after, ours(savings())).amount -= 1), "has no part"),
        (Box::new(|after| of(after, ata(&wallet(2).address(), usdc())).amount -= 1), "has no part"),
        (Box::new(|after| of(after, ours(usdc())).delegate = Some((maker(), 1))), "who may move"),
        (Box::new(|after| of(after, ours(bonk())).owner = maker()), "who may move"),
        (Box::new(|after| of(after, ours(bonk())).close_authority = Some(maker())), "who may move"),
        (Box::new(|after| of(after, ours(bonk())).is_frozen = true), "who may move"),
        (
            Box::new(|after| {
                after.holdings.remove(&ours(savings()));
            }),
            "closed our account",
        ),
        (
            Box::new(|after| {
                after.holdings.remove(&ours(usdc()));
            }),
            "closed our account",
        ),
        (
            Box::new(|after| {
                after.holdings.insert(address(4), holding(taker(), savings(), 1));
            }),
            "has no part",
        ),
    ];
    for (change, words) in cases {
        let refusal = tried(change).unwrap_err();
        assert!(refusal.to_string().contains(words), "{words}: {refusal}");
    }
}

#[test]
fn rent_of_new_accounts_stays_ours_and_is_bounded() {
    let open = |rent: u64| {
        move |after: &mut Balances| {
            let mut new = holding(taker(), sol(), 0);
            new.lamports = rent;
            after.holdings.insert(ours(sol()), new);
            *after.lamports.get_mut(&taker()).unwrap() -= rent;
        }
    };
    assert_eq!(tried(open(6_000_000)).unwrap().cost, 5_000);
    assert!(matches!(tried(open(6_000_001)).unwrap_err().why, Why::Rent { .. }));
}

#[test]
fn sol_is_counted_wherever_it_lies() {
    let intent = sell_sol();
    let own = own();
    let before = &own.balances;
    let steps = [pay(taker(), ours(sol()), 1_000_000), route(&intent, 1_000_000, 510, 100)];
    let tried = |gone: u64, wrapped: Option<u64>| {
        let mut after = before.clone();
        of(&mut after, ours(bonk())).amount += 500;
        let left = wrapped.map(|amount| holding(taker(), sol(), amount));
        *after.lamports.get_mut(&taker()).unwrap() -= gone + left.as_ref().map_or(0, |left| left.lamports);
        after.holdings.extend(left.map(|left| (ours(sol()), left)));
        let checked = Guard::default().check(&bytes(message(taker(), &steps, &[])), &own, &intent, &NoTables::new());
        checked.unwrap().compare(before, &after).map(|compared| compared.changes().given)
    };
    for wrapped in [None, Some(0), Some(77)] {
        assert_eq!(tried(1_005_000, wrapped).unwrap(), 1_005_000);
        assert!(matches!(tried(1_005_001, wrapped).unwrap_err().why, Why::Took { .. }));
    }
}

fn compared(steps: &[Instruction]) -> Compared {
    let before = own().balances;
    let mut after = before.clone();
    of(&mut after, ours(usdc())).amount -= 1_000_000;
    of(&mut after, ours(bonk())).amount += 500;
    check(steps).unwrap().compare(&before, &after).unwrap()
}

#[tokio::test]
async fn an_approval_is_for_one_message_once_and_runs_out() {
    let (now, later) = (Timestamp::from_millis(1_000), Timestamp::from_millis(2_000));
    let above = ApproveAbove::Amounts([(usdc().mint, 999_999)].into());
    let hash = compared(&honest()).checked().hash().to_owned();
    let asked = compared(&honest()).clear(&above, None, now).unwrap_err();
    assert_eq!(asked.why, Why::NeedsApproval(hash.clone()));
    let approvals = InMemoryApprovals::default();
    approvals.grant(Approval { hash: hash.clone(), expires_at: later });
    let approval = approvals.take(&hash).await.unwrap().unwrap();
    compared(&honest()).clear(&above, Some(&approval), now).unwrap();
    assert_eq!(approvals.take(&hash).await.unwrap(), None);
    assert_eq!(compared(&honest()).clear(&above, Some(&approval), later).unwrap_err().why, Why::NotApproved);
    // Swapped after it was shown.
    let other = [route(&intent(), 1_000_000, 509, 100)];
    assert_eq!(compared(&other).clear(&above, Some(&approval), now).unwrap_err().why, Why::NotApproved);
    // A token that nobody thought of is asked about, and nothing is where nothing is asked.
    assert!(compared(&other).needs_approval(&ApproveAbove::Amounts(BTreeMap::new())));
    assert!(!compared(&other).needs_approval(&ApproveAbove::Amounts([(usdc().mint, 1_000_000)].into())));
    compared(&other).clear(&ApproveAbove::Never, None, now).unwrap();
}

#[test]
fn what_is_cleared_is_signed_by_its_own_wallet_and_keeps_the_others_signature() {
    let steps = [transfer(usdc(), taker(), maker(), 1_000_000), transfer(bonk(), maker(), taker(), 500)];
    let message = message(taker(), &steps, &[]);
    let mut transaction: VersionedTransaction = wincode::deserialize(&bytes(message.clone())).unwrap();
    transaction.signatures[1] = wallet(9).sign(&message.serialize());
    let bytes = wincode::serialize(&transaction).unwrap();
    let cleared = || {
        let checked = Guard::default().check(&bytes, &own(), &intent(), &NoTables::new()).unwrap();
        let before = own().balances;
        let mut after = before.clone();
        of(&mut after, ours(usdc())).amount -= 1_000_000;
        of(&mut after, ours(bonk())).amount += 500;
        let compared = checked.compare(&before, &after).unwrap();
        compared.clear(&ApproveAbove::Never, None, Timestamp::from_millis(0)).unwrap()
    };
    assert_eq!(cleared().sign(&wallet(2)).unwrap_err().why, Why::FeePayer);
    let (signed, signature) = cleared().sign(&wallet(1)).unwrap();
    assert_eq!(signed.verify_with_results(), [true, true]);
    assert_eq!(signed.signatures[0], signature);
}

#[test]
fn where_a_token_is_kept_agrees_with_its_program() {
    for leg in [usdc(), bonk(), sol()] {
        let theirs = spl_associated_token_account_interface::address::get_associated_token_address_with_program_id(
            &taker().to_bytes().into(),
            &leg.mint.to_bytes().into(),
            &leg.program.to_bytes().into(),
        );
        assert_eq!(ours(leg).to_bytes(), theirs.to_bytes());
    }
}

#[test]
fn what_others_write_is_what_is_read() {
    use solana_compute_budget_interface::ComputeBudgetInstruction as Budget;
    use solana_system_interface::instruction as system;
    assert!(matches!(and(system::transfer(&taker(), &maker(), 77)).unwrap_err().why, Why::Pays { lamports: 77, .. }));
    assert_eq!(and(system::assign(&taker(), &maker())).unwrap_err().why, Why::Assign("Assign"));
    assert_eq!(and(system::advance_nonce_account(&maker(), &taker())).unwrap_err().why, Why::DurableNonce);
    let seeded = system::assign_with_seed(&maker(), &taker(), "seed", &address(3));
    assert_eq!(and(seeded).unwrap_err().why, Why::Assign("AssignWithSeed"));
    assert_eq!(
        and(Budget::set_compute_unit_price(2_000_001)).unwrap_err().why,
        Why::UnitPrice { price: 2_000_001, most: 2_000_000 }
    );
    let budget = [Budget::set_compute_unit_limit(100_000), Budget::set_compute_unit_price(1_000_000)];
    let free = [Budget::request_heap_frame(65_536), Budget::set_loaded_accounts_data_size_limit(1 << 20)];
    let checked = check(&[&budget[..], &free[..], &honest()[..]].concat()).unwrap();
    assert_eq!(checked.fee_lamports(), 105_000);
}
