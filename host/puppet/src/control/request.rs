//! What a running host can be asked.

use std::time::Duration;

use puppet_api::NewKey;
use puppet_engine::{Verdict, Word};
use puppet_store::Old;
use puppet_types::{AgentId, Digest, EffectId, Event, InvocationId, PackId};
use serde::{Deserialize, Serialize};

use super::Said;
use crate::{agents::NewAgent, wallets::words::Word as PurseWord};

/// How long the host may take to answer, beyond what it was asked to wait: more than a busy one does.
const ANSWER: Duration = Duration::from_secs(15);

/// How much longer forgetting may take: full text is written anew, and readers of the database are waited for.
const FORGETTING_MS: u64 = 600_000;

/// How much longer a question may take that X is asked in its turn.
const CHECKING_MS: u64 = 60_000;

/// What can be asked.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub enum Request {
    /// Accept events; with `wait_ms`, answer when they are handled.
    Send {
        /// One per agent addressed.
        events: Vec<Event>,
        /// Until they are handled, and no longer than so.
        wait_ms: Option<u64>,
    },
    /// Somebody speaks to agents on the local timeline.
    Say {
        /// Who says what to whom.
        said: Said,
        /// Until they have answered, and no longer than so.
        wait_ms: Option<u64>,
    },
    /// Make an agent.
    AddAgent {
        /// It.
        agent: Box<NewAgent>,
    },
    /// Make a key of the server.
    MakeKey {
        /// What it is to be.
        new: NewKey,
    },
    /// Take a key of the server back.
    RevokeKey {
        /// Its id.
        id: String,
    },
    /// The counters as they stand, reservations included.
    Budgets,
    /// How many posts the policy kept from each account since the start.
    TurnedAway,
    /// Who there is.
    Agents,
    /// Which accounts are held.
    HeldAccounts,
    /// Which accounts sign with anything on X.
    XAccounts,
    /// Whether the last thing was written.
    Disk,
    /// Which models can be used.
    Models,
    /// Somebody has signed an account in to X, or out: ask X whose it is.
    CheckAccount {
        /// Its name.
        account: String,
    },
    /// How the plugins stand, by pack.
    Plugins,
    /// Read the operator's grants again.
    Regrant,
    /// Let nothing leave.
    Halt {
        /// In the operator's words.
        reason: Option<String>,
    },
    /// Let effects leave again.
    Resume,
    /// Let the events of an agent wait.
    Pause {
        /// Whose.
        agent: AgentId,
        /// Who says so.
        by: String,
        /// In the operator's words.
        reason: Option<String>,
    },
    /// Let an agent go on.
    GoOn {
        /// Which.
        agent: AgentId,
        /// Who says so.
        by: String,
    },
    /// The operator's word on an effect that waits for it.
    Decide {
        /// Which.
        effect: EffectId,
        /// Of what the operator saw.
        digest: Option<Digest>,
        /// What is said.
        verdict: Verdict,
    },
    /// The operator's word on an effect that does not get on.
    Outbox {
        /// Which.
        effect: EffectId,
        /// What is said.
        word: Word,
    },
    /// Take the words out of records of the journal.
    Forget {
        /// Which.
        ids: Vec<InvocationId>,
    },
    /// Drop what is old: one piece of it.
    Prune {
        /// What.
        old: Old,
    },
    /// What is installed of a pack has changed.
    Swap {
        /// Its id.
        pack: PackId,
        /// With a version of it, answer when nothing more is to be waited for with that.
        until: Option<Until>,
    },
    /// An operator's word about purses.
    PurseWord {
        /// Which.
        purses: Vec<String>,
        /// What is said.
        word: PurseWord,
    },
    /// A person's yes or no to a message that waits to be signed.
    SwapApproval {
        /// Which.
        hash: String,
        /// Whether it may be signed.
        is_yes: bool,
    },
    /// How the desks stand.
    Desks,
    /// Let a plugin run again.
    Release {
        /// Its pack.
        pack: PackId,
    },
}

/// How long a version is waited for.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Until {
    /// Semver.
    pub version: String,
    /// No longer than so.
    pub wait_ms: u64,
}

impl Request {
    /// It is accepted soon, and then waits for what comes of it.
    pub(super) fn waits(&self) -> bool {
        matches!(
            self,
            Self::Send { wait_ms: Some(_), .. }
                | Self::Say { wait_ms: Some(_), .. }
                | Self::Swap { until: Some(_), .. }
        )
    }

    /// Whoever asks gives up after so long: a host that hangs holds up nobody.
    pub(super) fn limit(&self) -> Duration {
        let asked = match self {
            Self::Send { wait_ms, .. } | Self::Say { wait_ms, .. } => wait_ms.unwrap_or_default(),
            Self::Swap { until: Some(until), .. } => until.wait_ms,
            Self::Forget { .. } => FORGETTING_MS,
            Self::CheckAccount { .. } => CHECKING_MS,
            _ => 0,
        };
        ANSWER.saturating_add(Duration::from_millis(asked))
    }

    /// What shows whether it was carried out; none of a question.
    pub(super) fn look(&self) -> Option<String> {
        Some(match self {
            Self::Budgets
            | Self::Agents
            | Self::Models
            | Self::Plugins
            | Self::Disk
            | Self::HeldAccounts
            | Self::TurnedAway
            | Self::XAccounts
            | Self::Desks
            | Self::CheckAccount { .. } => {
                return None;
            }
            Self::Send { .. } | Self::Say { .. } => "`puppet event history` and `puppet journal`".to_owned(),
            Self::AddAgent { .. } => "`puppet agent list`".to_owned(),
            Self::Pause { agent, .. } | Self::GoOn { agent, .. } => format!("`puppet agent show {agent}`"),
            Self::MakeKey { .. } | Self::RevokeKey { .. } => "`puppet api key list`".to_owned(),
            Self::Halt { .. } | Self::Resume => "`puppet doctor`".to_owned(),
            Self::Decide { effect, .. } | Self::Outbox { effect, .. } => format!("`puppet outbox show {effect}`"),
            Self::PurseWord { .. } => "`puppet wallet list`".to_owned(),
            Self::SwapApproval { .. } => "`puppet wallet approvals`".to_owned(),
            Self::Forget { .. } | Self::Prune { .. } => "`puppet journal`".to_owned(),
            Self::Regrant | Self::Swap { .. } | Self::Release { .. } => "`puppet plugins`".to_owned(),
        })
    }
}
