//! Interface `puppet:memory/memory` on a view of the invocation.

use puppet_grants::{Amount, Answer, Charge, Gate, Held};
use puppet_types::{AgentId, Capability, Code, Decision, Memory, MemoryKind, Refusal, Trust, wit};
use wasmtime::component::{HasData, Linker};

use crate::{
    Recalled, Recaller, memory_id, overlay,
    wire::{self, Host, Item, Kind, NewMemory, WireTrust},
};

/// Longest content.
pub const CONTENT_BYTES: usize = 2_000;
/// Longest question.
const QUESTION_BYTES: usize = 2_000;
/// Most associations, and most pairs of metadata.
const LINKS: usize = 16;
/// Longest key, value, author or id.
const WORD_BYTES: usize = 256;

/// What the interface needs of an invocation.
pub struct View<'a> {
    /// The way to everything.
    pub gate: &'a mut Gate,
    /// Who recalls.
    pub recaller: &'a Held<Recaller>,
    /// Whose memory.
    pub agent: &'a AgentId,
    /// The agent's account: what it said itself is its own.
    pub account: &'a str,
    /// What this call has recalled so far.
    pub recalled: &'a mut Recalled,
}

/// An invocation that carries this capability.
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
    wire::add_to_linker::<T, Interface>(linker, |carrier| carrier.memory())
}

impl Host for View<'_> {
    fn remember(&mut self, memory: NewMemory) -> wasmtime::Result<Result<String, wit::Error>> {
        wit::answer(self.put(None, memory))
    }

    fn supersede(&mut self, id: String, memory: NewMemory) -> wasmtime::Result<Result<String, wit::Error>> {
        wit::answer(self.put(Some(id), memory))
    }

    fn forget(&mut self, id: String) -> wasmtime::Result<Result<(), wit::Error>> {
        wit::answer(word("id", &id).and_then(|()| self.gate.decide("forget", &[], Decision::Forget { id }).map(drop)))
    }

    fn pin(&mut self, id: String, pinned: bool) -> wasmtime::Result<Result<(), wit::Error>> {
        let pin = |gate: &mut Gate| gate.decide("pin", &[], Decision::Pin { id: id.clone(), pinned }).map(drop);
        wit::answer(word("id", &id).and_then(|()| pin(self.gate)))
    }

    async fn recall(&mut self, query: wire::Query) -> wasmtime::Result<Result<Vec<wire::Scored>, wit::Error>> {
        wit::answer(self.search(query.into()).await)
    }

    async fn recent(&mut self, kinds: Vec<Kind>, limit: u32) -> wasmtime::Result<Result<Vec<Item>, wit::Error>> {
        let kinds = kinds.into_iter().map(MemoryKind::from).collect();
        wit::answer(self.newest(kinds, limit.clamp(1, crate::recall::HITS)).await)
    }
}

impl View<'_> {
    fn put(&mut self, replaces: Option<String>, new: NewMemory) -> Result<String, Refusal> {
        let memory = self.checked(new)?;
        let id = memory.id.clone();
        let charges = [
            Charge { amount: Amount::Rows, quantity: 1 },
            Charge { amount: Amount::Bytes, quantity: memory.content.len() as u64 },
        ];
        let (operation, decision) = match replaces {
            Some(old) => {
                word("id", &old)?;
                ("supersede", Decision::Supersede { id: old, memory })
            }
            None => ("remember", Decision::Remember { memory }),
        };
        self.gate.decide(operation, &charges, decision)?;
        Ok(id)
    }

    fn checked(&self, new: NewMemory) -> Result<Memory, Refusal> {
        let invalid = |message: &str| Refusal::call(Code::InvalidInput, message);
        let kind = MemoryKind::from(new.kind);
        if matches!(kind, MemoryKind::Post | MemoryKind::Tweet) {
            return Err(invalid("`post` and `tweet` are kept by the host: choose another kind"));
        }
        if new.content.trim().is_empty() {
            return Err(invalid("the content is empty"));
        }
        if new.content.len() > CONTENT_BYTES {
            let message = format!("{} bytes of content: at most {CONTENT_BYTES}", new.content.len());
            return Err(Refusal::call(Code::TooLong, message));
        }
        if !new.importance.is_finite() || !new.valence.is_finite() {
            return Err(invalid("a number is not finite"));
        }
        if new.associations.len() > LINKS || new.metadata.len() > LINKS {
            return Err(invalid("more than 16 associations, or pairs of metadata"));
        }
        for text in new.associations.iter().chain(&new.author) {
            word("id or author", text)?;
        }
        for text in new.metadata.iter().flat_map(|(key, value)| [key, value]) {
            if text.len() > WORD_BYTES {
                return Err(Refusal::call(Code::TooLong, format!("{} bytes of metadata: at most {WORD_BYTES}", text.len())));
            }
        }
        if self.recalled.is_echo(&new.content) {
            return Err(Refusal::call(Code::Echo, "the text came out of recall in this call: it is remembered already"));
        }
        Ok(Memory {
            id: memory_id(self.agent, kind, &new.content),
            kind,
            trust: self.trust(new.trust, new.author.as_deref()),
            content: new.content,
            at: self.gate.at(),
            importance: new.importance.clamp(0.0, 1.0),
            valence: new.valence.clamp(-1.0, 1.0),
            associations: new.associations,
            metadata: new.metadata,
            author: new.author,
            pinned: false,
        })
    }

    /// What somebody else said never becomes the agent's own, and nothing a plugin says is the host's.
    fn trust(&self, claimed: WireTrust, author: Option<&str>) -> Trust {
        let own = author.is_none_or(|author| {
            let author = author.trim_start_matches('@');
            author == self.agent.as_str() || author.eq_ignore_ascii_case(self.account)
        });
        match claimed {
            WireTrust::Stranger => Trust::Stranger,
            WireTrust::Own | WireTrust::Host if own => Trust::Own,
            WireTrust::Own | WireTrust::Host => Trust::Stranger,
        }
    }

    async fn search(&mut self, query: crate::Query) -> Result<Vec<wire::Scored>, Refusal> {
        if query.text.len() > QUESTION_BYTES {
            let message = format!("{} bytes of text: at most {QUESTION_BYTES}", query.text.len());
            return Err(Refusal::call(Code::TooLong, message));
        }
        let (agent, at, asked) = (self.agent, self.gate.at(), query.clone());
        let stored: Vec<crate::Scored> = self
            .gate
            .read(Capability::Memory, "recall", &query, self.recaller, move |recaller| {
                Box::pin(async move { recaller.recall(agent, &asked, at).await.map(Answer::free) })
            })
            .await?;
        let hits = overlay::over_hits(&query, stored, &self.gate.decided(), at);
        hits.iter().for_each(|hit| self.recalled.note(&hit.memory.content));
        Ok(hits.into_iter().map(wire::Scored::from).collect())
    }

    async fn newest(&mut self, kinds: Vec<MemoryKind>, limit: u32) -> Result<Vec<Item>, Refusal> {
        let (agent, wanted) = (self.agent, kinds.clone());
        let stored: Vec<Memory> = self
            .gate
            .read(Capability::Memory, "recent", &(&kinds, limit), self.recaller, move |recaller| {
                Box::pin(async move { recaller.recent(agent, &wanted, limit).await.map(Answer::free) })
            })
            .await?;
        let memories = overlay::over_recent(&kinds, limit, stored, &self.gate.decided());
        memories.iter().for_each(|memory| self.recalled.note(&memory.content));
        Ok(memories.into_iter().map(Item::from).collect())
    }
}

fn word(what: &str, text: &str) -> Result<(), Refusal> {
    match text.len() {
        0 => Err(Refusal::call(Code::InvalidInput, format!("the {what} is empty"))),
        length if length > WORD_BYTES => {
            Err(Refusal::call(Code::TooLong, format!("{length} bytes of {what}: at most {WORD_BYTES}")))
        }
        _ => Ok(()),
    }
}
