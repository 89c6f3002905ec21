//! The imports of a component, answered by the test's host. Signatures are those that the bindings generate.

use super::{
    Decided, LogLine, calendar,
    host::{Host, adjusted, item_of, shifted, with},
    search::Search,
    weight,
};
use crate::bindings::imports::puppet::types::types as wit;

fn invalid(message: impl Into<String>) -> wit::Error {
    wit::Error { code: "invalid-input".to_owned(), message: message.into(), retry_after_ms: None }
}

pub(crate) mod agent {
    use super::*;
    use crate::bindings::imports::puppet::agent::agent::*;

    pub fn get_profile() -> Profile {
        with(|host| host.profile.clone())
    }
    pub fn persona() -> String {
        with(|host| host.persona.clone())
    }
    pub fn settings() -> String {
        with(|host| host.settings.clone())
    }
    pub fn now() -> u64 {
        with(|host| host.now.0)
    }
    pub fn local_time_at(at: u64) -> LocalTime {
        with(|host| calendar::local_time(at, host.utc_offset_minutes))
    }
    pub fn seed() -> u64 {
        with(|host| host.seed)
    }
    pub fn get_mood() -> Result<Mood, wit::Error> {
        with(|host| {
            host.read("agent.get-mood")?;
            let shifts = host.call.decided.iter().filter_map(|decided| match decided {
                Decided::ShiftMood { shift, .. } => Some(*shift),
                _ => None,
            });
            Ok(shifts.fold(host.mood, shifted))
        })
    }
    pub fn shift_mood(shift: Mood, cause: &str) -> Result<(), wit::Error> {
        let cause = cause.to_owned();
        with(|host| host.decide("agent.shift-mood", Decided::ShiftMood { shift, cause })).map(drop)
    }
    fn all(host: &Host) -> std::collections::BTreeMap<String, Relationship> {
        let mut all = host.relationships.clone();
        for decided in &host.call.decided {
            if let Decided::AdjustRelationship { target, change } = decided {
                let old = all.remove(target);
                all.insert(target.clone(), adjusted(target, old, change, host.now.0));
            }
        }
        all
    }
    pub fn list_relationships() -> Result<Vec<Relationship>, wit::Error> {
        with(|host| {
            host.read("agent.list-relationships")?;
            Ok(all(host).into_values().collect())
        })
    }
    pub fn get_relationship(target: &str) -> Result<Option<Relationship>, wit::Error> {
        with(|host| {
            host.read("agent.get-relationship")?;
            Ok(all(host).remove(target))
        })
    }
    pub fn adjust_relationship(target: &str, change: &RelationshipChange) -> Result<(), wit::Error> {
        let (target, change) = (target.to_owned(), change.clone());
        let decided = Decided::AdjustRelationship { target, change };
        with(|host| host.decide("agent.adjust-relationship", decided)).map(drop)
    }
}

pub(crate) mod log {
    use super::*;
    use crate::bindings::imports::puppet::log::log::Level;

    pub fn log(level: Level, message: &str, fields: &[(String, String)]) {
        let line = LogLine { level, message: message.to_owned(), fields: fields.to_vec() };
        with(|host| host.call.log.push(line));
    }
}

pub(crate) mod llm {
    use super::*;
    use crate::bindings::imports::puppet::llm::llm::*;

    pub fn complete(request: &Request) -> Result<Completion, wit::Error> {
        with(|host| {
            host.read("llm.complete")?;
            let text = host.text_for(request)?;
            let prompt: usize = request.messages.iter().map(|message| message.content.len()).sum();
            let usage = Usage { prompt_tokens: prompt as u32 / 4, completion_tokens: (text.len() as u32).div_ceil(4) };
            Ok(Completion { text, model: "test".to_owned(), usage, finish: "stop".to_owned(), tool_calls: Vec::new() })
        })
    }
    pub fn embed(texts: &[String]) -> Result<Vec<Vec<f32>>, wit::Error> {
        with(|host| {
            host.read("llm.embed")?;
            Ok(texts.iter().map(|text| vec![text.len() as f32, 1.0]).collect())
        })
    }
}

pub(crate) mod tweet {
    use super::*;
    use crate::bindings::imports::puppet::tweet::tweet::*;

    fn check(text: &str) -> Result<(), wit::Error> {
        let weight = weight::weighted_length(text);
        if text.trim().is_empty() {
            return Err(invalid("the text is empty"));
        }
        if weight > crate::tweet::MAX_WEIGHT {
            let message = format!("{weight} of 280 weighted characters");
            return Err(wit::Error { code: "too-long".to_owned(), message, retry_after_ms: None });
        }
        Ok(())
    }
    pub fn post(text: &str, images: &[Image]) -> Result<u32, wit::Error> {
        check(text)?;
        let decided = Decided::Post { text: text.to_owned(), images: images.to_vec() };
        with(|host| host.decide("tweet.post", decided))
    }
    pub fn thread(parts: &[String]) -> Result<u32, wit::Error> {
        if parts.len() < 2 {
            return Err(invalid("a thread has two parts and more"));
        }
        parts.iter().try_for_each(|part| check(part))?;
        with(|host| host.decide("tweet.thread", Decided::Thread { parts: parts.to_vec() }))
    }
    pub fn reply(to: &PostRef, text: &str, images: &[Image]) -> Result<u32, wit::Error> {
        check(text)?;
        let decided = Decided::Reply { to: to.clone(), text: text.to_owned(), images: images.to_vec() };
        with(|host| host.decide("tweet.reply", decided))
    }
    pub fn quote(of: &PostRef, text: &str) -> Result<u32, wit::Error> {
        check(text)?;
        with(|host| host.decide("tweet.quote", Decided::Quote { of: of.clone(), text: text.to_owned() }))
    }
    pub fn like(of: &PostRef) -> Result<u32, wit::Error> {
        with(|host| host.decide("tweet.like", Decided::Like { of: of.clone() }))
    }
    pub fn delete(of: &PostRef) -> Result<u32, wit::Error> {
        with(|host| host.decide("tweet.delete", Decided::Delete { of: of.clone() }))
    }
    fn newest(host: &Host, limit: u32, wanted: impl Fn(&PostItem) -> bool) -> Vec<PostItem> {
        host.posts.iter().rev().filter(|post| wanted(post)).take(limit as usize).cloned().collect()
    }
    pub fn timeline(limit: u32) -> Result<Vec<PostItem>, wit::Error> {
        with(|host| {
            host.read("tweet.timeline")?;
            Ok(newest(host, limit, |_| true))
        })
    }
    pub fn posts_of(account: &str, limit: u32) -> Result<Vec<PostItem>, wit::Error> {
        with(|host| {
            host.read("tweet.posts-of")?;
            Ok(newest(host, limit, |post| post.author == account))
        })
    }
    pub fn thread_of(id: &str, depth: u32) -> Result<Vec<PostItem>, wit::Error> {
        with(|host| {
            host.read("tweet.thread-of")?;
            let mut thread = Vec::new();
            let mut next = Some(id.to_owned());
            while let Some(post) = next.and_then(|id| host.posts.iter().find(|post| post.id == id)) {
                thread.push(post.clone());
                next = post.in_reply_to.clone().filter(|_| thread.len() <= depth as usize);
            }
            thread.reverse();
            if thread.is_empty() {
                let message = format!("no post `{id}`");
                return Err(wit::Error { code: "not-found".to_owned(), message, retry_after_ms: None });
            }
            Ok(thread)
        })
    }
    pub fn own_posts(limit: u32) -> Result<Vec<PostItem>, wit::Error> {
        with(|host| {
            host.read("tweet.own-posts")?;
            let mut own = Vec::new();
            for (n, decided) in host.call.decided.iter().enumerate().rev() {
                if let Decided::Post { text, .. } | Decided::Reply { text, .. } | Decided::Quote { text, .. } = decided
                {
                    own.push(host.new_post(&format!("decision:{n}"), &host.profile.handle, text, None));
                }
            }
            let handle = host.profile.handle.clone();
            own.extend(newest(host, limit, |post| post.author == handle));
            own.truncate(limit as usize);
            Ok(own)
        })
    }
    /// From when on posts are found: seven days back.
    fn found_since(host: &Host) -> u64 {
        host.now.0.saturating_sub(7 * 86_400_000)
    }
    pub fn search(query: &str, limit: u32) -> Result<Vec<PostItem>, wit::Error> {
        let search = Search::parse(query).ok_or_else(|| invalid(format!("`{query}` is no search")))?;
        with(|host| {
            host.read("tweet.search")?;
            let since = found_since(host);
            Ok(newest(host, limit.clamp(1, 100), |post| post.at >= since && search.finds(post)))
        })
    }
    pub fn conversation(id: &str, limit: u32) -> Result<Vec<PostItem>, wit::Error> {
        with(|host| {
            host.read("tweet.conversation")?;
            let Some(post) = host.posts.iter().find(|post| post.id == id).cloned() else {
                let message = format!("no post `{id}`");
                return Err(wit::Error { code: "not-found".to_owned(), message, retry_after_ms: None });
            };
            let since = found_since(host);
            let is_of_it =
                |one: &PostItem| one.conversation == post.conversation && one.at >= since || one.id == post.id;
            Ok(newest(host, limit.clamp(1, 100), is_of_it))
        })
    }
    pub fn weighted_length(text: &str) -> u32 {
        weight::weighted_length(text)
    }
}

pub(crate) mod memory {
    use super::*;
    use crate::bindings::imports::puppet::memory::memory::*;

    fn id_of(memory: &NewMemory) -> String {
        // The same text twice is one memory.
        let normal: Vec<String> = memory.content.split_whitespace().map(str::to_lowercase).collect();
        format!("memory:{}", normal.join(" "))
    }
    pub fn remember(memory: &NewMemory) -> Result<String, wit::Error> {
        let id = id_of(memory);
        let decided = Decided::Remember { id: id.clone(), memory: memory.clone() };
        with(|host| host.decide("memory.remember", decided)).map(|_| id)
    }
    pub fn forget(id: &str) -> Result<(), wit::Error> {
        with(|host| host.decide("memory.forget", Decided::Forget { id: id.to_owned() })).map(drop)
    }
    pub fn supersede(id: &str, memory: &NewMemory) -> Result<String, wit::Error> {
        let by = id_of(memory);
        let decided = Decided::Supersede { id: id.to_owned(), by: by.clone(), memory: memory.clone() };
        with(|host| host.decide("memory.supersede", decided)).map(|_| by)
    }
    pub fn pin(id: &str, pinned: bool) -> Result<(), wit::Error> {
        with(|host| host.decide("memory.pin", Decided::Pin { id: id.to_owned(), pinned })).map(drop)
    }
    fn all(host: &Host) -> Vec<Item> {
        let mut all = host.memories.clone();
        for decided in &host.call.decided {
            match decided {
                Decided::Remember { id, memory } => {
                    all.retain(|item| item.id != *id);
                    all.push(item_of(id, memory, host.now.0));
                }
                Decided::Supersede { id, by, memory } => {
                    all.retain(|item| item.id != *id && item.id != *by);
                    all.push(item_of(by, memory, host.now.0));
                }
                Decided::Forget { id } => all.retain(|item| item.id != *id),
                _ => {}
            }
        }
        all
    }
    fn wanted(kinds: &[Kind], item: &Item) -> bool {
        kinds.is_empty() || kinds.contains(&item.kind)
    }
    pub fn recall(query: &Query) -> Result<Vec<Scored>, wit::Error> {
        with(|host| {
            host.read("memory.recall")?;
            let terms: Vec<String> = query.text.split_whitespace().map(str::to_lowercase).collect();
            let mut scored: Vec<Scored> = Vec::new();
            for item in all(host).into_iter().filter(|item| wanted(&query.kinds, item)) {
                let content = item.content.to_lowercase();
                let matched = terms.iter().filter(|term| content.contains(term.as_str())).count();
                let text_score = matched as f64 / terms.len().max(1) as f64;
                if matched > 0 {
                    let score = text_score * item.importance;
                    let importance = item.importance;
                    scored.push(Scored { item, score, text_score, likeness: 0.0, importance, recency: 0.0, via: None });
                }
            }
            scored.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| a.item.id.cmp(&b.item.id)));
            scored.truncate(query.limit as usize);
            Ok(scored)
        })
    }
    pub fn recent(kinds: &[Kind], limit: u32) -> Result<Vec<Item>, wit::Error> {
        with(|host| {
            host.read("memory.recent")?;
            let items = all(host).into_iter().rev().filter(|item| wanted(kinds, item));
            Ok(items.take(limit as usize).collect())
        })
    }
}

pub(crate) mod schedule {
    use super::*;
    use crate::bindings::imports::puppet::schedule::schedule::Timer;

    fn set(operation: &'static str, name: &str, next: u64, rule: String, payload: &str) -> Result<(), wit::Error> {
        let (name, payload) = (name.to_owned(), payload.to_owned());
        with(|host| host.decide(operation, Decided::SetTimer { name, next, rule, payload })).map(drop)
    }
    pub fn once(name: &str, at: u64, payload: &str) -> Result<(), wit::Error> {
        set("schedule.once", name, at, "once".to_owned(), payload)
    }
    pub fn after(name: &str, delay_ms: u64, payload: &str) -> Result<(), wit::Error> {
        let at = with(|host| host.now.0 + delay_ms);
        set("schedule.after", name, at, "once".to_owned(), payload)
    }
    pub fn every(name: &str, interval_ms: u64, payload: &str) -> Result<(), wit::Error> {
        let at = with(|host| host.now.0 + interval_ms);
        set("schedule.every", name, at, format!("every {interval_ms} ms"), payload)
    }
    /// Recorded with its rule; the test host does not compute when it would fire.
    pub fn cron(name: &str, expression: &str, zone: Option<&str>, payload: &str) -> Result<(), wit::Error> {
        if expression.split_whitespace().count() != 5 {
            return Err(invalid(format!("`{expression}` has not five fields")));
        }
        let rule = format!("cron {expression} {}", zone.unwrap_or_default()).trim_end().to_owned();
        set("schedule.cron", name, u64::MAX, rule, payload)
    }
    pub fn cancel(name: &str) -> Result<(), wit::Error> {
        with(|host| host.decide("schedule.cancel", Decided::CancelTimer { name: name.to_owned() })).map(drop)
    }
    pub fn list() -> Result<Vec<Timer>, wit::Error> {
        with(|host| {
            host.read("schedule.list")?;
            let mut timers = host.timers.clone();
            for decided in &host.call.decided {
                match decided {
                    Decided::SetTimer { name, next, rule, payload } => {
                        timers.insert(name.clone(), (*next, rule.clone(), payload.clone()));
                    }
                    Decided::CancelTimer { name } => {
                        timers.remove(name);
                    }
                    _ => {}
                }
            }
            let timers = timers.into_iter().map(|(name, (next, rule, payload))| Timer { name, next, rule, payload });
            Ok(timers.collect())
        })
    }
}

pub(crate) mod state {
    use super::*;
    use crate::bindings::imports::puppet::state::state::Blob;

    pub fn get() -> Result<Option<Blob>, wit::Error> {
        with(|host| {
            host.read("state.get")?;
            let last = host.call.decided.iter().rev().find_map(|decided| match decided {
                Decided::PutState(blob) => Some(Some(blob.clone())),
                Decided::ClearState => Some(None),
                _ => None,
            });
            Ok(last.unwrap_or_else(|| host.state.clone()))
        })
    }
    pub fn put(blob: &Blob) -> Result<(), wit::Error> {
        if blob.data.len() > 64 << 10 {
            return Err(invalid("at most 64 KiB of state"));
        }
        with(|host| host.decide("state.put", Decided::PutState(blob.clone()))).map(drop)
    }
    pub fn clear() -> Result<(), wit::Error> {
        with(|host| host.decide("state.clear", Decided::ClearState)).map(drop)
    }
}

pub(crate) mod events {
    use super::*;
    use crate::bindings::imports::puppet::events::events::NewEvent;

    pub fn emit(event: &NewEvent) -> Result<(), wit::Error> {
        with(|host| host.decide("events.emit", Decided::Emit(event.clone()))).map(drop)
    }
}

fn not_found(what: &str) -> wit::Error {
    wit::Error { code: "not-found".to_owned(), message: format!("the test has no {what}"), retry_after_ms: None }
}

pub(crate) mod market {
    use super::*;
    use crate::bindings::imports::puppet::market::market::*;

    pub fn candles(market: &str, bar_seconds: u32, limit: u32) -> Result<Vec<Bar>, wit::Error> {
        if !(60..=86_400).contains(&bar_seconds) {
            return Err(invalid(format!("a bar of {bar_seconds} s: 60 to 86400")));
        }
        with(|host| {
            host.read("market.candles")?;
            let bars = host.candles.get(market).ok_or_else(|| not_found(&format!("bars of `{market}`")))?;
            Ok(bars[bars.len().saturating_sub(limit.clamp(1, 1_000) as usize)..].to_vec())
        })
    }
    pub fn quote(market: &str) -> Result<Price, wit::Error> {
        with(|host| {
            host.read("market.quote")?;
            host.prices.get(market).cloned().ok_or_else(|| not_found(&format!("price of `{market}`")))
        })
    }
    pub fn trending(limit: u32) -> Result<Vec<Trend>, wit::Error> {
        with(|host| {
            host.read("market.trending")?;
            Ok(host.trending.iter().take(limit.clamp(1, 50) as usize).cloned().collect())
        })
    }
    pub fn token_info(token: &str) -> Result<Token, wit::Error> {
        with(|host| {
            host.read("market.token-info")?;
            let is_it = |known: &&Token| known.mint == token || known.is_verified && known.symbol == token;
            host.tokens.iter().find(is_it).cloned().ok_or_else(|| not_found(&format!("token `{token}`")))
        })
    }
}

pub(crate) mod http {
    use super::*;
    use crate::{bindings::imports::puppet::http::http::*, http};

    pub fn fetch(request: &Request) -> Result<Response, wit::Error> {
        let asked = http::Request::from(request.clone());
        if !matches!(request.method.as_str(), "GET" | "POST") {
            return Err(invalid(format!("`{}` is no method here: GET or POST", request.method)));
        }
        with(|host| {
            host.read("http.fetch")?;
            let page = host.pages.get(&request.url).cloned();
            host.fetched.push(asked);
            let page = page.ok_or_else(|| wit::Error {
                code: "provider-unavailable".to_owned(),
                message: format!("the test has no page `{}`", request.url),
                retry_after_ms: None,
            })?;
            Ok(page.into())
        })
    }
}

pub(crate) mod wallet {
    use super::*;
    use crate::bindings::imports::puppet::wallet::wallet::*;

    fn denied(message: String) -> wit::Error {
        wit::Error { code: "denied".to_owned(), message, retry_after_ms: None }
    }
    fn has_desk(host: &Host) -> Result<&Vec<Balance>, wit::Error> {
        let none = || denied(format!("no desk trades for `{}`: see `testing::Host::with_balance`", host.profile.id));
        host.balances.as_ref().ok_or_else(none)
    }
    fn check(in_mint: &str, out_mint: &str, amount: u64) -> Result<(), wit::Error> {
        match (in_mint == out_mint, amount) {
            (true, _) => Err(invalid("both mints are the same")),
            (_, 0) => Err(invalid("an amount of 0")),
            _ => Ok(()),
        }
    }
    pub fn balances() -> Result<Vec<Balance>, wit::Error> {
        with(|host| {
            host.read("wallet.balances")?;
            has_desk(host).cloned()
        })
    }
    pub fn quote(in_mint: &str, out_mint: &str, amount: u64) -> Result<SwapQuote, wit::Error> {
        check(in_mint, out_mint, amount)?;
        with(|host| {
            host.read("wallet.quote")?;
            has_desk(host)?;
            let (in_mint, out_mint) = (in_mint.to_owned(), out_mint.to_owned());
            let rate = host.rates.get(&(in_mint.clone(), out_mint.clone()));
            let (gives, takes) = rate.copied().ok_or_else(|| not_found("rate of these mints"))?;
            let out = u128::from(amount) * u128::from(takes) / u128::from(gives.max(1));
            let out_amount = u64::try_from(out).unwrap_or(u64::MAX);
            let (at, price_impact_bps, fee_lamports) = (host.now.0, 0, 0);
            Ok(SwapQuote { in_mint, out_mint, in_amount: amount, out_amount, price_impact_bps, fee_lamports, at })
        })
    }
    pub fn swap(intent: &SwapIntent) -> Result<u32, wit::Error> {
        check(&intent.in_mint, &intent.out_mint, intent.amount)?;
        if intent.reason.trim().is_empty() {
            return Err(invalid("a swap needs a reason, for people"));
        }
        with(|host| {
            host.admit("wallet.swap")?;
            has_desk(host)?;
            if let Some(rule) = &host.swap_rule {
                return Err(denied(format!("{rule}: the test says so")));
            }
            host.decide("wallet.swap", Decided::Swap(intent.clone()))
        })
    }
}
