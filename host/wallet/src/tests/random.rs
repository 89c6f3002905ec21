//! Any sequence of what can happen: nothing passes a cap, nothing is lost, and books that are cut anywhere and rebuilt are
//! the same.

use proptest::{collection::vec, prelude::*};
use puppet_types::trade::{Order, OrderKind, Side};

use super::fixture::*;
use crate::{Flow, Numbered, Origin, Risk, Rules, Seen, books::Books};

#[derive(Debug, Clone)]
enum Op {
    Ask {
        side: Side,
        kind: OrderKind,
        market: u32,
        quantity: u64,
        is_exit: bool,
        price: u64,
    },
    /// Of one of the open orders: so much of what is open (in 64ths), at a price between the worst and the best.
    Fill {
        which: usize,
        part: u64,
        better: u64,
        fee: u64,
    },
    Release {
        which: usize,
    },
    Mark {
        price: u64,
    },
    Move {
        flow: Flow,
        amount: u64,
    },
    Halt,
    Reduce,
    Resume,
    Wait {
        millis: i64,
    },
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let side = prop_oneof![2 => Just(Side::Buy), 1 => Just(Side::Sell)];
    let kind = (50_u64..150, 0_u32..5).prop_map(|(price, kind)| match kind {
        0 => OrderKind::Limit(price),
        1 => OrderKind::Stop(price),
        2 => OrderKind::TakeProfit(price),
        3 => OrderKind::Trailing(u32::try_from(price).unwrap()),
        _ => OrderKind::Market,
    });
    let flow = prop_oneof![Just(Flow::In), Just(Flow::Out), Just(Flow::NetworkFee)];
    let ask = (side, kind, 0_u32..3, 1_u64..60, any::<bool>(), 80_u64..120).prop_map(
        |(side, kind, market, quantity, is_exit, price)| Op::Ask { side, kind, market, quantity, is_exit, price },
    );
    let fill = (any::<usize>(), 1_u64..=64, 0_u64..30, 0_u64..3).prop_map(|(which, part, better, fee)| Op::Fill {
        which,
        part,
        better,
        fee,
    });
    let op = prop_oneof![
        8 => ask,
        8 => fill,
        2 => any::<usize>().prop_map(|which| Op::Release { which }),
        2 => (1_u64..200).prop_map(|price| Op::Mark { price }),
        1 => (flow, 0_u64..5_000).prop_map(|(flow, amount)| Op::Move { flow, amount }),
        1 => Just(Op::Halt),
        1 => Just(Op::Reduce),
        3 => Just(Op::Resume),
        3 => (0_i64..4_000_000).prop_map(|millis| Op::Wait { millis }),
    ];
    vec(op, 1..120)
}

const HOUR_CAP: u64 = 20_000;
const DAY_CAP: u64 = 50_000;
const ORDER_CAP: u64 = 4_000;
const POSITION_CAP: u64 = 15_000;

fn capped() -> Rules {
    Rules {
        max_slippage_bps: 500,
        max_fee_bps: 100,
        max_order_notional: Some(ORDER_CAP),
        max_hour_notional: Some(HOUR_CAP),
        max_day_notional: Some(DAY_CAP),
        max_position_notional: Some(POSITION_CAP),
        max_open_orders: 8,
        max_daily_trades: 30,
        reserve_quote: 1_000,
        sell_holdings: true,
        max_drawdown_bps: 5_000,
        cool_down_seconds: 1,
        ..rules()
    }
}

/// What the engine is not asked for: reckoned beside it, from what went in.
#[derive(Default)]
struct Beside {
    quote: i128,
    base: [i128; 2],
    hour: (i64, u64),
    day: (i64, u64),
}

struct Run {
    risk: Risk,
    beside: Beside,
    now: i64,
    log: Vec<Numbered>,
    snapshots: Vec<Books>,
}

impl Run {
    fn new() -> Self {
        let balances = [(mint('Q'), 100_000), (mint('A'), 50)];
        let mut risk = Risk::new(capped(), markets(), &balances).unwrap();
        risk.keep_steps(true);
        let beside = Beside { quote: 100_000, base: [50, 0], ..Beside::default() };
        Self { snapshots: vec![risk.snapshot().clone()], risk, beside, now: 0, log: Vec::new() }
    }

    fn step(&mut self, op: &Op) {
        let now = at(self.now);
        match op {
            Op::Ask { side, kind, market, quantity, is_exit, price } => {
                let order = Order {
                    client_id: self.log.len().to_string(),
                    side: *side,
                    kind: *kind,
                    market: *market,
                    reduce_only: *is_exit,
                    ..buy(*quantity)
                };
                let before = self.risk.snapshot().clone();
                match self.risk.admit(&order, Origin::Strategy, &Seen::at(now, *price)) {
                    Ok(id) => {
                        let held = self.risk.held(id).unwrap();
                        assert!(held.notional <= ORDER_CAP);
                        assert_eq!(held.is_exit, *is_exit);
                        assert!(!is_exit || (*side == Side::Sell && before.position(*market).quantity >= *quantity));
                    }
                    Err(_) => assert_eq!(self.risk.snapshot(), &before, "a denial changes nothing"),
                }
            }
            Op::Fill { which, part, better, fee } => self.fill(*which, *part, *better, *fee),
            Op::Release { which } => {
                if let Some(id) = self.pick(*which) {
                    self.risk.release(id).unwrap();
                }
            }
            Op::Mark { price } => {
                self.risk.mark(now, &[(0, *price), (1, price / 2)]);
            }
            Op::Move { flow, amount } => {
                if self.risk.moved(now, &mint('Q'), *amount, *flow).is_ok() {
                    let amount = i128::from(*amount);
                    self.beside.quote += if *flow == Flow::In { amount } else { -amount };
                }
            }
            Op::Halt => self.risk.set_halt(now, "stop"),
            Op::Reduce => self.risk.set_reducing(now, "less"),
            Op::Resume => self.risk.resume(now),
            Op::Wait { millis } => self.now += millis,
        }
        self.log.extend(self.risk.take_steps());
        self.snapshots.push(self.risk.snapshot().clone());
        self.hold();
    }

    fn pick(&self, which: usize) -> Option<crate::ReservationId> {
        let open: Vec<_> = self.risk.open().map(|held| held.id).collect();
        open.get(which.checked_rem(open.len())?).copied()
    }

    fn fill(&mut self, which: usize, part: u64, better: u64, fee: u64) {
        let Some(id) = self.pick(which) else { return };
        let held = self.risk.held(id).unwrap().clone();
        let quantity = (held.quantity * part).div_ceil(64);
        // No worse than the worst price: whoever carries out holds to it.
        let price = match held.side {
            Side::Buy => held.worst_price.saturating_sub(better).max(1),
            Side::Sell => held.worst_price.max(40) + better,
        };
        let value = quantity * price;
        let fee = fee.min(value / 100);
        let before = self.risk.snapshot().clone();
        let Ok(settled) = self.risk.filled(id, &fill(&self.risk, id, self.now, quantity, price, fee)) else {
            // Only a waiting exit may find that there is no longer enough for it.
            assert!(held.is_shared());
            assert_eq!(self.risk.snapshot(), &before);
            return;
        };
        assert_eq!(settled.beyond, 0);
        let (quantity, paid) = (i128::from(quantity), i128::from(value));
        let way = if held.side == Side::Buy { 1 } else { -1 };
        self.beside.quote -= way * paid + i128::from(fee);
        self.beside.base[held.market as usize] += way * quantity;
        if !held.is_exit {
            let counted =
                if held.side == Side::Buy { value } else { held.counted_price * u64::try_from(quantity).unwrap() };
            for (window, length) in [(&mut self.beside.hour, 3_600_000), (&mut self.beside.day, DAY)] {
                let start = at(self.now).as_millis().div_euclid(length);
                *window = if window.0 == start { (start, window.1 + counted) } else { (start, counted) };
            }
        }
    }

    fn hold(&self) {
        let portfolio = self.risk.portfolio();
        let amount = |letter| portfolio.balances.iter().find(|balance| balance.mint == mint(letter)).unwrap();
        assert_eq!(i128::from(amount('Q').amount), self.beside.quote);
        assert_eq!([amount('A'), amount('B')].map(|balance| i128::from(balance.amount)), self.beside.base);
        assert!(portfolio.balances.iter().all(|balance| balance.held <= balance.amount));
        assert!(self.beside.hour.1 <= HOUR_CAP && self.beside.day.1 <= DAY_CAP);
        assert!(self.risk.open().count() <= 8);
        for market in [0, 1] {
            let position = self.risk.position(market);
            assert!(position.quantity <= amount(if market == 0 { 'A' } else { 'B' }).amount);
            // Never above what the cap is at the lowest price that is asked with.
            assert!(position.quantity * 40 <= POSITION_CAP);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, ..ProptestConfig::default() })]

    #[test]
    fn nothing_passes_a_cap_nothing_is_lost_and_what_is_rebuilt_is_equal(ops in ops(), cut in any::<prop::sample::Index>()) {
        let mut run = Run::new();
        for op in &ops {
            run.step(op);
        }
        let through_text: Vec<Numbered> =
            serde_json::from_str(&serde_json::to_string(&run.log).unwrap()).unwrap();
        let snapshot = cut.get(&run.snapshots);
        let snapshot: Books = serde_json::from_str(&serde_json::to_string(snapshot).unwrap()).unwrap();
        let rebuilt = Risk::restore(capped(), markets(), snapshot, through_text.clone()).unwrap();
        prop_assert_eq!(rebuilt.snapshot(), run.risk.snapshot());
        // Other rules by then change nothing of what was.
        let strict = Rules { max_open_orders: 0, max_drawdown_bps: 0, ..capped() };
        let rebuilt = Risk::restore(strict, markets(), run.snapshots[0].clone(), through_text).unwrap();
        prop_assert_eq!(rebuilt.snapshot(), run.risk.snapshot());
    }
}
