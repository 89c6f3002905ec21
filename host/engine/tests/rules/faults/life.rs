//! The run of one seed: what is done to the village, step by step, until it comes to rest and is looked at.

use std::{collections::BTreeSet, path::Path, sync::Arc};

use puppet_engine::{Clock as _, Host, VirtualClock, delivery_event, simulation};
use puppet_store::{AgentRow, Change, Durability, Effect, EffectState, Options, SqliteStore, StoreError, Timer};
use puppet_tweet::Delivery;
use puppet_types::{AgentId, Digest, Event, EventId, PackId, Priority, Timestamp, ids};
use serde_json::json;

use super::{
    chance::Chance,
    check::{self, Violation},
    mutation::Mutation,
    network::Network,
    store::Faulty,
    village::{self, AGENTS},
    world::{Coverage, World},
};

const MINUTE: u64 = 60_000;
const HOUR: u64 = 60 * MINUTE;

/// Rounds after which nothing may wait any more.
const ROUNDS: usize = 60;

/// What came of a seed.
#[derive(Debug)]
pub struct Ended {
    /// Which.
    pub seed: u64,
    /// What does not hold.
    pub violations: Vec<Violation>,
    /// Of everything that happened and every row that it left.
    pub digest: Digest,
    /// Everything that happened, a line each.
    pub trace: Vec<String>,
    /// What was met.
    pub coverage: Coverage,
}

/// Somewhere after 1970, at the first hour of a day.
fn start() -> Timestamp {
    Timestamp::from_millis(20_000 * 24 * HOUR as i64 + 18 * HOUR as i64)
}

/// Lives a seed.
pub fn live(seed: u64, mutation: Option<Mutation>) -> Ended {
    let folder = tempfile::tempdir().expect("a folder for rows");
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime of one thread");
    let world = Arc::new(World::new(seed, mutation));
    let (violations, rows) = runtime.block_on(async {
        let mut life = Life::new(seed, folder.path(), &world);
        life.goes_on().await;
        life.comes_to_rest().await
    });
    let (trace, coverage) = world.seen();
    let digest = Digest::of(format!("{trace:?}{rows:?}{violations:?}").as_bytes());
    Ended { seed, violations, digest, trace, coverage }
}

/// A life, over all hosts that it takes.
struct Life<'a> {
    chance: Chance,
    world: &'a Arc<World>,
    folder: &'a Path,
    rows: SqliteStore,
    network: Arc<Network>,
    clock: Arc<VirtualClock>,
    host: Arc<Host>,
    /// What nobody has said of that it was accepted.
    unsaid: Vec<Event>,
    /// What somebody has.
    accepted: BTreeSet<EventId>,
    sent: u64,
    /// Who plays whom.
    casts: Vec<(AgentId, &'static str)>,
}

fn open(folder: &Path) -> SqliteStore {
    SqliteStore::open(folder, Options { durability: Durability::Relaxed }).expect("rows can be opened")
}

impl<'a> Life<'a> {
    fn new(seed: u64, folder: &'a Path, world: &'a Arc<World>) -> Self {
        let mut chance = Chance::of(seed, "life");
        let network = Arc::new(Network::new(Arc::clone(world)));
        let clock = Arc::new(VirtualClock::new(start()));
        let packs = village::packs();
        let casts = AGENTS.map(|name| (AgentId::new(name), chance.choose(&packs))).to_vec();
        let rows = open(folder);
        let faulty = Arc::new(Faulty::new(rows.clone(), Arc::clone(world)));
        let host = Arc::new(village::host(faulty, Arc::clone(&clock), Arc::clone(&network), world));
        let (unsaid, accepted) = (Vec::new(), BTreeSet::new());
        Self { chance, world, folder, rows, network, clock, host, unsaid, accepted, sent: 0, casts }
    }

    /// Another host on the same rows. Whoever is not in them yet joins.
    async fn begins(&mut self, armed: bool) {
        loop {
            self.world.begin(armed);
            self.rows.close();
            self.rows = open(self.folder);
            let faulty = Arc::new(Faulty::new(self.rows.clone(), Arc::clone(self.world)));
            let (clock, network) = (Arc::clone(&self.clock), Arc::clone(&self.network));
            self.host = Arc::new(village::host(faulty, clock, network, self.world));
            self.world.say(format!("begins at {}", self.host.now()));
            if self.joins().await.is_ok() {
                return;
            }
        }
    }

    async fn joins(&self) -> Result<(), StoreError> {
        self.host.load().await?;
        for (id, pack) in &self.casts {
            if self.host.store.agent(id).await?.is_none() {
                let row = AgentRow { id: id.clone(), body: json!({ "plugin": pack }), created: start() };
                self.host.apply(vec![Change::Agent(row)]).await?;
            }
            self.host.agents.put(id.clone(), id.as_str(), village::account_of(id), PackId::new(*pack));
        }
        Ok(())
    }

    /// The time in which things go wrong.
    async fn goes_on(&mut self) {
        self.begins(true).await;
        for _ in 0..8 + self.chance.below(8) {
            match self.chance.below(10) {
                0..=3 => self.somebody_writes(),
                4 | 5 => self.news_come(),
                6 => self.jumps_forward(),
                7 => self.jumps_back(),
                8 => self.begins(true).await,
                _ => {}
            }
            self.says().await;
            let length = MINUTE + self.chance.below(20 * MINUTE);
            self.passes(length).await;
        }
    }

    /// So much time passes, over as many hosts as it takes.
    async fn passes(&mut self, length: u64) {
        let end = self.clock.now().plus_millis(length);
        let workers = self.chance.choose(&[1, 4]);
        while simulation::run(&self.host, &self.clock, end, workers, |_| {}).await.is_err() || self.world.is_dead() {
            if self.world.is_dead() {
                self.begins(true).await;
            }
        }
    }

    /// Some events, from outside.
    fn somebody_writes(&mut self) {
        for _ in 0..1 + self.chance.below(6) {
            self.sent += 1;
            let agent = if self.chance.one_in(25) { "nobody" } else { self.chance.choose(&AGENTS) };
            let priority = match self.chance.below(12) {
                0 => Priority::Critical,
                1 => Priority::High,
                2 | 3 => Priority::Normal,
                _ => Priority::Low,
            };
            let event = Event {
                id: format!("evt_{}", self.sent).into(),
                kind: "news".to_owned(),
                source: "outside".to_owned(),
                agent: agent.into(),
                author: None,
                priority,
                at: self.clock.now().plus_millis(if self.chance.one_in(3) {
                    self.chance.below(10 * MINUTE)
                } else {
                    0
                }),
                payload: json!({ "topic": "storm" }),
                hops: if self.chance.one_in(30) { 9 } else { 0 },
                cause: None,
                broadcast: None,
            };
            self.unsaid.push(event);
        }
    }

    /// News of posts, as the network's stream brings them: in any order, and some twice.
    fn news_come(&mut self) {
        let mut news = std::mem::take(&mut self.network.kept().news);
        while !news.is_empty() {
            let post = news.swap_remove(self.chance.below(news.len() as u64) as usize);
            let agent = AgentId::new(self.chance.choose(&AGENTS));
            let id = EventId::from(ids::derive("evt", &[post.id.as_str(), "heard"]));
            let delivery = Delivery {
                account: village::account_of(&agent),
                kind: "mention".to_owned(),
                author: post.author.to_string(),
                payload: json!({ "post": { "id": post.id, "text": post.text } }),
                hops: post.hops + 1,
            };
            let event =
                Event { priority: Priority::Low, ..delivery_event(id, "local", agent, delivery, self.clock.now()) };
            let twice = self.chance.one_in(2).then(|| event.clone());
            self.unsaid.extend(twice.into_iter().chain([event]));
        }
    }

    fn jumps_forward(&mut self) {
        let to = self.clock.now().plus_millis(self.chance.below(5 * HOUR));
        self.world.say(format!("the clock jumps to {to}"));
        self.clock.set(to);
    }

    fn jumps_back(&mut self) {
        let to = Timestamp::from_millis(self.clock.now().as_millis() - self.chance.below(30 * MINUTE) as i64);
        self.world.say(format!("the clock jumps back to {to}"));
        self.clock.set(to);
    }

    /// Sends what is there until it is accepted.
    async fn says(&mut self) {
        while !self.unsaid.is_empty() {
            let many = 1 + self.chance.below(self.unsaid.len() as u64) as usize;
            let batch: Vec<Event> = self.unsaid[..many].to_vec();
            match self.host.submit(batch.clone()).await {
                Ok(_) => {
                    self.unsaid.drain(..many);
                    self.accepted.extend(batch.into_iter().map(|event| event.id));
                }
                Err(_) if self.world.is_dead() => self.begins(true).await,
                Err(_) => {}
            }
        }
    }

    /// Nothing goes wrong any more: what waits is waited for. Then the rules are checked.
    async fn comes_to_rest(mut self) -> (Vec<Violation>, Vec<String>) {
        self.news_come();
        self.says().await;
        if self.world.is_dead() || self.chance.one_in(2) {
            self.begins(false).await;
        }
        self.world.calm();
        self.stops_timers().await;
        for _ in 0..ROUNDS {
            if self.rests().await {
                break;
            }
            for pack in village::packs() {
                self.host.release(&pack.into()).await.expect("nothing fails any more");
            }
            self.passes(2 * HOUR).await;
        }
        let outside = check::Outside { accepted: &self.accepted, network: &self.network, world: self.world };
        check::all(&self.host, &self.rows, self.folder, &outside).await
    }

    async fn stops_timers(&self) {
        let timers = self.host.store.timers().await.expect("nothing fails any more");
        let cancelled =
            timers.into_iter().map(|Timer { agent, plugin, name, .. }| Change::CancelTimer { agent, plugin, name });
        self.host.apply(cancelled.collect()).await.expect("nothing fails any more");
    }

    async fn rests(&self) -> bool {
        use EffectState::{InDoubt, Sent, Waiting, WaitingForApproval};
        let effects = self.host.store.effects(&[Waiting, Sent, WaitingForApproval, InDoubt]).await;
        let events = self.host.store.waiting().await;
        let is_open = |effect: &Effect| effect.is_open() || effect.state == WaitingForApproval;
        !effects.expect("nothing fails any more").iter().any(is_open)
            && events.expect("nothing fails any more").is_empty()
    }
}
