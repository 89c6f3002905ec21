//! Asking for mentions: one task for all accounts, the times when each is due, and so many requests at once.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use puppet_store::{Heard, Post, StoreError};
use puppet_types::{AccountId, PostId, Timestamp};
use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
    time::{Instant, sleep_until},
};

use super::{
    HearingTerms, Listener, Listening, Mention,
    context::Context,
    ear::{APART_MS, Ear, believed, since},
    pages::Look,
    schedule::Schedule,
    stream::{Signal, Stream},
};
use crate::{PublishError, X, plan::Priced};

/// Accounts that are asked for at the same time.
const AT_ONCE: usize = 16;
/// Mentions that are taken in at once.
const BATCH: usize = 20;
/// Accounts that a stream tells of are asked for so often all the same.
const SWEEP: Duration = Duration::from_secs(900);
/// What streams say that was not seen to.
const SIGNALS: usize = 64;
/// Whether a cap of the operator's leaves room again is looked at so often. Nothing is asked for that.
const CAPPED: Duration = Duration::from_secs(300);

/// Listens for accounts.
pub struct Hearing {
    pub(super) x: Arc<X>,
    pub(super) listener: Arc<dyn Listener>,
    pub(super) terms: HearingTerms,
    pub(super) context: Context,
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
        Self { x, listener, terms, context: Context::default() }
    }

    /// Listens until it is told to stop; what is being asked then is dropped, and asked again after the next start.
    ///
    /// # Errors
    /// How far was listened cannot be read.
    pub async fn run(self, mut stop: watch::Receiver<bool>) -> Result<(), StoreError> {
        let mut checked = self.x.checked.subscribe();
        let heard = self.listener.heard().await?;
        let now = Timestamp::from_system();
        let mut heard: BTreeMap<AccountId, PostId> =
            heard.into_iter().map(|heard| (heard.account.clone(), believed(heard, now))).collect();
        let hearing = Arc::new(self);
        let accounts = hearing.x.accounts();
        let ear = |account: &AccountId| Some(Ear::new(account.clone(), heard.remove(account), hearing.terms.every));
        let mut ears: Vec<Option<Ear>> = accounts.iter().map(ear).collect();
        let number = |account: &AccountId| accounts.binary_search(account).ok();
        let mut schedule = Schedule::new(ears.len(), Instant::now(), hearing.terms.every);
        // Accounts that a stream tells of.
        let mut streamed: BTreeSet<usize> = BTreeSet::new();
        // What was found of accounts while they were asked for.
        let mut found: BTreeMap<usize, bool> = BTreeMap::new();
        let (_streams, mut signals) = hearing.streams(&accounts);
        let mut asked: JoinSet<(usize, Ear, Duration)> = JoinSet::new();
        loop {
            let next = schedule.next().filter(|_| asked.len() < AT_ONCE);
            tokio::select! {
                _ = stop.wait_for(|stopped| *stopped) => return Ok(()),
                Some(ended) = asked.join_next() => match ended {
                    Ok((n, ear, wait)) => {
                        let now = Instant::now();
                        schedule.give_back(n, now + wait, now, ear.may_hurry());
                        if found.remove(&n).is_some_and(|can_act| ear.is_news(can_act)) {
                            schedule.at_once(n, now);
                        }
                        if let Some(place) = ears.get_mut(n) {
                            *place = Some(ear);
                        }
                    }
                    Err(error) => tracing::error!(%error, "an account is not listened for before the next start"),
                },
                // Somebody has signed in or out: that waits for no time of its own, for what is said from now on is to be heard.
                Ok((account, can_act)) = checked.recv() => {
                    let Some(n) = number(&account) else { continue };
                    match ears.get(n) {
                        Some(Some(ear)) if ear.is_news(can_act) => schedule.at_once(n, Instant::now()),
                        Some(None) => drop(found.insert(n, can_act)),
                        _ => {}
                    }
                }
                Some(signal) = signals.recv() => {
                    let (Signal::Streams(which) | Signal::Silent(which) | Signal::Gap(which)) = &signal;
                    for n in which.iter().filter_map(number) {
                        match signal {
                            Signal::Streams(_) => drop(streamed.insert(n)),
                            Signal::Silent(_) => drop(streamed.remove(&n)),
                            Signal::Gap(_) => {}
                        }
                        // One that X asked to wait for is asked for in its time.
                        if ears.get(n).is_some_and(|ear| ear.as_ref().is_none_or(Ear::may_hurry)) {
                            schedule.hurry(n, Instant::now());
                        }
                    }
                }
                () = at(next) => {
                    let Some(n) = schedule.take(Instant::now()) else { continue };
                    let Some(mut ear) = ears.get_mut(n).and_then(Option::take) else { continue };
                    let hearing = Arc::clone(&hearing);
                    let every = hearing.terms.every;
                    ear.every = if streamed.contains(&n) { every.max(SWEEP) } else { every };
                    asked.spawn(async move {
                        let wait = hearing.turn(&mut ear).await;
                        (n, ear, wait)
                    });
                }
            }
        }
    }

    /// Opens the streams that there can be. They end when the first answer is dropped.
    fn streams(self: &Arc<Self>, accounts: &[AccountId]) -> (JoinSet<()>, mpsc::Receiver<Signal>) {
        let (sender, signals) = mpsc::channel(SIGNALS);
        let mut tasks = JoinSet::new();
        let mut of_apps: BTreeMap<String, BTreeSet<AccountId>> = BTreeMap::new();
        if let Some(first) = self.x.apps.keys().next().filter(|_| self.terms.by != Listening::Poll) {
            for account in accounts {
                let app = self.terms.apps.get(account).filter(|app| self.x.apps.contains_key(*app)).unwrap_or(first);
                of_apps.entry(app.clone()).or_default().insert(account.clone());
            }
        }
        for (app, ours) in of_apps {
            let stream = Stream { hearing: Arc::clone(self), app, ours, signals: sender.clone() };
            tasks.spawn(stream.run());
        }
        (tasks, signals)
    }

    /// Takes in what a stream tells: how far was listened stays as it is, for it may have passed something over.
    pub(super) async fn streamed(&self, account: &AccountId, post: Post) -> Result<(), StoreError> {
        for post in self.listener.unheard(account, vec![post]).await? {
            let context = self.context(account, &post).await?;
            self.listener.take_in(account, vec![Mention { post, context }], None).await?;
        }
        Ok(())
    }

    /// Asks for one account. How long until the next time.
    pub(super) async fn turn(&self, ear: &mut Ear) -> Duration {
        if !self.listener.hears(&ear.account) {
            return ear.waits();
        }
        if let Err(error) = self.x.room_for(&ear.account, Priced::OwnRead) {
            return ear.is_refused(&error).min(CAPPED);
        }
        match self.look(ear).await {
            Ok(pace) => ear.is_heard(pace),
            Err(Failed::X(error @ PublishError::Capped { .. })) => ear.is_refused(&error).min(CAPPED),
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
                self.knows_the_time(&account).await?;
                let from = since(self.now(), self.terms.backfill);
                if !self.advance(ear, Vec::new(), from.clone()).await? {
                    return Ok(None);
                }
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
                if self.listener.take_in(&account, std::mem::take(&mut batch), None).await?.is_none() {
                    return Ok(pace);
                }
            }
        }
        match settled {
            Some(settled) => drop(self.advance(ear, batch, settled).await?),
            None if batch.is_empty() => {}
            None => drop(self.listener.take_in(&account, batch, None).await?),
        }
        Ok(pace)
    }

    /// Whether X's clock and this machine's agree: of two that do not, nobody knows which is right.
    async fn knows_the_time(&self, account: &AccountId) -> Result<(), PublishError> {
        self.x.user(account, self.x.member(account)?).await?;
        let ahead_ms = self.x.client.ahead_ms();
        if ahead_ms.unsigned_abs() <= APART_MS {
            return Ok(());
        }
        let words = format!(
            "X's clock and this machine's are {} seconds apart: set the clock",
            ahead_ms.unsigned_abs() / 1_000
        );
        Err(PublishError::Unavailable(words))
    }

    /// Takes in what is left, and notes how far that is. Answers whether anybody was there for it: for nobody nothing is
    /// written, and it is asked for again from where it was.
    async fn advance(&self, ear: &mut Ear, mentions: Vec<Mention>, since: PostId) -> Result<bool, StoreError> {
        let heard = Heard { account: ear.account.clone(), since: since.clone(), at: Timestamp::from_system() };
        let is_there = self.listener.take_in(&ear.account, mentions, Some(heard)).await?.is_some();
        if is_there {
            ear.advance(since);
        }
        Ok(is_there)
    }

    /// By X's clock.
    fn now(&self) -> Timestamp {
        self.x.client.now()
    }
}

/// For ever where there is no time.
async fn at(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => std::future::pending().await,
    }
}
