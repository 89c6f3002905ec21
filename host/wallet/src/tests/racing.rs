//! Many at once: whatever the order, no cap is passed.

use std::sync::{Arc, Barrier, Mutex};

use super::fixture::*;
use crate::Rules;

#[test]
fn threads_that_race_for_a_cap_take_all_of_it_and_no_more() {
    let rules = Rules { max_day_notional: Some(5_000), max_daily_trades: 40, ..rules() };
    let shared = Arc::new((Mutex::new(risk(rules)), Barrier::new(8)));
    let threads = (0..8).map(|thread| {
        let shared = Arc::clone(&shared);
        std::thread::spawn(move || {
            let (risk, start) = (&shared.0, &shared.1);
            start.wait();
            let mut admitted = 0;
            for turn in 0..200_i64 {
                let mut held = Vec::new();
                {
                    let mut risk = risk.lock().unwrap();
                    held.extend(risk.ask(&buy(2), &seen(turn)));
                }
                // Every third is given back, in another hold of the lock.
                for id in held {
                    let mut risk = risk.lock().unwrap();
                    if (turn + thread) % 3 == 0 {
                        risk.release(id).unwrap();
                    } else {
                        risk.fills(id, turn, 2, PRICE, 0);
                        admitted += 2 * PRICE;
                    }
                    let spent = CASH - risk.portfolio().balances[0].amount;
                    assert!(spent <= 5_000 && risk.cash() + 5_000 >= CASH);
                }
            }
            admitted
        })
    });
    let threads: Vec<_> = threads.collect();
    let traded: u64 = threads.into_iter().map(|thread| thread.join().unwrap()).sum();
    assert_eq!(traded, 5_000, "25 trades of 200");
    let risk = shared.0.lock().unwrap();
    assert_eq!((risk.cash(), risk.open().count()), (CASH - 5_000, 0));
}
