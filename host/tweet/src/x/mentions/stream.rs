//! An app's stream: one connection for all accounts of the app, kept open. It is fast and not whole: what it passes over
//! while it is not there, or in silence, is found by asking, which never ends (`poll`).

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use puppet_store::Post;
use puppet_types::{AccountId, ids};
use tokio::{
    sync::mpsc,
    task::JoinSet,
    time::{Instant, MissedTickBehavior, interval, sleep, timeout},
};

use super::{
    super::wire::POST_FIELDS,
    Listening,
    ended::Ended,
    lines::{Ending, Line, Lines},
    poll::Hearing,
};
use crate::plan::Priced;

pub(super) const PATH: [&str; 4] = ["2", "tweets", "search", "stream"];
/// Mentions that are taken in side by side; those of an account one after the other.
const HANDS: usize = 8;
/// Mentions that wait for a hand.
const WAITING: usize = 256;
/// Whether other accounts are to be heard is looked at so often.
pub(super) const LOOK: Duration = Duration::from_secs(60);

/// What the one who asks is told.
#[derive(Debug)]
pub(super) enum Signal {
    /// These are heard by the stream from now on: what came before is to be asked for, and later now and then.
    Streams(BTreeSet<AccountId>),
    /// These are not, any more.
    Silent(BTreeSet<AccountId>),
    /// Something may have been passed over.
    Gap(BTreeSet<AccountId>),
}

/// What a stream is to tell of each mention.
pub(super) fn asked_for() -> [(&'static str, &'static str); 2] {
    [("tweet.fields", POST_FIELDS), ("expansions", "author_id")]
}

/// See the head of this file.
pub(super) struct Stream {
    pub(super) hearing: Arc<Hearing>,
    pub(super) app: String,
    /// All accounts of this host that the app hears for.
    pub(super) ours: BTreeSet<AccountId>,
    pub(super) signals: mpsc::Sender<Signal>,
}

impl Stream {
    /// Streams until it is dropped.
    pub(super) async fn run(self) {
        let mut hands = JoinSet::new();
        let hands = self.hands(&mut hands);
        let (mut before, mut nth) = (None, 0);
        loop {
            let mut covered = BTreeSet::new();
            let mut lived = false;
            let anew = before == Some(std::mem::discriminant(&Ended::Unruled));
            let ended = match self.once(&hands, anew, &mut covered, &mut lived).await {
                Ok(never) => match never {},
                Err(ended) => ended,
            };
            if !covered.is_empty() {
                let _ = self.signals.send(Signal::Silent(covered)).await;
            }
            let kind = std::mem::discriminant(&ended);
            nth = if before == Some(kind) && !lived { nth + 1 } else { 1 };
            if before != Some(kind) || lived {
                self.tell(&ended);
            }
            before = Some(kind);
            let wait = ended.wait(nth, self.hearing.terms.by);
            // Several hosts do not come back at the same moment.
            let drawn =
                ids::derive_u64(&["stream", &self.app, &std::process::id().to_string(), &nth.to_string()]) % 100;
            sleep(wait + wait * u32::try_from(drawn).unwrap_or(0) / 1_000).await;
        }
    }

    fn tell(&self, ended: &Ended) {
        let app = self.app.as_str();
        match ended {
            Ended::Nobody => {}
            Ended::Network | Ended::Operational => {
                tracing::info!(app, why = %ended, "the stream of mentions broke off: it is opened again");
            }
            Ended::Planless(why) if self.hearing.terms.by == Listening::Auto => {
                tracing::info!(app, why, "X has no stream for this app: mentions are asked for");
            }
            Ended::Planless(why) | Ended::Refused(why) => {
                tracing::error!(app, why, "X does not let this app stream: mentions are asked for");
            }
            _ => tracing::warn!(app, why = %ended, "there is no stream of mentions for now: they are asked for"),
        }
    }

    /// One connection, to its end. `anew`: with other rules than were there, be they ever so right.
    pub(super) async fn once(
        &self,
        hands: &[mpsc::Sender<(AccountId, Post)>],
        anew: bool,
        covered: &mut BTreeSet<AccountId>,
        lived: &mut bool,
    ) -> Result<std::convert::Infallible, Ended> {
        let hearing = &self.hearing;
        let who = &hearing.x.apps.get(&self.app).ok_or(Ended::Nobody)?.identity;
        let mut wanted = self.wanted();
        if wanted.is_empty() {
            return Err(Ended::Nobody);
        }
        hearing.x.client.room(Priced::PostRead, false, who)?;
        if anew {
            hearing.x.rules(who, &self.ours, &BTreeSet::new()).await?;
        }
        let has_rule = hearing.x.rules(who, &self.ours, &wanted).await?;
        if has_rule.is_empty() {
            return Err(Ended::Planless("it has no room for a rule".to_owned()));
        }
        let mut response = hearing.x.client.open(&PATH, &asked_for(), who).await?;
        tracing::info!(app = self.app, accounts = has_rule.len(), "mentions on X are streamed");
        covered.clone_from(&has_rule);
        let _ = self.signals.send(Signal::Streams(has_rule)).await;
        let opened = Instant::now();
        let mut lines = Lines::default();
        let mut gap: Option<Instant> = None;
        let mut look = interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        look.tick().await;
        loop {
            let chunk = tokio::select! {
                chunk = timeout(hearing.terms.silence, response.chunk()) => chunk,
                _ = look.tick() => {
                    let now = self.wanted();
                    if now != wanted && let Ok(has_rule) = hearing.x.rules(who, &self.ours, &now).await {
                        let _ = self.signals.send(Signal::Silent(covered.difference(&has_rule).cloned().collect())).await;
                        let _ = self.signals.send(Signal::Streams(has_rule.difference(covered).cloned().collect())).await;
                        (wanted, *covered) = (now, has_rule);
                    }
                    continue;
                }
            };
            let Ok(Ok(Some(chunk))) = chunk else { return Err(Ended::Network) };
            // One that breaks off again and again is opened more and more seldom, whatever it says meanwhile.
            *lived = opened.elapsed() >= hearing.terms.silence * 2;
            for line in lines.read(&chunk) {
                let is_charged = matches!(line, Line::Mention(..) | Line::Other);
                match line {
                    Line::Other => hearing.x.client.streamed(who),
                    Line::Mention(post, accounts) => {
                        hearing.x.client.streamed(who);
                        for account in accounts.into_iter().filter(|account| self.ours.contains(account)) {
                            self.hand_over(hands, account, &post).await;
                        }
                    }
                    Line::End(Ending::Operational) => return Err(Ended::Operational),
                    Line::End(Ending::Connection(issue)) => return Err(issue.into()),
                    Line::End(Ending::Endless) => return Err(Ended::Failed),
                    Line::End(Ending::UsageCap) => return Err(Ended::UsageCap),
                    // Whatever it was may have been a mention. However many come, X is not asked without end.
                    Line::Garbage if gap.is_some_and(|at| at.elapsed() < hearing.terms.every) => {}
                    Line::Garbage => {
                        gap = Some(Instant::now());
                        let _ = self.signals.send(Signal::Gap(covered.clone())).await;
                    }
                }
                // Whatever X tells now, it charges: what is under way counts as if it came to the most that it may.
                if is_charged {
                    hearing.x.client.room(Priced::PostRead, true, who)?;
                }
            }
            hearing.x.client.room(Priced::PostRead, true, who)?;
        }
    }

    fn wanted(&self) -> BTreeSet<AccountId> {
        self.ours.iter().filter(|account| self.hearing.listener.hears(account)).cloned().collect()
    }

    /// To the hand of this account. Where that has too much, it is asked for instead: nothing holds the stream up.
    async fn hand_over(&self, hands: &[mpsc::Sender<(AccountId, Post)>], account: AccountId, post: &Post) {
        let place = ids::derive_u64(&["hand", account.as_str()]) % HANDS as u64;
        let hand = usize::try_from(place).ok().and_then(|place| hands.get(place));
        if hand.is_none_or(|hand| hand.try_send((account.clone(), post.clone())).is_err()) {
            let _ = self.signals.send(Signal::Gap(BTreeSet::from([account]))).await;
        }
    }

    fn hands(&self, tasks: &mut JoinSet<()>) -> Vec<mpsc::Sender<(AccountId, Post)>> {
        let hand = |_| {
            let (sender, mut mentions) = mpsc::channel::<(AccountId, Post)>(WAITING);
            let (hearing, signals) = (Arc::clone(&self.hearing), self.signals.clone());
            tasks.spawn(async move {
                while let Some((account, post)) = mentions.recv().await {
                    if let Err(error) = hearing.streamed(&account, post).await {
                        tracing::warn!(%account, %error, "a mention is not taken in: it is asked for");
                        let _ = signals.send(Signal::Gap(BTreeSet::from([account]))).await;
                    }
                }
            });
            sender
        };
        (0..HANDS).map(hand).collect()
    }
}
