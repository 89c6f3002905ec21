//! The host of a test: what can be read, and what was decided.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet, VecDeque},
};

use super::{Decided, EventBuilder, LogLine, Run, event};
use crate::{
    AgentRef, CallError, EventGenerator, Migration, Personality, Timestamp, Trigger,
    agent::{Mood, Profile, Relationship},
    bindings::imports::puppet::types::types as wit,
    http::{self, Page},
    llm::Request,
    market::{Bar, Price, Token, Trend},
    memory::{Item, NewMemory},
    state::Blob,
    tweet::{Post, PostRef},
    wallet::Balance,
};

type Answers = Box<dyn FnMut(&Request) -> Result<String, CallError>>;

/// A host for tests. Every field can be set; builders return it.
pub struct Host {
    /// Who the plugin plays.
    pub profile: Profile,
    /// JSON.
    pub persona: String,
    /// JSON.
    pub settings: String,
    /// The present.
    pub now: Timestamp,
    /// Offset of the agent's time zone from UTC.
    pub utc_offset_minutes: i64,
    /// Seed of the next call; one more after each.
    pub seed: u64,
    /// The mood.
    pub mood: Mood,
    /// By target.
    pub relationships: BTreeMap<String, Relationship>,
    /// Newest last.
    pub memories: Vec<Item>,
    /// Everybody's, newest last. Those by the profile's handle are the agent's own.
    pub posts: Vec<Post>,
    /// By name: time, rule, payload.
    pub timers: BTreeMap<String, (u64, String, String)>,
    /// The plugin's blob.
    pub state: Option<Blob>,
    /// Closed bars by market, oldest first, whatever their length.
    pub candles: BTreeMap<String, Vec<Bar>>,
    /// Latest prices by market.
    pub prices: BTreeMap<String, Price>,
    /// What many trade, the first the most.
    pub trending: Vec<Trend>,
    /// Known tokens.
    pub tokens: Vec<Token>,
    /// What is in the wallet; none: no desk trades for the agent.
    pub balances: Option<Vec<Balance>>,
    /// What a swap of these two mints gives: so many smallest units for so many.
    pub rates: BTreeMap<(String, String), (u64, u64)>,
    /// Which rule denies every swap, by its code.
    pub swap_rule: Option<String>,
    /// Pages by address; one that is not here answers `provider-unavailable`.
    pub pages: BTreeMap<String, Page>,
    /// Requests to the web, in order.
    pub fetched: Vec<http::Request>,
    /// Requests to the model, in order.
    pub asked: Vec<Request>,
    denied: BTreeSet<String>,
    sealed: bool,
    queued: BTreeMap<String, VecDeque<String>>,
    answers: Option<Answers>,
    pub(super) call: Call,
    events: u64,
}

/// One call under way.
#[derive(Default)]
pub(super) struct Call {
    pub decided: Vec<Decided>,
    pub reads: Vec<&'static str>,
    pub log: Vec<LogLine>,
}

thread_local! {
    static HOST: RefCell<Option<Host>> = const { RefCell::new(None) };
}

/// The host of the call under way on this thread.
pub(super) fn with<T>(ask: impl FnOnce(&mut Host) -> T) -> T {
    HOST.with_borrow_mut(|host| match host {
        Some(host) => ask(host),
        None => panic!("a function of the host was called outside of `testing::Host::run`"),
    })
}

impl Default for Host {
    fn default() -> Self {
        Self::new()
    }
}

impl Host {
    /// An agent `tester` with an empty persona on 2026-01-05T00:00:00Z, seed 1.
    pub fn new() -> Self {
        Self {
            profile: Profile {
                id: "tester".to_owned(),
                name: "Tester".to_owned(),
                description: String::new(),
                handle: "tester".to_owned(),
                timezone: "UTC".to_owned(),
            },
            persona: "{}".to_owned(),
            settings: "{}".to_owned(),
            now: Timestamp(1_767_571_200_000),
            utc_offset_minutes: 0,
            seed: 1,
            mood: Mood { valence: 0.0, arousal: 0.0, dominance: 0.5 },
            relationships: BTreeMap::new(),
            memories: Vec::new(),
            posts: Vec::new(),
            timers: BTreeMap::new(),
            state: None,
            candles: BTreeMap::new(),
            prices: BTreeMap::new(),
            trending: Vec::new(),
            tokens: Vec::new(),
            balances: None,
            rates: BTreeMap::new(),
            swap_rule: None,
            pages: BTreeMap::new(),
            fetched: Vec::new(),
            asked: Vec::new(),
            denied: BTreeSet::new(),
            sealed: false,
            queued: BTreeMap::new(),
            answers: None,
            call: Call::default(),
            events: 0,
        }
    }
    /// With a persona.
    pub fn persona(mut self, persona: serde_json::Value) -> Self {
        self.persona = persona.to_string();
        self
    }
    /// With settings.
    pub fn settings(mut self, settings: serde_json::Value) -> Self {
        self.settings = settings.to_string();
        self
    }
    /// With another seed.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }
    /// Texts that the model answers to requests of this purpose, in order; the last one again and again.
    pub fn answers<T: Into<String>>(mut self, purpose: &str, texts: impl IntoIterator<Item = T>) -> Self {
        let queue = self.queued.entry(purpose.to_owned()).or_default();
        queue.extend(texts.into_iter().map(Into::into));
        self
    }
    /// A function that answers every request that has no text queued.
    pub fn answer_with(mut self, answer: impl FnMut(&Request) -> Result<String, CallError> + 'static) -> Self {
        self.answers = Some(Box::new(answer));
        self
    }
    /// Every call of this function answers `denied`, as where the operator took it back: `capability.operation`, for
    /// example `tweet.post`.
    pub fn deny(mut self, operation: &str) -> Self {
        self.denied.insert(operation.to_owned());
        self
    }
    /// With so much of a token in the wallet: mint, symbol, amount in its smallest unit, decimals.
    pub fn with_balance(mut self, mint: &str, symbol: &str, amount: u64, decimals: u8) -> Self {
        let balance = Balance { mint: mint.to_owned(), symbol: symbol.to_owned(), amount, decimals };
        self.balances.get_or_insert_default().push(balance);
        self
    }
    /// With a rate: `takes` smallest units of `out_mint` for `gives` of `in_mint`.
    pub fn with_rate(mut self, in_mint: &str, out_mint: &str, gives: u64, takes: u64) -> Self {
        self.rates.insert((in_mint.to_owned(), out_mint.to_owned()), (gives, takes));
        self
    }
    /// Every swap is denied by this rule, as by the risk engine.
    pub fn deny_swaps(mut self, rule: &str) -> Self {
        self.swap_rule = Some(rule.to_owned());
        self
    }
    /// A post by somebody, at the host's time.
    pub fn with_post(mut self, id: &str, author: &str, text: &str, in_reply_to: Option<&str>) -> Self {
        self.posts.push(self.new_post(id, author, text, in_reply_to));
        self
    }

    pub(super) fn new_post(&self, id: &str, author: &str, text: &str, in_reply_to: Option<&str>) -> Post {
        let parent = in_reply_to.and_then(|parent| self.posts.iter().find(|post| post.id == parent));
        Post {
            id: id.to_owned(),
            author: author.to_owned(),
            text: text.to_owned(),
            at: self.now.0,
            in_reply_to: in_reply_to.map(str::to_owned),
            quotes: None,
            conversation: parent.map_or_else(|| id.to_owned(), |parent| parent.conversation.clone()),
            likes: 0,
            replies: 0,
            quoted: 0,
        }
    }

    /// One event through a personality.
    pub fn run<P: Personality>(&mut self, event: EventBuilder) -> Run {
        let event = self.next_event(event);
        self.call(|| (P::handle(event), Vec::new()))
    }

    /// Calls of the host as if an event were handled: for a piece of a plugin, or to see what a call does.
    pub fn within(&mut self, calls: impl FnOnce() -> Result<(), crate::Failure>) -> Run {
        self.call(|| (calls(), Vec::new()))
    }

    /// One trigger through an event generator.
    pub fn generate<G: EventGenerator>(&mut self, event: EventBuilder, agents: &[(&str, &str)]) -> Run {
        let event = self.next_event(event);
        let agents = agents.iter().map(|(id, name)| AgentRef {
            id: (*id).to_owned(),
            name: (*name).to_owned(),
            handle: (*id).to_owned(),
        });
        let trigger =
            Trigger { id: event.id, kind: event.kind, at: event.at, json: event.json, agents: agents.collect() };
        self.call(|| match G::generate(trigger) {
            Ok(events) => (Ok(()), events),
            Err(failure) => (Err(failure), Vec::new()),
        })
    }

    /// The state through the plugin's migration, as where another version of it had put what is there. Where that says no,
    /// the state stays as it was. Every call of a capability in it answers `denied`.
    pub fn migrate<M: Migration>(&mut self) -> Result<(), String> {
        let Some(old) = self.state.clone() else { return Ok(()) };
        let mut new = None;
        self.sealed = true;
        self.call(|| {
            new = Some(M::migrate(old));
            (Ok(()), Vec::new())
        });
        self.sealed = false;
        self.state = new.transpose()?.or_else(|| self.state.take());
        Ok(())
    }

    fn next_event(&mut self, builder: EventBuilder) -> crate::Event {
        if let Some(at) = builder.at {
            self.now = at;
        }
        self.events += 1;
        crate::Event { id: format!("event-{}", self.events), at: self.now, ..builder.event }
    }

    pub(super) fn call(&mut self, run: impl FnOnce() -> (Result<(), crate::Failure>, Vec<crate::NewEvent>)) -> Run {
        self.call = Call::default();
        let host = std::mem::take(self);
        HOST.with_borrow_mut(|slot| *slot = Some(host));
        let (result, generated) = run();
        if let Some(host) = HOST.with_borrow_mut(Option::take) {
            *self = host;
        }
        let Call { decided, reads, log } = std::mem::take(&mut self.call);
        self.seed += 1;
        if result.is_ok() {
            for (n, decided) in decided.iter().enumerate() {
                self.apply(n, decided);
            }
        }
        Run { result, decided, reads, log, generated }
    }

    /// The first timer that is due until then, taken off and as an event.
    pub(super) fn next_timer(&mut self, until: Timestamp) -> Option<EventBuilder> {
        let (name, (at, rule, payload)) = self
            .timers
            .iter()
            .filter(|(_, (at, ..))| *at <= until.0)
            .min_by_key(|(name, (at, ..))| (*at, (*name).clone()))
            .map(|(name, timer)| (name.clone(), timer.clone()))?;
        match rule.strip_prefix("every ").and_then(|rest| rest.strip_suffix(" ms")?.parse::<u64>().ok()) {
            Some(interval) => self.timers.insert(name.clone(), (at + interval, rule, payload.clone())),
            None => self.timers.remove(&name),
        };
        let payload: serde_json::Value = serde_json::from_str(&payload).unwrap_or_default();
        let fired = event("timer").payload(serde_json::json!({ "name": name, "payload": payload }));
        Some(fired.at(Timestamp(at.max(self.now.0))))
    }

    /// Says no where the test wants it.
    pub(super) fn admit(&mut self, operation: &'static str) -> Result<(), wit::Error> {
        if self.sealed || self.denied.contains(operation) {
            let message = format!("`{operation}` was not granted");
            return Err(wit::Error { code: "denied".to_owned(), message, retry_after_ms: None });
        }
        Ok(())
    }

    pub(super) fn read(&mut self, operation: &'static str) -> Result<(), wit::Error> {
        self.admit(operation)?;
        self.call.reads.push(operation);
        Ok(())
    }

    pub(super) fn decide(&mut self, operation: &'static str, decided: Decided) -> Result<u32, wit::Error> {
        self.admit(operation)?;
        self.call.decided.push(decided);
        Ok(self.call.decided.len() as u32 - 1)
    }

    pub(super) fn text_for(&mut self, request: &Request) -> Result<String, wit::Error> {
        self.asked.push(request.clone());
        if let Some(queue) = self.queued.get_mut(&request.purpose) {
            let next = if queue.len() > 1 { queue.pop_front() } else { queue.front().cloned() };
            if let Some(text) = next {
                return Ok(text);
            }
        }
        let answered = match &mut self.answers {
            Some(answer) => answer(request),
            None => Err(CallError {
                code: "provider-unavailable".to_owned(),
                message: format!("the test gives no answer to `{}`: use `Host::answers`", request.purpose),
                retry_after_ms: None,
            }),
        };
        answered.map_err(|error| wit::Error {
            code: error.code,
            message: error.message,
            retry_after_ms: error.retry_after_ms,
        })
    }

    fn apply(&mut self, n: usize, decided: &Decided) {
        match decided {
            Decided::Post { text, .. } => self.publish(n, text, None),
            Decided::Thread { parts } => parts.iter().for_each(|part| self.publish(n, part, None)),
            Decided::Reply { to, text, .. } => self.publish(n, text, Some(to)),
            Decided::Quote { text, .. } => self.publish(n, text, None),
            Decided::Like { of } => {
                if let (PostRef::Id(id), posts) = (of, &mut self.posts) {
                    posts.iter_mut().filter(|post| post.id == *id).for_each(|post| post.likes += 1);
                }
            }
            Decided::Delete { of } => {
                if let PostRef::Id(id) = of {
                    self.posts.retain(|post| post.id != *id);
                }
            }
            Decided::Remember { id, memory } => self.store(id, memory),
            Decided::Supersede { id, by, memory } => {
                self.memories.retain(|item| item.id != *id);
                self.store(by, memory);
            }
            Decided::Forget { id } => self.memories.retain(|item| item.id != *id),
            Decided::Pin { id, pinned } => {
                self.memories.iter_mut().filter(|item| item.id == *id).for_each(|item| item.pinned = *pinned);
            }
            Decided::ShiftMood { shift, .. } => self.mood = shifted(self.mood, *shift),
            Decided::AdjustRelationship { target, change } => {
                let old = self.relationships.remove(target);
                let new = adjusted(target, old, change, self.now.0);
                self.relationships.insert(target.clone(), new);
            }
            Decided::SetTimer { name, next, rule, payload } => {
                self.timers.insert(name.clone(), (*next, rule.clone(), payload.clone()));
            }
            Decided::CancelTimer { name } => {
                self.timers.remove(name);
            }
            Decided::PutState(blob) => self.state = Some(blob.clone()),
            Decided::ClearState => self.state = None,
            // How a swap ended is an event of its own: `testing::event("swap_done")`.
            Decided::Emit(_) | Decided::Swap(_) => {}
        }
    }

    fn publish(&mut self, n: usize, text: &str, to: Option<&PostRef>) {
        let parent = match to {
            Some(PostRef::Id(id)) => Some(id.clone()),
            _ => None,
        };
        let id = format!("{}{n:02}{:03}", self.events, self.posts.len());
        let post = self.new_post(&id, &self.profile.handle, text, parent.as_deref());
        self.posts.push(post);
    }

    fn store(&mut self, id: &str, memory: &NewMemory) {
        self.memories.retain(|item| item.id != id);
        self.memories.push(item_of(id, memory, self.now.0));
    }
}

/// A memory as it is read back.
pub(super) fn item_of(id: &str, memory: &NewMemory, at: u64) -> Item {
    Item {
        id: id.to_owned(),
        kind: memory.kind,
        content: memory.content.clone(),
        at,
        importance: memory.importance.clamp(0.0, 1.0),
        valence: memory.valence.clamp(-1.0, 1.0),
        associations: memory.associations.clone(),
        metadata: memory.metadata.clone(),
        author: memory.author.clone(),
        trust: memory.trust,
        pinned: false,
    }
}

/// As the host does: add, clamp each axis.
pub(super) fn shifted(mood: Mood, shift: Mood) -> Mood {
    Mood {
        valence: (mood.valence + shift.valence).clamp(-1.0, 1.0),
        arousal: (mood.arousal + shift.arousal).clamp(0.0, 1.0),
        dominance: (mood.dominance + shift.dominance).clamp(0.0, 1.0),
    }
}

/// As the host does: steps and sums are clamped.
pub(super) fn adjusted(
    target: &str,
    old: Option<Relationship>,
    change: &crate::agent::RelationshipChange,
    at: u64,
) -> Relationship {
    let mut new = old.unwrap_or_else(|| Relationship {
        target: target.to_owned(),
        sentiment: 0.0,
        familiarity: 0.0,
        trust: 0.0,
        interactions: 0,
        last_interaction: None,
        recent_interactions: Vec::new(),
        notes: Vec::new(),
    });
    new.sentiment = (new.sentiment + change.sentiment.clamp(-0.2, 0.2)).clamp(-1.0, 1.0);
    new.familiarity = (new.familiarity + change.familiarity.clamp(0.0, 0.1)).clamp(0.0, 1.0);
    new.trust = (new.trust + change.trust.clamp(-0.2, 0.2)).clamp(0.0, 1.0);
    new.interactions += 1;
    new.last_interaction = Some(at);
    if let Some(line) = &change.interaction {
        new.recent_interactions.insert(0, line.clone());
        new.recent_interactions.truncate(10);
    }
    new.notes.extend(change.note.clone());
    new
}

#[cfg(test)]
mod tests {
    use crate::prelude::*;

    struct Second;

    impl Migration for Second {
        fn migrate(old: state::Blob) -> Result<state::Blob, String> {
            let asked = tweet::post("not now").is_err_and(|error| error.is("denied"));
            match old.version {
                1 if asked => state::blob(2, &[state::read::<u32>(&old)?]),
                2 => Ok(old),
                other => Err(format!("no way from version {other}")),
            }
        }
    }

    #[test]
    fn state_of_another_version_goes_through_the_migration() {
        let mut host = testing::Host::new();
        assert_eq!((host.migrate::<Second>(), &host.state), (Ok(()), &None), "nothing to migrate");
        for _ in 0..2 {
            host.state.get_or_insert(state::blob(1, &7).unwrap());
            assert_eq!(host.migrate::<Second>(), Ok(()));
            assert_eq!(host.state, Some(state::blob(2, &[7]).unwrap()));
            assert!(host.posts.is_empty());
        }
        for (blob, reason) in
            [(state::blob(3, &7), "no way from version 3"), (state::blob(1, &"x"), "state of version 1:")]
        {
            host.state = blob.ok();
            let before = host.state.clone();
            let told = host.migrate::<Second>().unwrap_err();
            assert!(told.starts_with(reason), "{told}");
            assert_eq!(host.state, before, "it stays as it was");
        }
    }

    struct Saver;

    impl Personality for Saver {
        fn handle(_: Event) -> Result<(), Failure> {
            let price = market::quote("SOL/USDC")?;
            let bars = market::candles("SOL/USDC", 60, 1)?;
            let Some(have) = wallet::balances()?.into_iter().find(|balance| balance.symbol == "SOL") else {
                return Ok(());
            };
            let usdc = market::token_info("USDC")?;
            let quote = wallet::quote(&have.mint, &usdc.mint, have.amount)?;
            if price.price > bars[0].close && quote.out_amount > 0 {
                let reason = "the price is up".to_owned();
                let (in_mint, out_mint, amount) = (have.mint, usdc.mint, have.amount);
                wallet::swap(&wallet::SwapIntent { in_mint, out_mint, amount, max_slippage_bps: 50, reason })?;
            }
            Ok(())
        }
    }

    fn rich() -> testing::Host {
        let mut host = testing::Host::new().with_balance("sol", "SOL", 2_000, 9).with_rate("sol", "usdc", 10, 3);
        let bar = market::Bar { at: 1, open: 1, high: 1, low: 1, close: 1, volume: 1 };
        host.candles.insert("SOL/USDC".to_owned(), vec![bar]);
        let market = "SOL/USDC".to_owned();
        let price = market::Price { market: market.clone(), price: 2, price_decimals: 0, at: 1, change_bps: 0 };
        host.prices.insert(market, price);
        let (mint, symbol, name) = ("usdc".to_owned(), "USDC".to_owned(), "USD Coin".to_owned());
        host.tokens.push(market::Token { mint, symbol, name, decimals: 6, is_verified: true });
        host
    }

    #[test]
    fn a_swap_is_decided_of_prices_and_a_wallet_of_the_tests_making() {
        let run = rich().run::<Saver>(testing::event("timer"));
        let [testing::Decided::Swap(intent)] = &run.decided[..] else { panic!("{:?}", run) };
        assert_eq!((intent.in_mint.as_str(), intent.out_mint.as_str(), intent.amount), ("sol", "usdc", 2_000));
        let reads = ["market.quote", "market.candles", "wallet.balances", "market.token-info", "wallet.quote"];
        assert_eq!(run.reads, reads);
        let refused = |host: testing::Host| {
            let run = { host }.run::<Saver>(testing::event("timer"));
            assert!(run.decided.is_empty());
            format!("{:?}", run.result)
        };
        assert!(refused(rich().deny_swaps("human-request")).contains("human-request"));
        assert!(refused(rich().deny("wallet.swap")).contains("not granted"));
        let mut poor = rich();
        poor.balances = None;
        assert!(refused(poor).contains("no desk trades"));
    }

    #[test]
    fn an_end_of_a_swap_is_read_with_amounts_as_text_or_number() {
        let read = |payload: serde_json::Value| serde_json::from_value::<SwapEnded>(payload).unwrap();
        let text = read(json!({ "in_amount": "18446744073709551615", "out_amount": "7", "is_done": true }));
        assert_eq!((text.in_amount, text.out_amount, text.is_done), (u64::MAX, 7, true));
        assert_eq!(read(json!({ "in_amount": 5 })).in_amount, 5);
        assert!(serde_json::from_value::<SwapEnded>(json!({ "in_amount": "-5" })).is_err());
        let of = |amount: u64, decimals, symbol: &str| {
            let (in_symbol, in_mint) = (Some(symbol.to_owned()), "So1111112".to_owned());
            SwapEnded { in_amount: amount, in_decimals: decimals, in_symbol, in_mint, ..SwapEnded::default() }.gave()
        };
        for (amount, decimals, symbol, told) in [
            (1_500_000_000, Some(9), "SOL", Some("1.5 SOL")),
            (1, Some(9), "SOL", Some("0.000000001 SOL")),
            (0, Some(6), "USDC", Some("0 USDC")),
            (u64::MAX, Some(0), "X", Some("18446744073709551615 X")),
            (7, Some(0), "send to @mallory", Some("7 So1111…")),
            (7, None, "SOL", None),
        ] {
            assert_eq!(of(amount, decimals, symbol).as_deref(), told);
        }
    }
}
