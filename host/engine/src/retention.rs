//! Retention: which records of the journal are to go, agent by agent, in small pieces. Each piece is a transaction of its
//! own, and whoever carries it out decides how long the writer rests in between.

use std::collections::VecDeque;

use puppet_store::{Cut, Keep, Old, OldRecord, Result, RetentionStore};
use puppet_types::{AgentId, Timestamp};

/// Records in one piece.
pub const PIECE: usize = 200;

/// How long the id of an event stays known after it ended, also where its row is gone: nobody sends an event again after
/// that.
pub const KNOWN_MS: i64 = 90 * 86_400_000;

/// The newest records of each agent stay, whatever the bounds: shadow replays and comparisons of versions run on them.
pub const LAST: u64 = 100;

/// How much of each agent's records is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Milliseconds; none: for ever.
    pub keep_ms: Option<i64>,
    /// Bytes; none: all.
    pub keep_bytes: Option<u64>,
    /// So many of the newest in any case.
    pub last: u64,
}

impl Retention {
    /// Whether anything ever goes.
    pub fn is_bounded(&self) -> bool {
        self.keep_ms.is_some() || self.keep_bytes.is_some()
    }
}

/// Records of one agent that are to go at once, or dead letters of all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Records, those among them that are still needed marked.
    Records(AgentId, Vec<OldRecord>),
    /// Dead letters that nobody was called for, by seq.
    Letters(Vec<u64>),
}

impl Piece {
    /// What the store is to delete.
    pub fn old(&self) -> Old {
        match self {
            Self::Records(_, records) => {
                let records = records.iter().filter(|record| !record.needed).map(|record| record.seq).collect();
                Old { records, ..Old::default() }
            }
            Self::Letters(letters) => Old { letters: letters.clone(), ..Old::default() },
        }
    }
}

/// The first of the ids that were known for long enough: to be deleted again and again until none goes.
pub fn old_ids(now: Timestamp) -> Old {
    Old { ids_before: Some(before(now, KNOWN_MS)), ..Old::default() }
}

fn before(now: Timestamp, millis: i64) -> Timestamp {
    Timestamp::from_millis(now.as_millis().saturating_sub(millis))
}

/// One pass over everybody's records, and the dead letters at the end.
pub struct Sweep<'a> {
    store: &'a dyn RetentionStore,
    keep: Keep,
    agents: VecDeque<AgentId>,
    /// Of the agent that is looked at, and how far that is.
    under_way: Option<(Cut, u64)>,
    /// Dead letters before then, after this seq.
    letters: Option<(Timestamp, u64)>,
}

impl<'a> Sweep<'a> {
    /// Begins one. Without bounds there is nothing to look at.
    pub async fn begin(store: &'a dyn RetentionStore, retention: &Retention, now: Timestamp) -> Result<Self> {
        let since = retention.keep_ms.map(|keep| before(now, keep));
        let agents = if retention.is_bounded() { store.recorded_agents().await? } else { Vec::new() };
        Ok(Self {
            store,
            keep: Keep { since, bytes: retention.keep_bytes, last: retention.last },
            agents: agents.into(),
            under_way: None,
            letters: since.map(|since| (since, 0)),
        })
    }

    /// The next piece; none when all is looked at. It does not come again, whether it was carried out or not.
    pub async fn next(&mut self) -> Result<Option<Piece>> {
        loop {
            let Some((cut, after)) = &mut self.under_way else {
                let Some(agent) = self.agents.pop_front() else { return self.next_letters().await };
                self.under_way = Some((self.store.cut(&agent, &self.keep).await?, 0));
                continue;
            };
            let records = self.store.beyond(cut, *after, PIECE).await?;
            match records.last() {
                Some(last) => {
                    *after = last.seq;
                    return Ok(Some(Piece::Records(cut.agent.clone(), records)));
                }
                None => self.under_way = None,
            }
        }
    }

    async fn next_letters(&mut self) -> Result<Option<Piece>> {
        let Some((before, after)) = &mut self.letters else { return Ok(None) };
        let letters = self.store.old_letters(*before, *after, PIECE).await?;
        let Some(last) = letters.last() else { return Ok(None) };
        *after = *last;
        Ok(Some(Piece::Letters(letters)))
    }
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use puppet_store::Pruned;

    use super::*;

    /// So many records of each agent are beyond every cut, each tenth of them needed; and so many letters.
    struct Fake {
        records: u64,
        letters: u64,
    }

    fn after(seq: u64, most: u64, limit: usize) -> impl Iterator<Item = u64> {
        (seq + 1..=most).take(limit)
    }

    #[async_trait]
    impl RetentionStore for Fake {
        async fn recorded_agents(&self) -> Result<Vec<AgentId>> {
            Ok(vec!["a".into(), "none".into(), "b".into()])
        }
        async fn cut(&self, agent: &AgentId, keep: &Keep) -> Result<Cut> {
            assert_eq!((keep.since, keep.last), (Some(Timestamp::from_millis(70)), 5));
            Ok(Cut { agent: agent.clone(), since: keep.since, beyond: 0, stay: u64::MAX })
        }
        async fn beyond(&self, cut: &Cut, seq: u64, limit: usize) -> Result<Vec<OldRecord>> {
            let most = if cut.agent.as_str() == "none" { 0 } else { self.records };
            Ok(after(seq, most, limit).map(|seq| OldRecord { seq, bytes: 9, needed: seq % 10 == 0 }).collect())
        }
        async fn old_letters(&self, before: Timestamp, seq: u64, limit: usize) -> Result<Vec<u64>> {
            assert_eq!(before, Timestamp::from_millis(70));
            Ok(after(seq, self.letters, limit).collect())
        }
        async fn prune(&self, _: Old) -> Result<Pruned> {
            Ok(Pruned::default())
        }
    }

    #[tokio::test]
    async fn everything_comes_once_in_small_pieces() {
        let fake = Fake { records: 450, letters: 201 };
        let retention = Retention { keep_ms: Some(30), keep_bytes: None, last: 5 };
        let mut sweep = Sweep::begin(&fake, &retention, Timestamp::from_millis(100)).await.unwrap();
        let (mut pieces, mut gone) = (Vec::new(), 0);
        while let Some(piece) = sweep.next().await.unwrap() {
            let old = piece.old();
            gone += old.records.len() + old.letters.len();
            assert!(old.records.iter().all(|seq| seq % 10 != 0), "what is needed stays");
            pieces.push(match &piece {
                Piece::Records(agent, records) => (agent.to_string(), records.len()),
                Piece::Letters(letters) => ("letters".to_owned(), letters.len()),
            });
        }
        let expected = [("a", 200), ("a", 200), ("a", 50), ("b", 200), ("b", 200), ("b", 50), ("letters", 200)];
        assert_eq!(pieces[..7], expected.map(|(whose, many)| (whose.to_owned(), many)));
        assert_eq!((pieces.len(), gone), (8, 2 * 405 + 201));
    }

    #[tokio::test]
    async fn without_bounds_nothing_goes() {
        let retention = Retention { keep_ms: None, keep_bytes: None, last: 5 };
        let fake = Fake { records: 9, letters: 9 };
        let mut sweep = Sweep::begin(&fake, &retention, Timestamp::from_millis(100)).await.unwrap();
        assert_eq!(sweep.next().await.unwrap(), None);
    }
}
