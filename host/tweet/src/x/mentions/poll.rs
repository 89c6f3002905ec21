//! Asking for mentions: one task for all accounts, a heap of the times when each is due, and so many requests at once.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use puppet_store::{Heard, Post, StoreError};
use puppet_types::{AccountId, PostId, Timestamp};
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{Instant, sleep_until},
};

use super::{
    HearingTerms, Listener, Mention,
    ear::{Ear, since},
    pages::Look,
};
use crate::{PublishError, X};

/// Accounts that are asked for at the same time.
const AT_ONCE: usize = 16;
/// Mentions that are taken in at once.
const BATCH: usize = 20;
/// Posts of other conversations that are kept, so that a thread is not read again with each answer.
const CACHED: usize = 2_000;

/// Listens for accounts.
pub struct Hearing {
    x: Arc<X>,
    listener: Arc<dyn Listener>,
    terms: HearingTerms,
    /// What was read to tell what mentions are about, by id: the oldest go first.
    read: Mutex<BTreeMap<u64, Post>>,
}

/// Why a look came to nothing.
enum Failed {
    X(PublishError),
    Store(StoreError),
}

impl From<PublishError> for Failed {
    fn from(error: PublishError) -> Self {
        Self::X(error)
    }
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Hearing {
    /// For all accounts that have a token. Nothing is asked before [`Hearing::run`].
    pub fn new(x: Arc<X>, listener: Arc<dyn Listener>, terms: HearingTerms) -> Self {
        Self { x, listener, terms, read: Mutex::default() }
    }

    /// Listens until it is told to stop; what is being asked then is dropped, and asked again after the next start.
    ///
    /// # Errors
    /// How far was listened cannot be read.
    pub async fn run(self, mut stop: watch::Receiver<bool>) -> Result<(), StoreError> {
        let heard = self.listener.heard().await?;
        let mut heard: BTreeMap<AccountId, PostId> =
            heard.into_iter().map(|heard| (heard.account, heard.since)).collect();
        let hearing = Arc::new(self);
        let ear = |account: AccountId| {
            let since = heard.remove(&account);
            Some(Ear::new(account, since, hearing.terms.every))
        };
        let mut ears: Vec<Option<Ear>> = hearing.x.accounts().into_iter().map(ear).collect();
        let start = Instant::now();
        let mut due: BinaryHeap<Reverse<(Instant, usize)>> = (0..ears.len()).map(|n| Reverse((start, n))).collect();
        let mut asked: JoinSet<(usize, Ear, Duration)> = JoinSet::new();
        loop {
            let next = due.peek().map(|Reverse((at, _))| *at).filter(|_| asked.len() < AT_ONCE);
            tokio::select! {
                _ = stop.wait_for(|stopped| *stopped) => return Ok(()),
                Some(ended) = asked.join_next() => match ended {
                    Ok((n, ear, wait)) => {
                        if let Some(place) = ears.get_mut(n) {
                            *place = Some(ear);
                        }
                        due.push(Reverse((Instant::now() + wait, n)));
                    }
                    Err(error) => tracing::error!(%error, "an account is not listened for before the next start"),
                },
                () = at(next) => {
                    let Some(Reverse((_, n))) = due.pop() else { continue };
                    let Some(mut ear) = ears.get_mut(n).and_then(Option::take) else { continue };
                    let hearing = Arc::clone(&hearing);
                    asked.spawn(async move {
                        let wait = hearing.turn(&mut ear).await;
                        (n, ear, wait)
                    });
                }
            }
        }
    }

    /// Asks for one account. How long until the next time.
    async fn turn(&self, ear: &mut Ear) -> Duration {
        if !self.listener.hears(&ear.account) {
            return ear.waits();
        }
        match self.look(ear).await {
            Ok(pace) => ear.is_heard(pace),
            Err(Failed::X(error)) => ear.is_refused(&error),
            Err(Failed::Store(error)) => ear.is_unreached(&error.to_string()),
        }
    }

    async fn look(&self, ear: &mut Ear) -> Result<Option<Duration>, Failed> {
        let account = ear.account.clone();
        let from = match &ear.since {
            Some(since) => since.clone(),
            None => {
                // The first time: it is written at once, so that nothing is lost of what comes from now on.
                let from = since(self.now(), self.terms.backfill);
                self.advance(ear, Vec::new(), from.clone()).await?;
                from
            }
        };
        let Look { posts, newest, is_cut, pace } = self.x.mentions(&account, &from).await?;
        if is_cut {
            tracing::error!(%account, since = %from, "X tells no more than 800 mentions: what is older was not heard");
        }
        let settled = ear.settled(newest, self.now());
        let posts = self.listener.unheard(&account, posts).await?;
        let mut batch = Vec::new();
        for post in posts {
            let context = self.context(&account, &post).await?;
            batch.push(Mention { post, context });
            if batch.len() == BATCH {
                // The rest of it comes again if this is the last that is done.
                self.listener.take_in(&account, std::mem::take(&mut batch), None).await?;
            }
        }
        match settled {
            Some(settled) => self.advance(ear, batch, settled).await?,
            None if batch.is_empty() => {}
            None => drop(self.listener.take_in(&account, batch, None).await?),
        }
        Ok(pace)
    }

    /// Takes in what is left, and notes how far that is.
    async fn advance(&self, ear: &mut Ear, mentions: Vec<Mention>, since: PostId) -> Result<(), StoreError> {
        let heard = Heard { account: ear.account.clone(), since: since.clone(), at: Timestamp::from_system() };
        self.listener.take_in(&ear.account, mentions, Some(heard)).await?;
        ear.since = Some(since);
        Ok(())
    }

    /// What a mention is about. What cannot be read is left out: it does not keep the mention.
    async fn context(&self, account: &AccountId, post: &Post) -> Result<Vec<Post>, StoreError> {
        let mut found: Vec<Post> = Vec::new();
        let mut next = before(post);
        while let Some(id) = next.filter(|_| found.len() < self.terms.context) {
            let mut earlier = match self.kept(&id) {
                Some(post) => post,
                None => match self.listener.known(account, &id).await? {
                    Some(post) => post,
                    None => match self.x.post_for(account, &id).await {
                        Ok(post) => post,
                        Err(error) => {
                            tracing::debug!(%account, %id, %error, "what a mention is about cannot be read");
                            break;
                        }
                    },
                },
            };
            let after = found.last().unwrap_or(post);
            if after.in_reply_to.is_some() {
                // Who wrote it here does not know which conversation it is a part of.
                earlier.conversation.clone_from(&after.conversation);
            }
            self.keep(&earlier);
            next = before(&earlier);
            found.push(earlier);
        }
        found.reverse();
        Ok(found)
    }

    fn kept(&self, id: &PostId) -> Option<Post> {
        self.read.lock().unwrap_or_else(PoisonError::into_inner).get(&id.as_str().parse().ok()?).cloned()
    }

    fn keep(&self, post: &Post) {
        let Ok(id) = post.id.as_str().parse() else { return };
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        read.insert(id, post.clone());
        if read.len() > CACHED {
            read.pop_first();
        }
    }

    /// By X's clock.
    fn now(&self) -> Timestamp {
        let now = Timestamp::from_system().as_millis();
        Timestamp::from_millis(now.saturating_add(self.x.client.ahead_ms()))
    }
}

/// The post that a post is about.
fn before(post: &Post) -> Option<PostId> {
    post.in_reply_to.clone().or_else(|| post.quotes.clone())
}

/// For ever where there is no time.
async fn at(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => std::future::pending().await,
    }
}
