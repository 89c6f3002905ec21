//! The host side of each capability, called without a guest: for `tests/fuzz` and the replay of its corpus. Bytes are
//! read as calls; a gate with rows in memory and the offline model admits them. No host uses this.

mod bounds;

use std::{
    collections::BTreeSet,
    sync::{Arc, OnceLock},
    time::Duration,
};

use puppet_agent::Profile;
use puppet_grants::{CallBounds, Elapsed, Gate, Held, HostPattern, Request, Requests, Rights, UnbookedReads, Web};
use puppet_llm::Llm;
use puppet_memory::{Memories, Recalled};
use puppet_store::{MemorySize, SqliteStore};
use puppet_tweet::{Accounts, Local};
use puppet_types::{
    AccountId, AgentId, Capability, Digest, Json, PackId, Persona, Timestamp,
    fuzz::{Called, Data},
};

use crate::call::HeldProviders;

/// Small enough that short inputs come to their end.
const BOUNDS: CallBounds = CallBounds {
    host_calls: 24,
    decisions: 8,
    journal_bytes: 1 << 16,
    log_lines: 4,
    log_line_bytes: 64,
    log_fields: 2,
    deadline: Duration::from_secs(1),
    hops: 8,
    relationships: 8,
};

/// Who calls, and what answers; nothing of it changes.
struct Desk {
    held: HeldProviders,
    llm: Llm,
    profile: Profile,
    persona: Arc<Persona>,
    agent: AgentId,
    account: AccountId,
    assets: Vec<String>,
}

/// Nothing is set.
struct NoTimers;

impl puppet_schedule::Names for NoTimers {
    fn of(&self, _: &AgentId, _: &PackId) -> BTreeSet<Arc<str>> {
        BTreeSet::new()
    }
}

fn desk() -> Option<&'static Desk> {
    static DESK: OnceLock<Option<Desk>> = OnceLock::new();
    let make = || {
        let rows = Arc::new(SqliteStore::in_memory().ok()?);
        let local = Local::new(Arc::clone(&rows) as _, Arc::new(Accounts::default()));
        let word = || "ada".to_owned();
        Some(Desk {
            held: HeldProviders {
                agents: Held::new(Arc::clone(&rows) as _),
                timers: Held::new(Arc::clone(&rows) as _),
                memory: Memories::hashed(rows),
                tweets: Held::new(Arc::new(local) as _),
                prices: puppet_tweet::plan::Prices::FREE,
                quotes: Held::new(Arc::new(puppet_market::fuzz::Anything) as _),
                purses: Held::new(Arc::new(puppet_wallet::fuzz::Anything) as _),
                pages: Held::new(Arc::new(puppet_http::fuzz::Anything) as _),
                page_bounds: puppet_http::Bounds::default(),
            },
            llm: Llm::offline(),
            profile: Profile {
                id: word(),
                name: word(),
                description: word(),
                handle: word(),
                timezone: "Europe/Berlin".to_owned(),
                persona: Json::of(&Persona::default()),
                settings: Json::default(),
            },
            persona: Arc::default(),
            agent: "ada".into(),
            account: "ada".into(),
            assets: vec!["cat.png".to_owned()],
        })
    };
    DESK.get_or_init(make).as_ref()
}

/// A host, both methods and a credential.
fn web() -> Web {
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    let hosts = HostPattern::parse("example.org").into_iter().collect();
    Web { hosts, methods: words(&["GET", "POST"]), credentials: words(&["key"]) }
}

/// Everything is granted, up to the ceilings, or nothing.
fn gate(granted: bool) -> Gate {
    use Capability::{Events, Http, Llm, Market, Memory, Schedule, State, Tweet, Wallet};
    let all = [Llm, Tweet, Memory, Schedule, State, Events, Market, Wallet, Http];
    let requests: Requests = all
        .into_iter()
        .filter(|_| granted)
        .map(|capability| (capability, Request { web: web(), ..Request::default() }))
        .collect();
    let rights = Rights::from_requests(&requests, &"pack".into(), &"ada".into(), &Arc::default());
    Gate::new(
        "inv".into(),
        "pack".into(),
        Timestamp::from_millis(1_767_571_200_000),
        Arc::new(rights),
        Arc::new(BOUNDS),
        Arc::new(UnbookedReads),
        Elapsed::Modelled(Duration::ZERO),
    )
}

async fn one(
    desk: &Desk,
    capability: Capability,
    gate: &mut Gate,
    recalled: &mut Recalled,
    data: &mut Data<'_>,
) -> Called {
    let Desk { held, llm, profile, persona, agent, account, assets } = desk;
    let seed = 7;
    match capability {
        Capability::Agent => {
            let mut view = puppet_agent::View { gate, store: &held.agents, profile, seed, agent, decay: None };
            puppet_agent::fuzz::call(&mut view, data).await
        }
        Capability::Log => puppet_log::fuzz::call(&mut puppet_log::View { gate }, data).await,
        Capability::Llm => {
            let profile = (profile.name.as_str(), profile.description.as_str());
            puppet_llm::fuzz::call(&mut puppet_llm::View { gate, llm, persona, profile, agent, seed }, data).await
        }
        Capability::Tweet => {
            puppet_tweet::fuzz::call(
                &mut puppet_tweet::View {
                    gate,
                    reader: &held.tweets,
                    prices: held.prices,
                    account,
                    assets,
                    platform: puppet_tweet::platform::PlatformRules::NONE,
                },
                data,
            )
            .await
        }
        Capability::Memory => {
            let memories = &held.memory;
            puppet_memory::fuzz::call(
                &mut puppet_memory::View { gate, memories, agent, account, recalled, size: MemorySize::default() },
                data,
            )
            .await
        }
        Capability::Schedule => {
            let timezone = &profile.timezone;
            let mut view = puppet_schedule::View { gate, store: &held.timers, agent, timezone, names: &NoTimers };
            puppet_schedule::fuzz::call(&mut view, data).await
        }
        Capability::State => {
            let (component, mut migrated) = (Digest::of(b""), Default::default());
            let (store, migration, migrated) = (&held.agents, None, &mut migrated);
            let mut view = puppet_state::View { gate, store, agent, component, migration, migrated };
            puppet_state::fuzz::call(&mut view, data).await
        }
        Capability::Events => puppet_events::fuzz::call(&mut puppet_events::View { gate, audience: 3 }, data).await,
        Capability::Market => {
            let mut view = puppet_market::View { gate, quotes: &held.quotes, agent };
            puppet_market::fuzz::call(&mut view, data).await
        }
        Capability::Wallet => {
            let behind = &puppet_wallet::fuzz::Anything;
            let mut view = puppet_wallet::View { gate, purses: &held.purses, agent, behind };
            puppet_wallet::fuzz::call(&mut view, data).await
        }
        Capability::Http => {
            let bounds = held.page_bounds;
            puppet_http::fuzz::call(&mut puppet_http::View { gate, pages: &held.pages, bounds }, data).await
        }
    }
}

/// Makes the calls that the bytes say, of one invocation; whether none of them was refused. The first byte says
/// whether anything is granted.
///
/// # Panics
/// Where a rule is broken: a call that is counted otherwise than once, a decision that is recorded of a call that was
/// refused, a bound that does not hold.
pub async fn calls(capability: Capability, bytes: &[u8]) -> bool {
    let Some(desk) = desk() else { return false };
    let mut data = Data::new(bytes);
    let mut gate = gate(data.byte() != b'-');
    let (mut recalled, mut made, mut well) = (Recalled::default(), 0, true);
    while !data.is_empty() {
        let before = gate.decided().len();
        let called = one(desk, capability, &mut gate, &mut recalled, &mut data).await;
        made += 1;
        let recorded = gate.decided().len() - before;
        assert_eq!(recorded, usize::from(called == Called::Decided), "{called:?} as call {made}");
        well &= matches!(called, Called::Answered | Called::Decided);
        if called == Called::Stopped {
            break;
        }
    }
    let left = gate.finish(true);
    assert_eq!(left.host_calls.values().sum::<u32>(), made, "each call counts once");
    assert!(made <= BOUNDS.host_calls + 1 && left.decisions.len() <= BOUNDS.decisions as usize);
    let kept: usize = left.reads.iter().map(|read| read.request.as_str().len() + read.answer.as_str().len()).sum();
    assert!(kept <= BOUNDS.journal_bytes, "{kept} bytes in the journal");
    assert!(left.log.len() <= BOUNDS.log_lines + 1, "{} lines", left.log.len());
    for decided in &left.decisions {
        bounds::hold(decided);
    }
    well
}
