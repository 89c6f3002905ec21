//! Providers that count how often they are reached: a network of posts and a model.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU32, Ordering::SeqCst},
    },
    time::Duration,
};

use async_trait::async_trait;
use puppet_engine::Host;
use puppet_grants::{Amount, Answer, Charge, Failure};
use puppet_llm::{CallContext, Completion, LlmProvider, Price, Request, Terms, Usage};
use puppet_store::Post;
use puppet_tweet::{
    Action, Lost, Order, PublishError, Published, Reconciled, Search, TweetPublisher, TweetReader, platform::Answered,
    policy::forms,
};
use puppet_types::{AccountId, CallError, Code, PostId, Timestamp};

/// Nobody posts but us; every order is carried out.
#[derive(Default)]
pub struct Network {
    /// Reads that came this far.
    pub reads: AtomicU32,
    /// Orders that came this far.
    pub orders: Mutex<Vec<Order>>,
    /// Reads are never answered.
    pub hangs: AtomicBool,
    /// Whether the same order twice is carried out once.
    pub is_idempotent: AtomicBool,
    /// So many of the next reads panic.
    pub panics: AtomicU32,
    /// Orders become posts, with the order's effect as their id, and a number behind it for the parts of a thread.
    pub posts: AtomicBool,
    /// The posts that are out there.
    pub out_there: Mutex<Vec<Post>>,
    /// Orders are carried out and never answered.
    pub hangs_after: AtomicBool,
    /// So many of the next orders are lost on their way.
    pub lost_orders: AtomicU32,
    /// So many of the next orders are carried out, and their answers are lost.
    pub lost_answers: AtomicU32,
    /// It lists the posts that are out there, and so can be asked what became of an order.
    pub lists: AtomicBool,
    /// How often it was asked.
    pub looks: AtomicU32,
    /// These questions wait until they may go on.
    pub look_waits: AtomicBool,
    pub look_goes_on: tokio::sync::Notify,
    /// The next of these questions end with these, the last one first.
    pub look_failures: Mutex<Vec<PublishError>>,
    /// So many of the next orders panic.
    pub publishing_panics: AtomicU32,
    /// The next orders end with these, the last one first.
    pub failures: Mutex<Vec<PublishError>>,
    /// While the next order is under way caps of this host's operator change.
    pub caps_change: Mutex<Option<Arc<Host>>>,
    /// What it knows of posts that somebody wants to answer.
    pub answered: Mutex<BTreeMap<PostId, Answered>>,
    /// What it was asked about.
    pub looked_up: Mutex<Vec<String>>,
    /// The next of these questions end with these, the last one first.
    pub look_up_failures: Mutex<Vec<PublishError>>,
}

/// Takes one, as often as a counter says.
fn is_due(counter: &AtomicU32) -> bool {
    counter.fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1)).is_ok()
}

/// Panics as often as a counter says.
fn panic_if_due(counter: &AtomicU32) {
    assert!(!is_due(counter), "this provider panics on purpose");
}

impl Network {
    async fn nothing(&self) -> Result<Vec<Post>, CallError> {
        self.reads.fetch_add(1, SeqCst);
        panic_if_due(&self.panics);
        if self.hangs.load(SeqCst) {
            std::future::pending::<()>().await;
        }
        Ok(Vec::new())
    }

    /// The post of an order; parts of a thread are numbered.
    fn made(&self, order: &Order) -> Post {
        let (post, posts) = (post(order), self.out_there.lock().unwrap());
        let same = |other: &&Post| other.id == post.id || other.id.as_str().starts_with(&format!("{}-", order.effect));
        match posts.iter().filter(same).count() {
            0 => post,
            n => Post { id: PostId::new(format!("{}-{}", order.effect, n + 1)), ..post },
        }
    }

    /// How many orders were carried out.
    pub fn published(&self) -> usize {
        self.orders.lock().unwrap().len()
    }
}

#[async_trait]
impl TweetReader for Network {
    async fn timeline(&self, _: &AccountId, _: Timestamp, _: usize) -> Result<Vec<Post>, CallError> {
        self.nothing().await
    }
    async fn posts_of(&self, _: &AccountId, _: Timestamp, _: usize) -> Result<Vec<Post>, CallError> {
        self.nothing().await
    }
    async fn thread_of(&self, _: &PostId, _: usize, _: Timestamp) -> Result<Vec<Post>, CallError> {
        self.nothing().await
    }
    async fn search(&self, search: &Search, _: Timestamp, most: usize) -> Result<Vec<Post>, CallError> {
        let posts = self.out_there.lock().unwrap();
        Ok(posts.iter().rev().filter(|post| search.finds(post)).take(most).cloned().collect())
    }
    async fn own_posts(&self, account: &AccountId, _: Timestamp, most: usize) -> Result<Vec<Post>, CallError> {
        let posts = self.out_there.lock().unwrap();
        Ok(posts.iter().rev().filter(|post| post.author == *account).take(most).cloned().collect())
    }
}

#[async_trait]
impl TweetPublisher for Network {
    fn is_idempotent(&self) -> bool {
        self.is_idempotent.load(SeqCst)
    }
    async fn publish(&self, order: &Order) -> Result<Published, PublishError> {
        panic_if_due(&self.publishing_panics);
        self.orders.lock().unwrap().push(order.clone());
        if self.hangs.load(SeqCst) {
            std::future::pending::<()>().await;
        }
        if let Some(host) = self.caps_change.lock().unwrap().take() {
            host.caps_changed();
        }
        if let Some(failure) = self.failures.lock().unwrap().pop() {
            return Err(failure);
        }
        let lost = || Err(PublishError::InDoubt("no answer came".to_owned()));
        if is_due(&self.lost_orders) {
            return lost();
        }
        let posts = if self.posts.load(SeqCst) { vec![self.made(order)] } else { Vec::new() };
        self.out_there.lock().unwrap().extend(posts.clone());
        if self.hangs_after.load(SeqCst) {
            std::future::pending::<()>().await;
        }
        if is_due(&self.lost_answers) {
            return lost();
        }
        Ok(Published { posts, ..Published::default() })
    }
    async fn answered(&self, _: &AccountId, id: &PostId) -> Result<Answered, PublishError> {
        self.looked_up.lock().unwrap().push(id.to_string());
        if let Some(failure) = self.look_up_failures.lock().unwrap().pop() {
            return Err(failure);
        }
        self.answered.lock().unwrap().get(id).cloned().ok_or_else(|| PublishError::NotFound(id.to_string()))
    }
    async fn reconcile(&self, order: &Order, lost: Lost, claimed: &[PostId]) -> Result<Reconciled, PublishError> {
        self.looks.fetch_add(1, SeqCst);
        if let Some(failure) = self.look_failures.lock().unwrap().pop() {
            return Err(failure);
        }
        if !self.lists.load(SeqCst) {
            return Ok(Reconciled::Undecidable("this provider cannot be asked what it has done".to_owned()));
        }
        if self.look_waits.load(SeqCst) {
            self.look_goes_on.notified().await;
        }
        let forms = forms(&order.action).into_iter().map(|action| post(&Order { action, ..order.clone() }));
        let wanted: Vec<Post> = forms.collect();
        let same = |post: &&Post| {
            let is_form = |wanted: &Post| (&post.text, &post.in_reply_to) == (&wanted.text, &wanted.in_reply_to);
            wanted.iter().any(is_form) && post.at >= lost.first && !claimed.contains(&post.id)
        };
        let posts = self.out_there.lock().unwrap();
        let found: Vec<Post> = posts.iter().filter(same).cloned().collect();
        Ok(match found.len() {
            0 => Reconciled::NotDone,
            1 => Reconciled::Done(Published { posts: found, ..Published::default() }),
            several => Reconciled::Undecidable(format!("{several} posts say the same")),
        })
    }
}

fn post(order: &Order) -> Post {
    let id = PostId::new(order.effect.as_str());
    let (text, in_reply_to) = match &order.action {
        Action::Post { text, .. } => (text.clone(), None),
        Action::Reply { to, text, .. } => (text.clone(), Some(to.clone())),
        Action::Quote { text, .. } => (text.clone(), None),
        other => panic!("nobody orders this here: {other:?}"),
    };
    Post {
        author: order.account.clone(),
        text,
        at: order.at,
        in_reply_to,
        quotes: None,
        conversation: id.clone(),
        thread: None,
        media: Vec::new(),
        hops: order.hops,
        likes: 0,
        replies: 0,
        quoted: 0,
        id,
    }
}

/// A model that is paid for and says how often it was asked.
#[derive(Default)]
pub struct Model {
    /// Questions that came this far.
    pub asked: AtomicU32,
    /// Questions are never answered.
    pub hangs: AtomicBool,
    /// So many questions find nobody there …
    pub away: AtomicU32,
    /// … once so many were asked.
    pub away_after: AtomicU32,
    /// What it says an answer took, instead of 3 tokens.
    pub takes: AtomicU32,
}

/// Somebody is billed.
pub fn terms() -> Terms {
    let free = Some(Price::FREE);
    let (model, priced_as) = ("counted".to_owned(), "configured".to_owned());
    Terms { paid: true, price: free, embedding_price: free, attempts: 1, model, priced_as }
}

#[async_trait]
impl LlmProvider for Model {
    async fn complete(&self, _: &Request, _: &CallContext) -> Result<Answer<Completion>, Failure> {
        let asked = self.asked.fetch_add(1, SeqCst) + 1;
        if self.hangs.load(SeqCst) {
            std::future::pending::<()>().await;
        }
        if asked > self.away_after.load(SeqCst) && is_due(&self.away) {
            return Err(Failure::told(CallError::new(Code::ProviderUnavailable, "nobody is there"), Vec::new()));
        }
        let takes = self.takes.load(SeqCst).max(3);
        let usage = Usage { prompt_tokens: takes - 1, completion_tokens: 1 };
        let value = Completion {
            text: format!("answer {asked}"),
            model: "counted".to_owned(),
            usage,
            finish: "stop".to_owned(),
            ..Completion::default()
        };
        let used = vec![
            Charge { amount: Amount::Tokens, quantity: takes.into() },
            Charge { amount: Amount::Usd, quantity: 0 },
        ];
        Ok(Answer { value, used, latency: Duration::ZERO })
    }
    async fn embed(&self, _: &[String]) -> Result<Answer<Vec<Vec<f32>>>, Failure> {
        Ok(Answer::free(Vec::new()))
    }
}
