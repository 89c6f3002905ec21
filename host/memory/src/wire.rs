//! The interface's records and ours.

use puppet_types::{Memory, MemoryKind, Trust};

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

pub use bindings::puppet::memory::memory::{
    Host, Item, Kind, Method, NewMemory, Query, Scored, Trust as WireTrust, add_to_linker,
};

impl From<Kind> for MemoryKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Core => Self::Core,
            Kind::Event => Self::Event,
            Kind::Interaction => Self::Interaction,
            Kind::General => Self::General,
            Kind::Post => Self::Post,
            Kind::Tweet => Self::Tweet,
        }
    }
}

fn kind_of(kind: MemoryKind) -> Kind {
    match kind {
        MemoryKind::Core => Kind::Core,
        MemoryKind::Event => Kind::Event,
        MemoryKind::Interaction => Kind::Interaction,
        MemoryKind::General => Kind::General,
        MemoryKind::Post => Kind::Post,
        MemoryKind::Tweet => Kind::Tweet,
    }
}

impl From<Memory> for Item {
    fn from(memory: Memory) -> Self {
        Self {
            id: memory.id,
            kind: kind_of(memory.kind),
            content: memory.content,
            at: u64::try_from(memory.at.as_millis()).unwrap_or(0),
            importance: memory.importance,
            valence: memory.valence,
            associations: memory.associations,
            metadata: memory.metadata,
            author: memory.author,
            trust: match memory.trust {
                Trust::Own => WireTrust::Own,
                Trust::Host => WireTrust::Host,
                Trust::Stranger => WireTrust::Stranger,
            },
            pinned: memory.pinned,
        }
    }
}

impl From<crate::Scored> for Scored {
    fn from(scored: crate::Scored) -> Self {
        Self {
            item: scored.memory.into(),
            score: scored.score,
            text_score: scored.text_score,
            likeness: scored.likeness,
            importance: scored.importance,
            recency: scored.recency,
            via: scored.via,
        }
    }
}

impl From<Query> for crate::Query {
    fn from(query: Query) -> Self {
        Self {
            text: query.text,
            kinds: query.kinds.into_iter().map(MemoryKind::from).collect(),
            limit: query.limit.clamp(1, crate::recall::HITS),
            method: match query.method {
                Method::Blended => crate::Method::Blended,
                Method::Keyword => crate::Method::Keyword,
            },
            follow: query.follow,
        }
    }
}
