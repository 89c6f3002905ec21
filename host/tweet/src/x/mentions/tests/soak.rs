//! 500 mentions of five accounts, three by stream and all by asking, against the emulator, while one in ten of everything
//! fails: requests, answers, streams, writes, and the host itself.

use puppet_emulate::{Disconnect, Emulator, Fault as Struck, Kind, Operation, Plan, Problem, Services};
use puppet_store::HeardStore as _;
use puppet_types::{Timestamp, ids::derive_u64};

use super::{there::with_apps, *};
use crate::{Action, Order, TweetPublisher as _};

const NAMES: [&str; 5] = ["ada", "bob", "cy", "dee", "eve"];
const SAID: usize = 500;

/// Chance, by seed.
struct Chance(u64);

impl Chance {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = derive_u64(&["soak", &self.0.to_string()]);
        self.0 % most
    }
}

/// Every way in which the emulator can fail to tell, one request in ten in all.
fn misbehaving() -> Plan {
    let kinds = [
        Kind::LostAnswer,
        Kind::Closed,
        Kind::RateLimited { reset_s: 1 },
        Kind::Failed { status: 503, done: false },
        Kind::Failed { status: 500, done: true },
        Kind::Late { ms: 30 },
        Kind::Truncated,
        Kind::CutShort,
        Kind::WrongType,
        Kind::Garbage,
        Kind::Redirect { status: 302, to: None },
        Kind::Refused { with: Problem::Partial },
        Kind::Refused { with: Problem::OverCapacity },
    ];
    let asked = [Operation::Mentions, Operation::Stream, Operation::Rules, Operation::ChangeRules];
    let faults = asked.into_iter().flat_map(|operation| {
        // Each of what those before it have spared: 1 - 0.992 ^ 13 is a tenth.
        kinds.clone().map(|kind| Struck { operation: Some(operation), per_mille: 8, ..Struck::from(kind) })
    });
    Plan { seed: Some(11), limit: 1_000_000, keep_alive_ms: 50, rules: 3, faults: faults.collect(), ..Plan::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_soak_loses_nothing_and_brings_nothing_twice() {
    let emulator = Emulator::start(Services { x: true, llm: false }, 1, misbehaving()).await.unwrap();
    let notebook = Notebook::new(&NAMES);
    let somebody = x(&emulator.url(), &["somebody"]);
    let mut chance = Chance(7);
    let start = || {
        let (stop, stopped) = watch::channel(false);
        let x = with_apps(&emulator.url(), &NAMES, &["main-bearer"]);
        let terms = HearingTerms {
            every: Duration::from_millis(10),
            silence: Duration::from_millis(300),
            ..HearingTerms::default()
        };
        (stop, tokio::spawn(Hearing::new(x, Arc::clone(&notebook) as _, terms).run(stopped)))
    };
    let mut host = start();
    while notebook.store.heard().await.unwrap().len() < NAMES.len() {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let mut said = Vec::new();
    for n in 0..SAID {
        said.push(format!("@{} {n}", NAMES[n % NAMES.len()]));
        let (account, action) = (account("somebody"), Action::Post { text: said[n].clone(), images: Vec::new() });
        let effect = format!("eff_{n}").as_str().into();
        somebody
            .publish(&Order { effect, account, at: Timestamp::from_system(), hops: 0, of_thread: false, action })
            .await
            .unwrap();
        match chance.below(40) {
            0 => emulator.disconnect(Disconnect::Operational),
            1 => emulator.disconnect(Disconnect::End),
            2 => emulator.disconnect(Disconnect::Cut),
            3 => emulator.disconnect(Disconnect::Silent),
            4 | 5 => notebook.dies.lock().unwrap().push_back(Some(chance.below(2) == 0)),
            6 => {
                // It dies as it stands, and is started again.
                host.1.abort();
                host = start();
            }
            _ => {}
        }
        tokio::time::sleep(Duration::from_millis(chance.below(6))).await;
    }
    let all_heard = async {
        while notebook.texts().await.len() < said.len() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(60), all_heard).await;
    let mut heard = notebook.texts().await;
    let lost: Vec<&String> = said.iter().filter(|text| !heard.contains(text)).collect();
    assert!(waited.is_ok(), "lost: {lost:?}");
    host.0.send(true).unwrap();
    host.1.await.unwrap().unwrap();
    heard.sort();
    said.sort();
    assert_eq!(heard, said, "each once");
    let report = emulator.report();
    let counts = &report["counts"];
    assert!(counts["stream"].as_u64() > Some(5), "the stream was opened again and again: {counts}");
    let of_mentions = report["faults"].as_array().unwrap().iter().filter(|fault| fault["operation"] == "mentions");
    let struck: u64 = of_mentions.map(|fault| fault["struck"].as_u64().unwrap()).sum();
    let asked = counts["mentions"].as_u64().unwrap();
    assert!(asked > 500, "only {asked} looks for mentions");
    assert!((80..=120).contains(&(struck * 1_000 / asked)), "{struck} of {asked} looks went wrong: a tenth is meant");
}
