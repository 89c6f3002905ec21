//! The interface on a real gate, over a local network in memory.

use std::{collections::BTreeMap, sync::Arc};

use puppet_grants::{CallBounds, Elapsed, Period, Request, Requests, Rights, UnbookedReads};
use puppet_store::{PostStore, SqliteStore};
use puppet_types::{BreachError, Timestamp};

use super::*;
use crate::{Accounts, Action, Local, Order, Search, TweetPublisher};

struct Invocation {
    gate: Gate,
    reader: Held<dyn TweetReader>,
    prices: Prices,
    local: Arc<Local>,
    account: AccountId,
    assets: Vec<String>,
    platform: PlatformRules,
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(1_767_571_200_000 + seconds * 1_000)
}

fn invocation(amounts: &[(Amount, u64)], host_calls: u32) -> Invocation {
    let store: Arc<dyn PostStore> = Arc::new(SqliteStore::in_memory().unwrap());
    let accounts = Arc::new(Accounts::default());
    accounts.put("ada".into(), "ada".into());
    let local = Arc::new(Local::new(store, accounts));
    let amounts = amounts.iter().map(|(amount, most)| ((*amount, Period::Hour), *most)).collect::<BTreeMap<_, _>>();
    let request = Request { amounts, ..Request::default() };
    let requests = Requests::from_iter([(Capability::Tweet, request)]);
    let rights = Rights::from_requests(&requests, &"pack".into(), &"ada".into(), &Arc::default());
    let gate = Gate::new(
        "inv".into(),
        "pack".into(),
        at(100),
        Arc::new(rights),
        Arc::new(CallBounds { host_calls, ..CallBounds::default() }),
        Arc::new(UnbookedReads),
        Elapsed::Modelled(std::time::Duration::ZERO),
    );
    let reader = Held::new(Arc::clone(&local) as Arc<dyn TweetReader>);
    let assets = vec!["cat.png".to_owned()];
    Invocation {
        gate,
        reader,
        prices: Prices::FREE,
        local,
        account: "ada".into(),
        assets,
        platform: PlatformRules::NONE,
    }
}

impl Invocation {
    fn view(&mut self) -> View<'_> {
        let Self { gate, reader, prices, account, assets, platform, .. } = self;
        View { gate, reader, prices: *prices, account, assets, platform: *platform }
    }

    async fn posted(&self, effect: &str, account: &str, seconds: i64, text: &str) -> String {
        let action = Action::Post { text: text.to_owned(), images: Vec::new() };
        let order = Order {
            effect: effect.into(),
            account: account.into(),
            at: at(seconds),
            hops: 0,
            of_thread: false,
            action,
        };
        self.local.publish(&order).await.unwrap().posts[0].id.to_string()
    }
}

/// A network on which the account has nothing to sign with.
struct NoToken;

fn no_token<A>() -> Result<A, CallError> {
    Err(CallError::new(Code::Refused, "@ada has no token"))
}

#[async_trait::async_trait]
impl TweetReader for NoToken {
    async fn timeline(&self, _: &AccountId, _: Timestamp, _: usize) -> Result<Vec<Post>, CallError> {
        no_token()
    }
    async fn posts_of(&self, _: &AccountId, _: Timestamp, _: usize) -> Result<Vec<Post>, CallError> {
        no_token()
    }
    async fn thread_of(&self, _: &PostId, _: usize, _: Timestamp) -> Result<Vec<Post>, CallError> {
        no_token()
    }
    async fn search(&self, _: &Search, _: Timestamp, _: usize) -> Result<Vec<Post>, CallError> {
        no_token()
    }
}

fn texts(items: wasmtime::Result<Result<Vec<PostItem>, wit::Error>>) -> Vec<String> {
    items.unwrap().unwrap().into_iter().map(|item| item.text).collect()
}

fn code<A: std::fmt::Debug>(answer: wasmtime::Result<Result<A, wit::Error>>) -> String {
    answer.unwrap().unwrap_err().code
}

#[test]
fn decisions_are_checked_numbered_and_charged() {
    let mut call = invocation(&[], 1_000);
    let mut view = call.view();
    let cat = || vec![Image { asset: "cat.png".to_owned(), alt_text: "a cat".to_owned() }];
    assert_eq!(view.post("one".to_owned(), cat()).unwrap().unwrap(), 0);
    assert_eq!(view.thread(vec!["two".to_owned(), "three".to_owned()]).unwrap().unwrap(), 1);
    assert_eq!(view.reply(PostRef::Id("7".to_owned()), "four".to_owned(), cat()).unwrap().unwrap(), 2);
    assert_eq!(view.quote(PostRef::Decision(2), "five".to_owned()).unwrap().unwrap(), 3);
    assert_eq!(view.like(PostRef::Id("7".to_owned())).unwrap().unwrap(), 4);
    assert_eq!(view.delete(PostRef::Decision(0)).unwrap().unwrap(), 5);
    // Nothing of these is recorded.
    assert_eq!(code(view.post("a".repeat(281), Vec::new())), "too-long");
    assert_eq!(code(view.post(" ".to_owned(), Vec::new())), "invalid-input");
    assert_eq!(code(view.thread(vec!["alone".to_owned()])), "invalid-input");
    let dog = vec![Image { asset: "dog.png".to_owned(), alt_text: "a dog".to_owned() }];
    assert_eq!(code(view.reply(PostRef::Decision(0), "x".to_owned(), dog)), "not-found");
    assert_eq!(code(view.quote(PostRef::Id("x".to_owned()), "x".to_owned())), "invalid-input");
    for bad in [4, 5, 6] {
        assert_eq!(code(view.like(PostRef::Decision(bad))), "invalid-input", "{bad}");
    }
    let done = call.gate.finish(true);
    let kinds: Vec<_> = done.decisions.iter().map(|numbered| numbered.decision.kind()).collect();
    assert_eq!(kinds, ["post", "thread", "reply", "quote", "like", "delete"]);
    let spent = |amount: Amount| -> Vec<u64> {
        let rows = done.spends.rows();
        let of = rows.iter().filter(|spend| spend.key.amount == amount && spend.key.period == Period::Hour);
        let mut by_scope: BTreeMap<_, u64> = BTreeMap::new();
        of.for_each(|spend| *by_scope.entry(spend.key.clone()).or_default() += spend.used);
        by_scope.into_values().collect()
    };
    assert!(!spent(Amount::Posts).is_empty() && spent(Amount::Posts).iter().all(|posts| *posts == 4));
    for amount in [Amount::Replies, Amount::Likes, Amount::Deletes] {
        assert!(!spent(amount).is_empty() && spent(amount).iter().all(|used| *used == 1), "{amount:?}");
    }
}

#[test]
fn each_part_of_a_thread_is_a_post_of_the_budget() {
    let mut call = invocation(&[(Amount::Posts, 3)], 1_000);
    let mut view = call.view();
    let parts = |count: usize| vec!["part".to_owned(); count];
    assert_eq!(code(view.thread(parts(4))), "budget-exhausted");
    assert!(view.thread(parts(3)).unwrap().is_ok());
    assert_eq!(code(view.post("more".to_owned(), Vec::new())), "budget-exhausted");
}

#[tokio::test]
async fn reads_see_the_past_and_own_decisions() {
    let mut call = invocation(&[], 1_000);
    let first = call.posted("e1", "ada", 1, "old").await;
    call.posted("e2", "bob", 2, "of another").await;
    call.posted("e3", "ada", 100, "of this very moment").await;
    let mut view = call.view();
    let decided = view.post("new".to_owned(), Vec::new()).unwrap().unwrap();
    assert_eq!(texts(view.timeline(0).await), ["of another"]);
    assert_eq!(texts(view.timeline(1_000).await), ["of another", "old"]);
    assert_eq!(texts(view.posts_of("@Ada".to_owned(), 5).await), ["old"]);
    assert_eq!(texts(view.thread_of(first.clone(), 5).await), ["old"]);
    assert_eq!(texts(view.own_posts(5).await), ["new", "old"]);
    view.like(PostRef::Id(format!("decision:{decided}"))).unwrap().unwrap();
    view.delete(PostRef::Id(first)).unwrap().unwrap();
    assert_eq!(texts(view.own_posts(5).await), ["new"]);
    assert_eq!(code(view.thread_of("404".to_owned(), 5).await), "not-found");
    assert_eq!(code(view.thread_of("x".to_owned(), 5).await), "invalid-input");
    assert_eq!(code(view.posts_of("a b".to_owned(), 5).await), "invalid-input");
    let reads: Vec<_> = call.gate.finish(true).reads.into_iter().map(|read| read.operation).collect();
    assert_eq!(reads, ["timeline", "timeline", "posts-of", "thread-of", "own-posts", "own-posts", "thread-of"]);
}

#[tokio::test]
async fn searches_see_the_past_alone() {
    let mut call = invocation(&[], 1_000);
    let first = call.posted("e1", "ada", 1, "fog over the harbour").await;
    call.posted("e2", "bob", 2, "no fog here").await;
    call.posted("e3", "bob", 100, "fog of this very moment").await;
    let mut view = call.view();
    view.post("fog that is decided".to_owned(), Vec::new()).unwrap().unwrap();
    assert_eq!(texts(view.search("fog".to_owned(), 1_000).await), ["no fog here", "fog over the harbour"]);
    assert_eq!(texts(view.search("fog".to_owned(), 0).await), ["no fog here"]);
    assert_eq!(texts(view.search(" fog   from:@BOB".to_owned(), 9).await), ["no fog here"]);
    assert_eq!(texts(view.conversation(first, 9).await), ["fog over the harbour"]);
    assert_eq!(code(view.search("-fog".to_owned(), 9).await), "invalid-input");
    assert_eq!(code(view.search("a".repeat(501), 9).await), "invalid-input");
    assert_eq!(code(view.conversation("404".to_owned(), 9).await), "not-found");
    assert_eq!(code(view.conversation("x".to_owned(), 9).await), "invalid-input");
    let reads = call.gate.finish(true).reads;
    let asked: Vec<_> = reads.iter().map(|read| (read.operation.as_str(), read.request.as_str())).collect();
    assert_eq!(asked.len(), 5);
    assert_eq!(asked[2], ("search", r#"{"limit":9,"query":"fog from:BOB"}"#));
    assert_eq!(asked[4], ("conversation", r#"{"id":"404","limit":9}"#));
}

#[test]
fn counting_a_text_is_a_call_and_no_read() {
    let mut call = invocation(&[], 2);
    let mut view = call.view();
    assert_eq!(view.weighted_length("日本".to_owned()).unwrap(), 4);
    assert_eq!(view.weighted_length("a".repeat(500)).unwrap(), 500);
    let breach = view.weighted_length(String::new()).unwrap_err();
    assert!(breach.downcast_ref::<BreachError>().is_some());
    assert!(call.gate.finish(true).reads.is_empty());
}

#[test]
fn an_item_carries_the_whole_post() {
    let post = Post {
        id: "3".into(),
        author: "ada".into(),
        text: "text".to_owned(),
        at: Timestamp::from_millis(5),
        in_reply_to: Some("2".into()),
        quotes: Some("1".into()),
        conversation: "0".into(),
        thread: None,
        media: Vec::new(),
        hops: 9,
        likes: 4,
        replies: 5,
        quoted: 6,
    };
    let item = item(post);
    assert_eq!((item.id.as_str(), item.author.as_str(), item.text.as_str(), item.at), ("3", "ada", "text", 5));
    assert_eq!((item.in_reply_to.as_deref(), item.quotes.as_deref()), (Some("2"), Some("1")));
    assert_eq!((item.conversation.as_str(), item.likes, item.replies, item.quoted), ("0", 4, 5, 6));
}

#[tokio::test]
async fn what_a_network_charges_is_drawn_from_the_dollars_that_are_granted() {
    let mut call = invocation(&[(Amount::Usd, 240_000)], 1_000);
    call.prices = Prices::default();
    let mut view = call.view();
    let reply = |view: &mut View<'_>, text: &str| view.reply(PostRef::Id("1".to_owned()), text.to_owned(), Vec::new());
    assert!(view.post("fog".to_owned(), Vec::new()).unwrap().is_ok());
    assert!(reply(&mut view, "yes").unwrap().is_ok());
    // 215,000 are left: a link takes 200,000 of them, then there is room for one post more.
    assert!(reply(&mut view, "see example.org").unwrap().is_ok());
    assert!(view.thread(vec!["a".to_owned(), "b".to_owned()]).unwrap().is_err());
    assert!(view.like(PostRef::Id("1".to_owned())).unwrap().is_ok(), "a like has no price");
    assert!(view.timeline(5).await.unwrap().is_ok(), "5 × 1,000");
    assert_eq!(code(view.posts_of("bob".to_owned(), 5).await), "budget-exhausted", "10,000 and 5 × 5,000");
    assert_eq!(code(view.post("fog".to_owned(), Vec::new())), "budget-exhausted");
    // A thread is eleven posts at most.
    for (dollars, is_read) in [(54_999, false), (55_000, true)] {
        let mut call = invocation(&[(Amount::Usd, dollars)], 1_000);
        call.prices = Prices::default();
        let first = call.posted("e1", "ada", 1, "fog").await;
        assert_eq!(call.view().thread_of(first, 99).await.unwrap().is_ok(), is_read, "{dollars}");
    }
    // A search is ten posts at least, and a conversation one more.
    for (dollars, searches, follows) in [(49_999, false, false), (50_000, true, false), (55_000, true, true)] {
        let mut call = invocation(&[(Amount::Usd, dollars)], 1_000);
        call.prices = Prices::default();
        let first = call.posted("e1", "ada", 1, "fog").await;
        assert_eq!(call.view().conversation(first, 3).await.unwrap().is_ok(), follows, "{dollars}");
        let mut call = invocation(&[(Amount::Usd, dollars)], 1_000);
        call.prices = Prices::default();
        assert_eq!(call.view().search("fog".to_owned(), 3).await.unwrap().is_ok(), searches, "{dollars}");
        assert_eq!(code(call.view().search("fog".to_owned(), 3).await), "budget-exhausted", "{dollars}: none is left");
    }
    // What nobody was asked for, and what is refused, costs nothing.
    let mut call = invocation(&[(Amount::Usd, 15_000)], 1_000);
    call.prices = Prices::default();
    call.reader = Held::new(Arc::new(NoToken) as Arc<dyn TweetReader>);
    for _ in 0..5 {
        assert_eq!(code(call.view().own_posts(10).await), "refused");
    }
    assert!(call.view().post("fog".to_owned(), Vec::new()).unwrap().is_ok(), "15,000 are left");
    // The same where nothing is charged.
    let mut call = invocation(&[(Amount::Usd, 1)], 1_000);
    assert!(call.view().post("fog".to_owned(), Vec::new()).unwrap().is_ok());
    assert!(call.view().timeline(100).await.unwrap().is_ok());
}
