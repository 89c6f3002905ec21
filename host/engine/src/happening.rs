//! What a host tells those who watch: the terminal's live view, `event send --wait`, the streams of the API.

use puppet_grants::BudgetLine;
use puppet_store::{Effect, EffectState, Halt, Post};
use puppet_types::{
    AccountId, AgentId, Breach, EffectId, EventId, InvocationId, Mood, PackId, Paused, PluginRef, PostId, Timestamp,
    Timing,
};

/// Something that was committed or published.
#[derive(Debug, Clone)]
pub enum Happening {
    /// An event was accepted, and waits for its plugin.
    Accepted {
        /// When.
        at: Timestamp,
        /// Which.
        event: EventId,
        /// Whose.
        agent: AgentId,
        /// Its kind.
        kind: String,
    },
    /// An invocation was committed.
    Invoked {
        /// When.
        at: Timestamp,
        /// Whose.
        agent: AgentId,
        /// On what.
        event: EventId,
        /// Kind of the event.
        kind: String,
        /// The record.
        invocation: InvocationId,
        /// What was called.
        plugin: PluginRef,
        /// `ok`, `declined`, `failed` or `breach`, with its detail.
        outcome: (&'static str, String),
        /// Whether the same event will be tried again.
        again: bool,
        /// Kinds of its decisions.
        decisions: Vec<&'static str>,
        /// The mood, where it moved.
        mood: Option<Mood>,
        /// Units of fuel.
        fuel: u64,
        /// Sum over all memories at its highest.
        peak_memory_bytes: u64,
        /// Microseconds per part; the commit's are not known yet. None in virtual time.
        timing: Option<Timing>,
    },
    /// An event was given up.
    DeadLettered {
        /// When.
        at: Timestamp,
        /// Which.
        event: EventId,
        /// Whose.
        agent: AgentId,
        /// Its kind.
        kind: String,
        /// Why.
        reason: String,
    },
    /// An effect was tried.
    Effect {
        /// When.
        at: Timestamp,
        /// Which.
        effect: EffectId,
        /// Whose.
        agent: AgentId,
        /// `post`, `reply`, …
        kind: &'static str,
        /// How it went.
        state: EffectState,
        /// What can be read now.
        posts: Vec<Post>,
        /// The post that it answers, quotes, likes or deletes.
        about: Option<PostId>,
    },
    /// An effect does not leave: by the mode of its pack, until it is approved, or for good.
    Kept {
        /// When.
        at: Timestamp,
        /// It, with its state.
        effect: Box<Effect>,
    },
    /// The operator lets an effect leave.
    Approved {
        /// When.
        at: Timestamp,
        /// It, which waits for its turn now.
        effect: Box<Effect>,
    },
    /// A budget has come to 80 %, or to its end.
    Budget {
        /// When.
        at: Timestamp,
        /// How it stands.
        line: Box<BudgetLine>,
    },
    /// A version on its way into the place of another.
    Swap {
        /// When.
        at: Timestamp,
        /// The pack.
        pack: PackId,
        /// The version, as people call it.
        version: String,
        /// How far it has come: `verified`, `compiled`, `shadow`, `canary`, `live`, `settled`, `waiting`, `refused`, `rolled-back`.
        stage: &'static str,
        /// Why, or what was seen.
        detail: String,
    },
    /// A plugin version has broken its limits too often: it is not called any more until the operator releases it.
    Quarantined {
        /// When.
        at: Timestamp,
        /// The version.
        plugin: PluginRef,
        /// The last breach.
        breach: Breach,
        /// How many there were.
        strikes: u32,
    },
    /// An agent was paused, or goes on.
    Paused {
        /// When.
        at: Timestamp,
        /// Whose events wait.
        agent: AgentId,
        /// Since when, by whom, why; none: they are handled again.
        paused: Option<Paused>,
        /// Who said so.
        by: String,
    },
    /// Nobody can tell whether an effect happened: the operator decides.
    Undecidable {
        /// When.
        at: Timestamp,
        /// It, with its reason.
        effect: Box<Effect>,
    },
    /// The provider of an account is not reached: its outbox waits.
    Unreached {
        /// When.
        at: Timestamp,
        /// Whose.
        account: AccountId,
        /// The next try; none: it is reached again.
        until: Option<Timestamp>,
    },
    /// The provider of an account does not let it in: its outbox waits, and nothing of it is lost.
    Held {
        /// When.
        at: Timestamp,
        /// Whose.
        account: AccountId,
        /// Why, and the next try; none: it is held no more.
        held: Option<(String, Timestamp)>,
    },
    /// A person posted on the local timeline.
    Posted {
        /// When.
        at: Timestamp,
        /// What can be read now.
        post: Box<Post>,
    },
    /// Everything was halted or resumed.
    Halted {
        /// When.
        at: Timestamp,
        /// None: effects leave again.
        halt: Option<Halt>,
    },
}
