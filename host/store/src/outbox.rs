//! Effects on their way out.

use std::collections::BTreeSet;

use async_trait::async_trait;
use puppet_types::{AccountId, AgentId, Decision, Digest, EffectId, Event, InvocationId, PostId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{Change, Result, Waiting};

/// How far an effect is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EffectState {
    /// Not tried, or to be tried again.
    Waiting,
    /// An attempt is under way: written before it starts.
    Sent,
    /// The provider has it.
    Done,
    /// It will not be tried again.
    Failed,
    /// An attempt was under way when the host stopped, or its answer was lost: its provider is asked, and where that cannot
    /// tell, the operator.
    InDoubt,
    /// The operator has not said yet whether it may leave.
    WaitingForApproval,
    /// Nothing leaves in this mode.
    DryRun,
    /// The operator said no.
    Rejected,
    /// The operator said nothing in time.
    Expired,
}

impl EffectState {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Waiting,
        Self::Sent,
        Self::Done,
        Self::Failed,
        Self::InDoubt,
        Self::WaitingForApproval,
        Self::DryRun,
        Self::Rejected,
        Self::Expired,
    ];

    /// As it is written everywhere.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sent => "sent",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::InDoubt => "in-doubt",
            Self::WaitingForApproval => "waiting-for-approval",
            Self::DryRun => "dry-run",
            Self::Rejected => "rejected",
            Self::Expired => "expired",
        }
    }
}

/// The decision an effect carries out.
pub type EffectBody = Decision;

/// A decision on its way out.
#[derive(Debug, Clone, PartialEq)]
pub struct Effect {
    /// Derived from invocation and number.
    pub id: EffectId,
    /// Order of commit; effects of one account leave in this order.
    pub seq: u64,
    /// Whose.
    pub agent: AgentId,
    /// As whom.
    pub account: AccountId,
    /// Where it came from.
    pub invocation: InvocationId,
    /// Number of the decision within the invocation.
    pub n: u32,
    /// When it may leave.
    pub not_before: Timestamp,
    /// Of the event that led to it.
    pub hops: u32,
    /// What to do.
    pub body: EffectBody,
    /// How far it is.
    pub state: EffectState,
    /// Tries so far.
    pub attempts: u32,
    /// The provider's id, once done; of several posts theirs, with commas. A thread that a provider takes part by part has
    /// those of the parts that are there.
    pub provider_id: Option<String>,
    /// Why it failed.
    pub reason: Option<String>,
    /// Until when the operator may approve it; none where nobody is asked.
    pub expires: Option<Timestamp>,
    /// The attempt whose end nobody has seen; none where there is none.
    pub doubt: Option<Doubt>,
    /// Of a swap, the purse that the attempt of `doubt` handed it to: no other one gets it before that is decided.
    pub purse: Option<String>,
}

/// An attempt that may have happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Doubt {
    /// When it began; of several, the first.
    pub begun: Timestamp,
    /// Nobody asks any more: the operator decides.
    pub undecidable: bool,
}

impl Effect {
    /// Whether it goes on by itself: it waits, is under way, or its provider is asked what became of it.
    pub fn is_open(&self) -> bool {
        match self.state {
            EffectState::Waiting | EffectState::Sent => true,
            EffectState::InDoubt => self.doubt.is_some_and(|doubt| !doubt.undecidable),
            _ => false,
        }
    }

    /// Of what the operator approves: which effect, as whom, and everything that it says.
    pub fn digest(&self) -> Digest {
        Digest::of(json!([self.id, self.account, self.body]).to_string().as_bytes())
    }
}

/// How an attempt or a wait ended: written in one transaction with what follows from it.
#[derive(Debug, Clone)]
pub struct EffectEnd {
    /// Which effect.
    pub id: EffectId,
    /// Where it stands now.
    pub state: EffectState,
    /// The provider's id.
    pub provider_id: Option<String>,
    /// Why it failed.
    pub reason: Option<String>,
    /// Next try, for `Waiting`; next look, for `InDoubt`.
    pub not_before: Option<Timestamp>,
    /// When.
    pub at: Timestamp,
    /// Result event, mentions, posts seen.
    pub events: Vec<Event>,
    /// The lists of posts and tweets in memory.
    pub changes: Vec<Change>,
    /// The attempt whose end nobody has seen, still.
    pub doubt: Option<Doubt>,
    /// The attempt that ends does not count: nothing was done, and the effect is not at fault.
    pub uncounted: bool,
}

impl EffectEnd {
    /// Where an effect stands from then on. Nothing more is said of it, and nothing follows.
    pub fn of(effect: &Effect, state: EffectState, at: Timestamp) -> Self {
        Self {
            id: effect.id.clone(),
            state,
            provider_id: None,
            reason: None,
            not_before: None,
            at,
            events: Vec::new(),
            changes: Vec::new(),
            doubt: None,
            uncounted: false,
        }
    }
}

/// Which effects.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EffectPage {
    /// In these states; empty: in all of them.
    pub states: Vec<EffectState>,
    /// Of this agent.
    pub agent: Option<AgentId>,
    /// Of these agents and of nobody else.
    pub among: Option<BTreeSet<AgentId>>,
    /// Committed before this one; none: from the last on.
    pub before_seq: Option<u64>,
    /// At most so many.
    pub limit: usize,
}

/// The outbox.
#[async_trait]
pub trait OutboxStore: Send + Sync {
    /// Effects in these states, by seq.
    async fn effects(&self, states: &[EffectState]) -> Result<Vec<Effect>>;
    /// All of them, by seq, page by page after `after_seq`.
    async fn effects_after(&self, after_seq: u64, limit: usize) -> Result<Vec<Effect>> {
        let mut effects = self.effects(&EffectState::ALL).await?;
        effects.retain(|effect| effect.seq > after_seq);
        effects.truncate(limit);
        Ok(effects)
    }
    /// Some of them, the last first.
    async fn effects_before(&self, page: &EffectPage) -> Result<Vec<Effect>>;
    /// Effects of one invocation, by n.
    async fn effects_of(&self, invocation: &InvocationId) -> Result<Vec<Effect>>;
    /// Effects of several invocations, by invocation and n.
    async fn effects_of_many(&self, invocations: &[InvocationId]) -> Result<Vec<Effect>>;
    /// One effect.
    async fn effect(&self, id: &EffectId) -> Result<Option<Effect>>;
    /// Marks an attempt as under way, before it starts. Answers false, and marks nothing, while everything is halted, and of
    /// an effect that neither waits nor was under way. Of attempts that were lost the first one's beginning stays, and the
    /// first purse that a swap was handed to, until an end leaves no doubt.
    async fn begin_attempt(&self, id: &EffectId, at: Timestamp, purse: Option<&str>) -> Result<bool>;
    /// Marks how it ended. Answers the events that are new. One that waits again with a provider's id, a part of it being
    /// there, has no attempts behind it.
    async fn end_attempt(&self, end: EffectEnd) -> Result<Vec<Waiting>>;
    /// The same, where it is in one of these states still; else nothing is changed, and the answer is none. One that had
    /// failed, or was the operator's to decide, or is there in part, and waits again has no attempts behind it.
    async fn end_from(&self, end: EffectEnd, states: &[EffectState]) -> Result<Option<Vec<Waiting>>>;
    /// Provider ids of what was published as an account, the latest first: of so many effects. One of several posts has
    /// theirs, with commas, also where more are to come.
    async fn published_as(&self, account: &AccountId, most: usize) -> Result<Vec<String>>;
    /// The effect that made a post, by the provider's id of it; of several posts by that of the first.
    async fn maker_of(&self, post: &PostId) -> Result<Option<Effect>>;
    /// Marks how the wait for the operator ended. Answers the events that are new; none, and nothing is changed, where
    /// the effect does not wait for approval, or is to leave and its time is over.
    async fn end_approval(&self, end: EffectEnd) -> Result<Option<Vec<Waiting>>>;
}
