//! What this call has decided, laid over what is stored.

use puppet_store::TextHit;
use puppet_types::{Decision, Memory, MemoryKind, NumberedDecision, Timestamp};

use crate::{
    embedding::hashed,
    recall::{Query, Scored, rank, terms},
};

/// Memories that this call has written, newest last, and ids that it took away.
#[derive(Debug, Default)]
struct Written {
    memories: Vec<Memory>,
    gone: Vec<String>,
    pins: Vec<(String, bool)>,
}

fn written(decided: &[NumberedDecision]) -> Written {
    let mut written = Written::default();
    for numbered in decided {
        match &numbered.decision {
            Decision::Remember { memory } => written.put(memory),
            Decision::Supersede { id, memory } => {
                written.take(id);
                written.put(memory);
            }
            Decision::Forget { id } => written.take(id),
            Decision::Pin { id, pinned } => written.pins.push((id.clone(), *pinned)),
            _ => {}
        }
    }
    written
}

impl Written {
    fn put(&mut self, memory: &Memory) {
        self.memories.retain(|other| other.id != memory.id);
        self.memories.push(memory.clone());
    }
    fn take(&mut self, id: &str) {
        self.memories.retain(|other| other.id != id);
        self.gone.push(id.to_owned());
    }
    fn stays(&self, id: &str) -> bool {
        !self.gone.iter().any(|gone| gone == id) && !self.memories.iter().any(|memory| memory.id == id)
    }
    fn pinned(&self, memory: &mut Memory) {
        if let Some((_, pinned)) = self.pins.iter().rev().find(|(id, _)| *id == memory.id) {
            memory.pinned = *pinned;
        }
    }
}

/// Over recalled hits: new memories are scored by the same rule over what is there.
pub fn over_hits(query: &Query, hits: Vec<Scored>, decided: &[NumberedDecision], at: Timestamp) -> Vec<Scored> {
    let written = written(decided);
    let wanted = |kind: MemoryKind| query.kinds.is_empty() || query.kinds.contains(&kind);
    let new = written.memories.iter().filter(|memory| wanted(memory.kind)).map(|memory| TextHit {
        vector: Some(hashed(&memory.content)),
        memory: memory.clone(),
    });
    let mut all: Vec<Scored> = hits.into_iter().filter(|hit| written.stays(&hit.memory.id)).collect();
    all.extend(rank(query, &terms(query), new.collect(), at));
    all.iter_mut().for_each(|hit| written.pinned(&mut hit.memory));
    all.sort_by(|a, b| {
        let followed = a.via.is_some().cmp(&b.via.is_some());
        followed.then_with(|| b.score.total_cmp(&a.score)).then_with(|| b.memory.at.cmp(&a.memory.at)).then_with(|| a.memory.id.cmp(&b.memory.id))
    });
    all.truncate(query.limit as usize);
    all
}

/// Over the newest rows.
pub fn over_recent(kinds: &[MemoryKind], limit: u32, rows: Vec<Memory>, decided: &[NumberedDecision]) -> Vec<Memory> {
    let written = written(decided);
    let wanted = |kind: MemoryKind| kinds.is_empty() || kinds.contains(&kind);
    let new = written.memories.iter().rev().filter(|memory| wanted(memory.kind)).cloned();
    let old = rows.into_iter().filter(|memory| written.stays(&memory.id));
    let mut all: Vec<Memory> = new.chain(old).take(limit as usize).collect();
    all.iter_mut().for_each(|memory| written.pinned(memory));
    all
}
