//! Interface `puppet:memory/memory` on a view of the invocation.

use std::time::Duration;

use puppet_grants::{Amount, Answer, Charge, Gate, Level};
use puppet_store::MemorySize;
use puppet_types::{AccountId, AgentId, Capability, Code, Decision, Memory, MemoryKind, Refusal, Trust, wit};
use serde::Serialize;
use wasmtime::component::{HasData, Linker};

use crate::{
    draft::{Draft, check_changeable},
    echo::Recalled,
    model::Memories,
    overlay::Overlay,
    question::Means,
    recall::{self, Found, Method, check_recent},
};

#[doc(hidden)]
pub mod fuzz;

mod bindings {
    wasmtime::component::bindgen!({
        path: ["../../wit/types", "../../wit/memory"],
        inline: "
            package puppet:host-memory;
            world host { import puppet:memory/memory@0.1.0; }
        ",
        imports: {
            "puppet:memory/memory.recall": async | trappable,
            "puppet:memory/memory.recent": async | trappable,
            default: trappable,
        },
        with: { "puppet:types/types": puppet_types::wit::types },
    });
}

use bindings::puppet::memory::memory as guest;

/// What the interface needs of an invocation.
pub struct View<'a> {
    /// The way to everything.
    pub gate: &'a mut Gate,
    /// Where memories are found.
    pub memories: &'a Memories,
    /// Whose.
    pub agent: &'a AgentId,
    /// As whom it speaks.
    pub account: &'a AccountId,
    /// What this call has recalled so far; empty at its beginning, and the same one for all of it.
    pub recalled: &'a mut Recalled,
    /// What was there at the beginning of the call: no less than there is.
    pub size: MemorySize,
}

/// An invocation that carries this capability. The carrier holds a [`Recalled`] for its call.
pub trait Carries: Send + 'static {
    /// Its view for this interface.
    fn memory(&mut self) -> View<'_>;
}

struct Interface;

impl HasData for Interface {
    type Data<'a> = View<'a>;
}

/// Links the interface.
pub fn link<T: Carries>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
    guest::add_to_linker::<T, Interface>(linker, |carrier| carrier.memory())
}

type Returned<A> = wasmtime::Result<Result<A, wit::Error>>;

impl guest::Host for View<'_> {
    fn remember(&mut self, memory: guest::NewMemory) -> Returned<String> {
        wit::answer(self.record_remember(memory.into()))
    }

    fn forget(&mut self, id: String) -> Returned<()> {
        wit::answer(self.record_forget(id))
    }

    fn supersede(&mut self, id: String, memory: guest::NewMemory) -> Returned<String> {
        wit::answer(self.record_supersede(id, memory.into()))
    }

    fn pin(&mut self, id: String, pinned: bool) -> Returned<()> {
        wit::answer(self.record_pin(id, pinned))
    }

    async fn recall(&mut self, query: guest::Query) -> Returned<Vec<guest::Scored>> {
        let scored = self.read_recall(query.into()).await;
        wit::answer(scored.map(|scored| scored.into_iter().map(Into::into).collect()))
    }

    async fn recent(&mut self, kinds: Vec<guest::Kind>, limit: u32) -> Returned<Vec<guest::Item>> {
        let kinds = kinds.into_iter().map(Into::into).collect();
        let memories = self.read_recent(kinds, limit).await;
        wit::answer(memories.map(|memories| memories.into_iter().map(Into::into).collect()))
    }
}

/// The question of `recent` in the journal.
#[derive(Serialize)]
struct Recent<'a> {
    kinds: &'a [MemoryKind],
    limit: u32,
}

impl View<'_> {
    /// What is wrong with a call's arguments, which costs that call.
    fn checked<T>(&mut self, checked: Result<T, impl Into<Refusal>>) -> Result<T, Refusal> {
        self.gate.checked(Capability::Memory, checked)
    }

    pub(crate) fn record_remember(&mut self, draft: Draft) -> Result<String, Refusal> {
        let memory = self.admitted(draft, None)?;
        let id = memory.id.clone();
        let levels = self.levels(&memory);
        self.gate.decide_within("remember", &charges(&memory), &levels, Decision::Remember { memory })?;
        Ok(id)
    }

    pub(crate) fn record_supersede(&mut self, id: String, draft: Draft) -> Result<String, Refusal> {
        self.checked(check_changeable(&id))?;
        let memory = self.admitted(draft, Some(&id))?;
        let new = memory.id.clone();
        let levels = self.levels(&memory);
        self.gate.decide_within("supersede", &charges(&memory), &levels, Decision::Supersede { id, memory })?;
        Ok(new)
    }

    /// What there would be with one more, besides what this call has written: room that it makes is there for the next.
    fn levels(&self, memory: &Memory) -> [Level; 2] {
        let MemorySize { mut rows, mut bytes } = self.size;
        let decided = self.gate.decided();
        let written = decided.iter().filter_map(|numbered| match &numbered.decision {
            Decision::Remember { memory } | Decision::Supersede { memory, .. } => Some(memory),
            _ => None,
        });
        for memory in written.chain([memory]) {
            rows += 1;
            bytes += memory.content.len() as u64;
        }
        [Level { amount: Amount::Rows, reached: rows }, Level { amount: Amount::Bytes, reached: bytes }]
    }

    pub(crate) fn record_forget(&mut self, id: String) -> Result<(), Refusal> {
        self.checked(check_changeable(&id))?;
        self.gate.decide("forget", &[], Decision::Forget { id }).map(drop)
    }

    pub(crate) fn record_pin(&mut self, id: String, pinned: bool) -> Result<(), Refusal> {
        self.checked(check_changeable(&id))?;
        self.gate.decide("pin", &[], Decision::Pin { id, pinned }).map(drop)
    }

    pub(crate) async fn read_recall(&mut self, query: recall::Query) -> Result<Vec<recall::Scored>, Refusal> {
        let overlay = Overlay::of(&self.gate.decided());
        let (agent, at) = (self.agent, self.gate.at());
        let (asked, laid, left) = (query.clone(), Overlay::of(&self.gate.decided()), self.gate.left());
        let (worst, paid) = self.question(&query);
        let held = &self.memories.recaller;
        let found: Found = self
            .gate
            .read_affordable(Capability::Memory, "recall", &query, &worst, paid, held, move |recaller, funds| {
                Box::pin(async move {
                    let (value, used) = recaller.look(agent, &asked, at, &laid, Means { funds, left }).await?;
                    Ok(Answer { value, used, latency: Duration::ZERO })
                })
            })
            .await?;
        let scored = overlay.over_found(found, &query, at);
        self.recalled.note(scored.iter().map(|scored| &scored.memory));
        Ok(scored)
    }

    /// The most that the vector of a question can use, and whether somebody is billed.
    fn question(&self, query: &recall::Query) -> (Vec<Charge>, bool) {
        match &self.memories.model {
            Some(model) if query.method == Method::Blended => {
                (model.terms.worst(query.text.len() as u64).to_vec(), model.terms.paid())
            }
            _ => (Vec::new(), false),
        }
    }

    pub(crate) async fn read_recent(&mut self, kinds: Vec<MemoryKind>, limit: u32) -> Result<Vec<Memory>, Refusal> {
        let overlay = Overlay::of(&self.gate.decided());
        let agent = self.agent;
        let (asked, most) = (kinds.clone(), limit as usize + overlay.touched());
        let held = &self.memories.recaller;
        let stored: Vec<Memory> = self
            .gate
            .read(Capability::Memory, "recent", &Recent { kinds: &kinds, limit }, held, move |recaller| {
                Box::pin(async move {
                    check_recent(limit)?;
                    recaller.newest(agent, &asked, most).await.map(Answer::free)
                })
            })
            .await?;
        let memories = overlay.over_recent(stored, &kinds, limit as usize);
        self.recalled.note(&memories);
        Ok(memories)
    }

    /// Checked, not an echo, and still a stranger's where it replaces a stranger's.
    fn admitted(&mut self, draft: Draft, replaces: Option<&str>) -> Result<Memory, Refusal> {
        let memory = draft.into_memory(self.agent, self.account, self.gate.at());
        let mut memory = self.checked(memory)?;
        if self.recalled.echoes(&memory.content, replaces) {
            let echo = Refusal::call(Code::Echo, "this text came out of recall: it is remembered already");
            return self.checked(Err(echo));
        }
        if replaces.is_some_and(|id| self.recalled.is_strangers(id)) {
            memory.trust = Trust::Stranger;
        }
        Ok(memory)
    }
}

fn charges(memory: &Memory) -> [Charge; 2] {
    let bytes = memory.content.len() as u64;
    [Charge { amount: Amount::Rows, quantity: 1 }, Charge { amount: Amount::Bytes, quantity: bytes }]
}

impl From<guest::NewMemory> for Draft {
    fn from(new: guest::NewMemory) -> Self {
        Self {
            kind: new.kind.into(),
            content: new.content,
            importance: new.importance,
            valence: new.valence,
            associations: new.associations,
            metadata: new.metadata,
            author: new.author,
            trust: match new.trust {
                guest::Trust::Own => Trust::Own,
                guest::Trust::Host => Trust::Host,
                guest::Trust::Stranger => Trust::Stranger,
            },
        }
    }
}

impl From<guest::Query> for recall::Query {
    fn from(query: guest::Query) -> Self {
        Self {
            text: query.text,
            kinds: query.kinds.into_iter().map(Into::into).collect(),
            limit: query.limit,
            method: match query.method {
                guest::Method::Blended => recall::Method::Blended,
                guest::Method::Keyword => recall::Method::Keyword,
            },
            follow: query.follow,
        }
    }
}

impl From<recall::Scored> for guest::Scored {
    fn from(scored: recall::Scored) -> Self {
        let recall::Scored { memory, score, text_score, likeness, importance, recency, via } = scored;
        Self { item: memory.into(), score, text_score, likeness, importance, recency, via }
    }
}

impl From<Memory> for guest::Item {
    fn from(memory: Memory) -> Self {
        Self {
            id: memory.id,
            kind: memory.kind.into(),
            content: memory.content,
            at: u64::try_from(memory.at.as_millis()).unwrap_or(0),
            importance: memory.importance,
            valence: memory.valence,
            associations: memory.associations,
            metadata: memory.metadata,
            author: memory.author,
            trust: match memory.trust {
                Trust::Own => guest::Trust::Own,
                Trust::Host => guest::Trust::Host,
                Trust::Stranger => guest::Trust::Stranger,
            },
            pinned: memory.pinned,
        }
    }
}

macro_rules! kinds {
    ($($kind:ident),+) => {
        impl From<guest::Kind> for MemoryKind {
            fn from(kind: guest::Kind) -> Self {
                match kind { $(guest::Kind::$kind => Self::$kind),+ }
            }
        }
        impl From<MemoryKind> for guest::Kind {
            fn from(kind: MemoryKind) -> Self {
                match kind { $(MemoryKind::$kind => Self::$kind),+ }
            }
        }
    };
}

kinds!(Core, Event, Interaction, General, Post, Tweet);
