//! A small X on loopback that tells mentions and can be made to fail, and somebody who takes them in.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use async_trait::async_trait;
use puppet_store::{Change, CommitStore as _, EventStore as _, Heard, HeardStore as _, Post, SqliteStore, StoreError};
use puppet_types::{AccountId, AgentId, Event, EventId, PostId, Priority, Secret, Timestamp, ids};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::broadcast,
};

use super::super::{Listener, Mention, ear::since};
use crate::{X, XSettings, XSign};

/// What an answer is instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    Status(u16),
    Closed,
    Half,
    Empty,
    Garbage,
    /// 429 until so many seconds from now.
    Limited(i64),
}

/// One post.
#[derive(Debug, Clone)]
struct Said {
    id: u64,
    author: String,
    text: String,
    to: Option<u64>,
}

/// The network.
#[derive(Default)]
pub struct Network {
    said: Mutex<Vec<Said>>,
    /// What the next requests for mentions meet.
    pub faults: Mutex<VecDeque<Fault>>,
    /// Paths with their queries, in order.
    pub asked: Mutex<Vec<String>>,
    /// `x-rate-limit-remaining`, and seconds until the reset.
    pub limit: Mutex<Option<(u32, i64)>>,
    /// How many seconds its clock, which it tells then, is ahead.
    pub ahead_s: Mutex<Option<i64>>,
    /// Id, value and tag of each rule.
    pub rules: Mutex<Vec<(u64, String, String)>>,
    /// So many rules at most; none: any number.
    pub room: Mutex<Option<usize>>,
    /// What whoever asks for a stream gets instead: a status, and a body.
    pub refuses: Mutex<Option<(u16, Value)>>,
    /// Raw lines to all streams.
    pub lines: Lines,
    /// Streams that are open.
    pub open: AtomicUsize,
    /// Streams live, and say nothing at all.
    pub is_mute: AtomicBool,
    /// Streams do not tell what is said.
    pub is_passed_over: AtomicBool,
}

/// What is told to streams; none ends them.
pub struct Lines(pub broadcast::Sender<Option<String>>);

impl Default for Lines {
    fn default() -> Self {
        Self(broadcast::channel(10_000).0)
    }
}

impl Network {
    pub async fn start(self: &Arc<Self>) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let network = Arc::clone(self);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let network = Arc::clone(&network);
                tokio::spawn(async move { network.answer(stream).await });
            }
        });
        format!("http://{address}")
    }

    /// Somebody posts. The time is now.
    pub fn say(&self, author: &str, text: &str, to: Option<u64>) -> u64 {
        let now: u64 = since(Timestamp::from_system(), Duration::ZERO).as_str().parse().unwrap();
        let mut said = self.said.lock().unwrap();
        let id = said.last().map_or(now, |last| now.max(last.id + 1));
        let one = Said { id, author: author.to_owned(), text: text.to_owned(), to };
        if let Some(line) = self.line(&one).filter(|_| !self.is_passed_over.load(SeqCst)) {
            let _ = self.lines.0.send(Some(line));
        }
        said.push(one);
        id
    }

    /// As a stream tells it.
    fn line(&self, said: &Said) -> Option<String> {
        let rules = self.rules.lock().unwrap();
        let matches = |value: &str| {
            let mut words = value.split(' ');
            let named = words.next().unwrap_or_default();
            said.text.contains(named) && !words.any(|word| word == format!("-from:{}", said.author))
        };
        let matching = rules.iter().filter(|(_, value, _)| matches(value));
        let matching: Vec<Value> = matching.map(|(id, _, tag)| json!({ "id": id.to_string(), "tag": tag })).collect();
        let line = json!({
            "data": told(said), "includes": { "users": [user(&said.author)] }, "matching_rules": matching,
        });
        (!matching.is_empty()).then(|| format!("{line}\r\n"))
    }

    /// All streams end.
    pub fn cut(&self) {
        let _ = self.lines.0.send(None);
    }

    /// A rule that somebody else has made.
    pub fn rule(&self, value: &str, tag: &str) {
        let mut rules = self.rules.lock().unwrap();
        let id = rules.iter().map(|(id, ..)| *id).max().unwrap_or(0) + 1;
        rules.push((id, value.to_owned(), tag.to_owned()));
    }

    pub fn tags(&self) -> Vec<String> {
        let mut tags: Vec<String> = self.rules.lock().unwrap().iter().map(|(.., tag)| tag.clone()).collect();
        tags.sort();
        tags
    }

    async fn stream(&self, mut stream: TcpStream) -> Option<()> {
        let refused = self.refuses.lock().unwrap().clone();
        if let Some((status, body)) = refused {
            let body = body.to_string();
            let head = format!("HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len());
            return stream.write_all(format!("{head}{body}").as_bytes()).await.ok();
        }
        let mut lines = self.lines.0.subscribe();
        assert_eq!(self.open.fetch_add(1, SeqCst), 0, "one connection for all");
        let told = async {
            stream.write_all(b"HTTP/1.1 200 X\r\nconnection: close\r\n\r\n").await.ok()?;
            loop {
                let line = tokio::time::timeout(Duration::from_millis(20), lines.recv()).await;
                let line = match line {
                    Ok(Ok(Some(line))) => line,
                    Ok(_) => return Some(()),
                    Err(_) => "\r\n".to_owned(),
                };
                if !self.is_mute.load(SeqCst) {
                    // In two pieces.
                    let (one, two) = line.split_at(line.floor_char_boundary(line.len() / 2));
                    stream.write_all(one.as_bytes()).await.ok()?;
                    stream.flush().await.ok()?;
                    stream.write_all(two.as_bytes()).await.ok()?;
                } else if stream.try_write(b"").is_err() {
                    return None;
                }
            }
        };
        let ended = told.await;
        self.open.fetch_sub(1, SeqCst);
        ended
    }

    fn change_rules(&self, body: &[u8]) -> (u16, Value) {
        let body: Value = serde_json::from_slice(body).unwrap();
        if let Some(ids) = body["delete"]["ids"].as_array() {
            let gone = |id: u64| ids.iter().any(|one| one.as_str() == Some(&id.to_string()));
            self.rules.lock().unwrap().retain(|(id, ..)| !gone(*id));
            return (200, json!({ "meta": { "summary": { "deleted": ids.len() } } }));
        }
        let add = body["add"].as_array().unwrap();
        let room = *self.room.lock().unwrap();
        if room.is_some_and(|room| self.rules.lock().unwrap().len() + add.len() > room) {
            let kind = "https://api.twitter.com/2/problems/rule-cap";
            return (422, json!({ "title": "RulesCapReached", "type": kind, "detail": "no room" }));
        }
        for rule in add {
            self.rule(rule["value"].as_str().unwrap(), rule["tag"].as_str().unwrap());
        }
        (201, json!({ "meta": { "summary": { "created": add.len() } } }))
    }

    pub fn asked(&self, part: &str) -> usize {
        self.asked.lock().unwrap().iter().filter(|line| line.contains(part)).count()
    }

    async fn answer(&self, mut stream: TcpStream) -> Option<()> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.ok()?);
        }
        let head = String::from_utf8(head).ok()?;
        let line = head.split(' ').nth(1)?.to_owned();
        let who = head.split("Bearer emulated-").nth(1).or_else(|| head.split("bearer emulated-").nth(1))?;
        let who = who.split(['\r', '\n']).next()?;
        self.asked.lock().unwrap().push(line.clone());
        if line.starts_with("/2/tweets/search/stream?") {
            return self.stream(stream).await;
        }
        let length = head.to_ascii_lowercase().split("content-length: ").nth(1).map(str::to_owned);
        let length = length.and_then(|rest| rest.lines().next().and_then(|length| length.trim().parse().ok()));
        let mut sent = vec![0; length.unwrap_or(0)];
        stream.read_exact(&mut sent).await.ok()?;
        let fault = if line.contains("/mentions") { self.faults.lock().unwrap().pop_front() } else { None };
        let (mut status, body) = if sent.is_empty() { (200, self.body(&line, who)) } else { self.change_rules(&sent) };
        let mut body = body.to_string();
        let mut headers = String::new();
        let limit = *self.limit.lock().unwrap();
        let now = Timestamp::from_system().as_millis() / 1_000;
        if let Some((left, reset_s)) = limit {
            headers = format!("x-rate-limit-remaining: {left}\r\nx-rate-limit-reset: {}\r\n", now + reset_s);
        }
        if let Some(ahead_s) = *self.ahead_s.lock().unwrap() {
            let there = Timestamp::from_system().to_jiff() + jiff::SignedDuration::from_secs(ahead_s);
            let date = jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&there).unwrap();
            headers += &format!("date: {date}\r\n");
        }
        match fault {
            Some(Fault::Status(other)) => (status, body) = (other, json!({ "title": "no" }).to_string()),
            Some(Fault::Closed) => return None,
            Some(Fault::Half) => body.truncate(body.len() / 2),
            Some(Fault::Empty) => body = "{}".to_owned(),
            Some(Fault::Garbage) => body = "<html>".to_owned(),
            Some(Fault::Limited(reset_s)) => {
                status = 429;
                headers = format!("x-rate-limit-remaining: 0\r\nx-rate-limit-reset: {}\r\n", now + reset_s);
            }
            None => {}
        }
        let answer = format!(
            "HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-type: application/json\r\n{headers}content-length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(answer.as_bytes()).await.ok()
    }

    fn body(&self, line: &str, who: &str) -> Value {
        let (path, query) = line.split_once('?').unwrap_or((line, ""));
        let query: BTreeMap<&str, &str> = query.split('&').filter_map(|pair| pair.split_once('=')).collect();
        let said = self.said.lock().unwrap();
        match path.split('/').collect::<Vec<_>>()[..] {
            ["", "2", "users", "me"] => json!({ "data": user(who) }),
            ["", "2", "users", id, "mentions"] => {
                assert_eq!(id, number(who), "somebody else's");
                let number = |name: &str| query.get(name).map(|id| id.parse::<u64>().unwrap());
                let (since, until) = (number("since_id").unwrap(), number("pagination_token").unwrap_or(u64::MAX));
                let size = number("max_results").unwrap() as usize;
                let named = format!("@{}", who.to_ascii_lowercase());
                let meant =
                    said.iter().rev().filter(|one| one.id > since && one.id < until && one.text.contains(&named));
                let mut page: Vec<&Said> = meant.take(size + 1).collect();
                let more = page.len() > size;
                page.truncate(size);
                let authors: std::collections::BTreeSet<&str> = page.iter().map(|one| one.author.as_str()).collect();
                let mut meta = json!({ "result_count": page.len() });
                if more {
                    meta["next_token"] = json!(page.last().unwrap().id.to_string());
                }
                let mut answer = json!({ "meta": meta });
                if !page.is_empty() {
                    answer["data"] = page.iter().map(|one| told(one)).collect();
                    answer["includes"] = json!({ "users": authors.into_iter().map(user).collect::<Vec<_>>() });
                }
                answer
            }
            ["", "2", "tweets", "search", "stream", "rules"] => {
                let rules = self.rules.lock().unwrap();
                let rule = |(id, value, tag): &(u64, String, String)| json!({ "id": id.to_string(), "value": value, "tag": tag });
                json!({ "data": rules.iter().map(rule).collect::<Vec<_>>(), "meta": { "sent": "now" } })
            }
            ["", "2", "tweets", id] => match said.iter().find(|one| one.id.to_string() == id) {
                Some(one) => json!({ "data": told(one), "includes": { "users": [user(&one.author)] } }),
                None => {
                    json!({ "errors": [{ "type": "https://api.x.com/2/problems/resource-not-found", "detail": "gone" }] })
                }
            },
            _ => panic!("nobody asks for {line}"),
        }
    }
}

fn user(name: &str) -> Value {
    json!({ "id": number(name), "name": name, "username": name })
}

fn told(said: &Said) -> Value {
    let mut told = json!({
        "id": said.id.to_string(), "text": said.text, "author_id": number(&said.author),
        "conversation_id": said.to.unwrap_or(said.id).to_string(), "created_at": Timestamp::from_system(),
    });
    if let Some(to) = said.to {
        told["referenced_tweets"] = json!([{ "type": "replied_to", "id": to.to_string() }]);
    }
    told
}

pub fn number(name: &str) -> String {
    ids::derive_u64(&["user", name]).to_string()
}

/// Takes in, over real rows. Before or after its next writes it may die.
pub struct Notebook {
    pub store: SqliteStore,
    /// For each of the next writes: whether it fails, and whether it was done all the same.
    pub dies: Mutex<VecDeque<Option<bool>>>,
    /// Those that anybody is behind.
    pub agents: Mutex<Vec<&'static str>>,
    /// They go when the next mention of theirs is about to be written.
    pub leaves: Mutex<Vec<&'static str>>,
    /// What was taken in, as it came.
    pub taken: Mutex<Vec<Mention>>,
}

impl Notebook {
    pub fn new(agents: &[&'static str]) -> Arc<Self> {
        let store = SqliteStore::in_memory().unwrap();
        let (dies, leaves, taken) = (Mutex::default(), Mutex::default(), Mutex::default());
        Arc::new(Self { store, dies, leaves, agents: Mutex::new(agents.to_vec()), taken })
    }

    /// Texts that are durable, in the order in which they were accepted.
    pub async fn texts(&self) -> Vec<String> {
        let events = self.store.events_after(0, 10_000).await.unwrap();
        events.iter().map(|waiting| waiting.event.payload["text"].as_str().unwrap().to_owned()).collect()
    }

    fn event(account: &AccountId, post: &Post) -> Event {
        Event {
            id: event_id(account, &post.id),
            kind: "mention".into(),
            source: "x".into(),
            agent: AgentId::new(account.as_str()),
            author: Some(post.author.to_string()),
            priority: Priority::High,
            at: post.at,
            payload: json!({ "text": post.text }),
            hops: 0,
            cause: None,
            broadcast: None,
        }
    }
}

fn event_id(account: &AccountId, post: &PostId) -> EventId {
    EventId::new(format!("{account} {post}"))
}

#[async_trait]
impl Listener for Notebook {
    fn hears(&self, account: &AccountId) -> bool {
        self.agents.lock().unwrap().iter().any(|agent| *agent == account.as_str())
    }

    async fn heard(&self) -> Result<Vec<Heard>, StoreError> {
        self.store.heard().await
    }

    async fn unheard(&self, account: &AccountId, posts: Vec<Post>) -> Result<Vec<Post>, StoreError> {
        let mut unheard = Vec::new();
        for post in posts {
            if self.store.event(&event_id(account, &post.id)).await?.is_none() {
                unheard.push(post);
            }
        }
        Ok(unheard)
    }

    async fn known(&self, _: &AccountId, _: &PostId) -> Result<Option<Post>, StoreError> {
        Ok(None)
    }

    async fn take_in(
        &self,
        account: &AccountId,
        mentions: Vec<Mention>,
        heard: Option<Heard>,
    ) -> Result<Option<usize>, StoreError> {
        if !mentions.is_empty() {
            let leave = std::mem::take(&mut *self.leaves.lock().unwrap());
            self.agents.lock().unwrap().retain(|agent| !leave.contains(agent));
        }
        if !self.hears(account) {
            return Ok(None);
        }
        let dies = self.dies.lock().unwrap().pop_front().flatten();
        if dies == Some(false) {
            return Err(StoreError::Failed("died before".into()));
        }
        let events = mentions.iter().map(|mention| Change::Event(Self::event(account, &mention.post)));
        let new = self.store.apply(events.chain(heard.map(Change::Heard)).collect()).await?.events.len();
        self.taken.lock().unwrap().extend(mentions);
        match dies {
            Some(_) => Err(StoreError::Failed("died after".into())),
            None => Ok(Some(new)),
        }
    }
}

/// X with tokens for these accounts.
pub fn x(endpoint: &str, accounts: &[&str]) -> Arc<X> {
    with_apps(endpoint, accounts, &[])
}

/// The same with apps.
pub fn with_apps(endpoint: &str, accounts: &[&str], apps: &[&str]) -> Arc<X> {
    let token = |name: &str| Secret::new(format!("emulated-{name}"));
    let accounts = accounts.iter().map(|name| (AccountId::new(name), XSign::Token(token(name)))).collect();
    let apps = apps.iter().map(|name| ((*name).to_owned(), token(name))).collect();
    let (timeout, settle) = (Duration::from_secs(5), Duration::ZERO);
    Arc::new(
        X::new(XSettings { endpoint: endpoint.to_owned(), timeout, settle, renews_on: 1, accounts, apps }).unwrap(),
    )
}
