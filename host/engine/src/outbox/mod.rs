//! Effects leave: one attempt at a time per account, marked as under way before it starts, and what follows
//! from it (result event, mentions, posts seen, the lists of own posts) written in one transaction. An attempt whose end
//! nobody saw is not repeated before its provider has said what became of it.
//!
//! `order` makes what a provider is told, `admission` says whether it may leave, `moderation` looks at its text before it does,
//! `ends` writes how it ended, `results` is what comes back, `reconcile` asks after attempts in doubt, `threads` hands over a
//! thread part by part, `rehearsal` says of what only a dry run decided whether it would leave, `swaps` carries out those of
//! wallets, `pace` says when an account may go on, `standing` why it does not, `operator` carries out an operator's word.

mod admission;
mod ends;
mod moderation;
mod operator;
mod order;
mod pace;
mod reconcile;
mod rehearsal;
mod results;
mod rules;
mod standing;
mod swaps;
mod threads;

use std::{panic::AssertUnwindSafe, time::Instant};

use futures::FutureExt as _;
use puppet_store::{Doubt, Effect, EffectState, StoreError, Waiting};
use puppet_tweet::{Action, PublishError, Published};
use puppet_types::{AccountId, Decision, Timestamp, scrub};

use admission::Admission;

use crate::{agenda::Agenda, happening::Happening, host::Host, tally::StoreWork};

pub(crate) use admission::{around, is_known};
pub(crate) use moderation::Moderation;
pub use operator::{DROPPED, OutboxError, Word, speak};
pub(crate) use order::{NoOrder, action};
pub(crate) use pace::Pace;
pub(crate) use rehearsal::rehearse;
pub use rehearsal::{NOT_KNOWN, WOULD_BE_REFUSED};
pub(crate) use results::failed_event;
pub use results::{delivery_event, swap_event};
pub use rules::{OUTBOX_RULES, OutboxRules, Rule as OutboxRule};
pub use standing::{HeldAccount, held_accounts, quiet_until};

/// How long an effect waits for another of its invocation that has not ended, before it is looked at again.
const YET_MS: u64 = 1_000;

/// What an attempt came to.
#[derive(Debug, Default)]
pub struct Attempted {
    /// New events.
    pub events: Vec<Waiting>,
    /// To be tried, or looked at, again.
    pub again: Option<Effect>,
    /// But not before; none: when its row says.
    pub until: Option<Timestamp>,
    /// How often what holds accounts had been said to be over when it began: `until` is out of date where it is more by now.
    pub hurries: u64,
    /// For those who watch; none where nothing was tried yet.
    pub happening: Option<Happening>,
}

/// Tries one effect, or asks after it. Where the store fails the effect is left as far as it came: `Sent` once the attempt
/// is written. None, and nothing is tried, where everything is halted.
pub async fn attempt(host: &Host, effect: &mut Effect) -> Result<Option<Attempted>, StoreError> {
    let (at, hurries) = (host.clock.now(), host.pace.hurries());
    let attempted = tried(host, effect, at).await?;
    Ok(attempted.map(|attempted| Attempted { hurries, ..attempted }))
}

async fn tried(host: &Host, effect: &mut Effect, at: Timestamp) -> Result<Option<Attempted>, StoreError> {
    match effect.state {
        EffectState::InDoubt => reconcile::look(host, effect, at).await.map(Some),
        // One that was begun before and whose end nobody saw is tried again only where that cannot do it twice.
        EffectState::Sent if !is_idempotent(host, effect) => {
            let why = "an attempt was under way and nobody saw its end";
            ends::in_doubt(host, effect, at, why).await.map(Some)
        }
        _ => match host.pace.leaves_at(&effect.account, at) {
            Some(until) => Ok(Some(later(effect, until))),
            None => send(host, effect, at).await,
        },
    }
}

/// Whether its provider does it once, however often it is told.
fn is_idempotent(host: &Host, effect: &Effect) -> bool {
    matches!(effect.body, Decision::Swap { .. }) || host.publisher.is_idempotent()
}

async fn send(host: &Host, effect: &mut Effect, at: Timestamp) -> Result<Option<Attempted>, StoreError> {
    if let Decision::Swap { intent, origin } = &effect.body {
        let (intent, origin) = (intent.clone(), *origin);
        let purse = host.purses.purse(&effect.agent);
        if let Some(why) = swaps::is_elsewhere(effect, purse.as_deref()) {
            return ends::undecidable(host, effect, at, &why).await.map(Some);
        }
        return match begin(host, effect, at, purse.as_deref()).await? {
            true => swaps::carry_out(host, effect, at, (purse.as_deref(), &intent, origin)).await.map(Some),
            false => not_begun(host, effect).await,
        };
    }
    let action = match action(host, effect).await? {
        Err(NoOrder::Yet) => return Ok(Some(later(effect, at.plus_millis(YET_MS)))),
        Err(NoOrder::Ever(reason)) => Err(PublishError::Refused(reason)),
        Ok(action) => match admission::admit(host, effect, at, action).await? {
            Admission::Leaves(action) => match moderation::looked_at(host, effect, at, action).await {
                Ok(action) => action.map_err(PublishError::Refused),
                Err(until) => return Ok(Some(later(effect, until))),
            },
            Admission::Waits(until) => return Ok(Some(later(effect, until))),
            Admission::Quiet(until) => return standing::is_quiet(host, effect, at, until).await.map(Some),
            // Nothing is tried.
            Admission::Never(reason) => return ends::failed(host, effect, at, reason).await.map(Some),
            Admission::Unanswered(error) => Err(error),
        },
    };
    if !begin(host, effect, at, None).await? {
        return not_begun(host, effect).await;
    }
    let outcome = match action {
        Ok(action) => publish(host, effect, at, threads::next(host, effect, action)).await,
        Err(error) => Err(error),
    };
    let attempted = match outcome {
        Ok(published) => ends::done(host, effect, at, published).await,
        Err(error) => ends::not_done(host, effect, at, &error).await,
    };
    attempted.map(Some)
}

/// Writes that it is under way, of a swap also with which purse. False where it does not begin.
async fn begin(host: &Host, effect: &mut Effect, at: Timestamp, purse: Option<&str>) -> Result<bool, StoreError> {
    let since = Instant::now();
    let begun = host.store.begin_attempt(&effect.id, at, purse).await?;
    host.tally.stored(StoreWork::Begin, since);
    if !begun {
        return Ok(false);
    }
    effect.purse = effect.purse.take().or_else(|| purse.map(str::to_owned));
    effect.attempts += 1;
    effect.state = EffectState::Sent;
    // Of several that were lost the first one counts: as the row has it.
    effect.doubt =
        Some(Doubt { undecidable: false, ..effect.doubt.unwrap_or(Doubt { begun: at, undecidable: false }) });
    Ok(true)
}

async fn publish(host: &Host, effect: &Effect, at: Timestamp, action: Action) -> Result<Published, PublishError> {
    host.pace.began(&effect.account, at);
    let order = order::order(effect, at, action);
    let hurries = host.pace.hurries();
    let published = AssertUnwindSafe(host.publisher.publish(&order)).catch_unwind().await;
    // Nobody knows how far it came, and the account's other effects must not wait for it.
    let published = published.unwrap_or_else(|_| Err(PublishError::InDoubt("the provider panicked".to_owned())));
    reach(host, effect, published.as_ref().err(), hurries);
    published
}

/// Everything is halted, and it keeps its place; or the operator has ended it meanwhile.
async fn not_begun(host: &Host, effect: &Effect) -> Result<Option<Attempted>, StoreError> {
    host.look_whether_halted().await?;
    let row = host.store.effect(&effect.id).await?;
    let waits = row.is_some_and(|row| matches!(row.state, EffectState::Waiting | EffectState::Sent));
    Ok((!waits).then(Attempted::default))
}

/// Nothing was tried: it comes again.
fn later(effect: &Effect, until: Timestamp) -> Attempted {
    Attempted { again: Some(effect.clone()), until: Some(until), ..Attempted::default() }
}

/// Whether the provider was reached counts for the whole account, also what it asks for. `hurries` as it was before the
/// provider was asked.
fn reach(host: &Host, effect: &Effect, error: Option<&PublishError>, hurries: u64) {
    let (account, now) = (&effect.account, host.clock.now());
    match error {
        Some(PublishError::Unavailable(_)) => {
            let unreached = host.pace.unreached(account, now);
            if let (true, Some(until)) = (unreached.is_new, unreached.until) {
                tracing::warn!(%account, failures = unreached.failures, %until, "the provider is not reached: the outbox of the account waits");
                let happening = Happening::Unreached { at: now, account: account.clone(), until: Some(until) };
                host.tell(Some(happening));
            }
        }
        // Nobody knows.
        Some(PublishError::InDoubt(_)) => {}
        Some(
            error @ (PublishError::Unauthorized(_)
            | PublishError::Suspended(_)
            | PublishError::UsageCap { .. }
            | PublishError::Capped { .. }),
        ) => {
            let wait = match error {
                PublishError::UsageCap { retry_after_ms, .. } | PublishError::Capped { retry_after_ms, .. } => {
                    (*retry_after_ms).max(1)
                }
                _ => host.pace.rules().held_probe_ms,
            };
            let until = now.plus_millis(wait);
            let why = scrub::text(&error.to_string()).into_owned();
            let since = pace::held_since(effect).unwrap_or(now);
            let is_new = host.pace.hold(account, until, (why.clone(), since));
            if host.pace.hurries() != hurries {
                // That was said to be over while it was under way.
                host.release_held(account);
            } else if is_new {
                tracing::error!(%account, %until, %why, "the account is held: its outbox waits");
                host.tell(Some(Happening::Held { at: now, account: account.clone(), held: Some((why, until)) }));
            }
        }
        answered => {
            if let Some(PublishError::RateLimited { retry_after_ms }) = answered {
                let wait = (*retry_after_ms).clamp(1, pace::LONGEST_ASKED_MS);
                host.pace.asked_to_wait(account, now.plus_millis(wait));
            }
            if host.release_held(account) {
                tracing::info!(%account, "the account is held no more");
            }
            if host.pace.reached(account) {
                tracing::info!(%account, "the provider is reached again");
                host.tell(Some(Happening::Unreached { at: now, account: account.clone(), until: None }));
            }
        }
    }
}

impl Host {
    /// Takes up an effect of an earlier run: one that was tried holds its account's line.
    pub(crate) fn take_up_effect(&self, agenda: &mut Agenda, mut effect: Effect) {
        match effect.state {
            // The operator's to decide.
            EffectState::InDoubt if !effect.is_open() => {}
            _ if effect.attempts == 0 && effect.provider_id.is_none() && pace::asked(&effect).is_none() => {
                agenda.add_effect(effect);
            }
            _ => {
                self.pace.take_up(&mut effect, self.clock.now());
                let until = effect.not_before;
                agenda.hold_effect(effect, until);
            }
        }
    }

    /// What an account signs with is another, or its operator says so: whatever holds it, it is tried now.
    pub fn release_account(&self, account: &AccountId) {
        self.pace.say_hurried();
        if self.release_held(account) {
            self.agenda().hurry_effects(self.clock.now());
            self.wake();
        }
    }

    /// Whether it had been held.
    fn release_held(&self, account: &AccountId) -> bool {
        let was_held = self.pace.release(account);
        if was_held {
            let at = self.clock.now();
            self.tell(Some(Happening::Held { at, account: account.clone(), held: None }));
        }
        was_held
    }

    /// Caps of the operator's are others: what waits for one of them is tried, and looked for, now.
    pub fn caps_changed(&self) {
        let now = self.clock.now();
        self.pace.say_hurried();
        for account in self.pace.release_capped() {
            self.tell(Some(Happening::Held { at: now, account, held: None }));
        }
        self.agenda().hurry_effects(now);
        self.wake();
    }

    /// Rules of the outbox that hold from now on, also for what waits by other ones.
    pub fn set_outbox_rules(&self, rules: OutboxRules) {
        if self.pace.set_rules(rules) {
            self.pace.say_hurried();
            self.agenda().hurry_effects(self.clock.now());
            self.wake();
        }
    }
}
