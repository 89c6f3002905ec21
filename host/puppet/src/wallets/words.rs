//! What an operator said of a purse: halt, resume, mainnet is meant. Kept beside the purse's books and not in them, so that it
//! can be said before there are any, and while no host runs. A host reads it when it opens the purse's desk; what is said later it
//! tells the desk.
//!
//! In the store it is a row among the purses, `operator/<purse>`, that only this module writes; its log is every word.

use puppet_solana::Network;
use puppet_store::{Halt, Purse, PurseEntry, PurseRow, TradeStore};
use puppet_types::Timestamp;
use serde::{Deserialize, Serialize};

use crate::trouble::{Result, Trouble};

/// Before the name of a purse.
const OF: &str = "operator/";
/// Words written at the same time as others: so often it is tried again.
const TRIES: usize = 8;

/// A word.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "word", rename_all = "kebab-case")]
pub enum Word {
    /// Nothing is traded.
    Halt {
        /// For whoever wonders.
        reason: Option<String>,
    },
    /// Trading goes on, whatever stopped it.
    Resume,
    /// A desk has heard of the resume: its books say so by now.
    Resumed,
    /// This network is meant.
    Understood {
        /// Which.
        network: Network,
    },
}

/// All of it together, as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Said {
    /// Nothing is traded: since when, and why.
    pub halt: Option<Halt>,
    /// When trading was allowed again, where no desk has heard of it yet.
    pub resumed: Option<Timestamp>,
    /// The network that is meant, and since when.
    pub understood: Option<Understood>,
}

/// A network that somebody meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Understood {
    /// Which.
    pub network: Network,
    /// Since when.
    pub at: Timestamp,
}

impl Said {
    /// Whether this network was said to be meant.
    pub fn understands(&self, network: Network) -> bool {
        self.understood.as_ref().is_some_and(|understood| understood.network == network)
    }

    /// Why nothing is traded on this purse; none where it may be.
    pub fn halted(&self, purse: &str) -> Option<String> {
        let halt = self.halt.as_ref()?;
        Some(halt.reason.clone().unwrap_or_else(|| format!("`puppet wallet halt {purse}`")))
    }

    fn hears(&mut self, word: &Word, at: Timestamp) {
        match word {
            Word::Halt { reason } => {
                // The first reason stays, as the risk engine has it.
                self.halt.get_or_insert(Halt { since: at, reason: reason.clone() });
                self.resumed = None;
            }
            Word::Resume => (self.halt, self.resumed) = (None, Some(at)),
            Word::Resumed => self.resumed = None,
            Word::Understood { network } => {
                if !self.understands(*network) {
                    self.understood = Some(Understood { network: *network, at });
                }
            }
        }
    }
}

/// Whether a row among the purses is one of words.
pub fn is_of_words(purse: &str) -> bool {
    purse.starts_with(OF)
}

/// The name of the row with the words about a purse.
pub fn row_of(purse: &str) -> String {
    format!("{OF}{purse}")
}

/// What was said of a purse.
pub async fn of(store: &dyn TradeStore, purse: &str) -> Result<Said> {
    store.purse(&row_of(purse)).await?.map_or(Ok(Said::default()), |row| parsed(row.body))
}

/// Says it. Answers how it stands then, once that is durable.
pub async fn say(store: &dyn TradeStore, purse: &str, word: &Word, at: Timestamp) -> Result<Said> {
    let name = row_of(purse);
    for _ in 0..TRIES {
        let row = store.purse(&name).await?;
        let (after, before) = row.map_or((0, None), |row| (row.seq, Some(row.body)));
        let mut said = before.map_or(Ok(Said::default()), parsed)?;
        said.hears(word, at);
        let seq = after + 1;
        let body = serde_json::to_value(word).map_err(Trouble::internal)?;
        let entry = PurseRow { seq, kind: PurseEntry::Word, at, body };
        let body = serde_json::to_value(&said).map_err(Trouble::internal)?;
        if store.write_purse(Purse { name: name.clone(), seq, at, body }, after, vec![entry]).await? {
            return Ok(said);
        }
    }
    Err(Trouble::internal(format!("the words about `{purse}` are written by others all the time")))
}

fn parsed(body: serde_json::Value) -> Result<Said> {
    serde_json::from_value(body)
        .map_err(|error| Trouble::internal(format!("what an operator said cannot be read: {error}")))
}

#[cfg(test)]
mod tests {
    use puppet_store::sqlite::{Options, SqliteStore};

    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[tokio::test]
    async fn what_was_said_is_there_after_the_store_is_opened_again() {
        let folder = tempfile::tempdir().unwrap();
        let halt = Word::Halt { reason: Some("lunch".to_owned()) };
        {
            let store = SqliteStore::open(folder.path(), Options::default()).unwrap();
            assert_eq!(of(&store, "main").await.unwrap(), Said::default());
            say(&store, "main", &Word::Understood { network: Network::MainnetBeta }, at(1)).await.unwrap();
            say(&store, "main", &halt, at(2)).await.unwrap();
            say(&store, "main", &Word::Halt { reason: Some("dinner".to_owned()) }, at(3)).await.unwrap();
        }
        let store = SqliteStore::open(folder.path(), Options::default()).unwrap();
        let said = of(&store, "main").await.unwrap();
        assert_eq!(said.halt, Some(Halt { since: at(2), reason: Some("lunch".to_owned()) }));
        assert!(said.understands(Network::MainnetBeta) && !said.understands(Network::Devnet));
        assert_eq!(of(&store, "spare").await.unwrap(), Said::default());
        assert_eq!((said.halted("main").as_deref(), Said::default().halted("main")), (Some("lunch"), None));

        let said = say(&store, "main", &Word::Resume, at(4)).await.unwrap();
        assert_eq!((said.halt, said.resumed), (None, Some(at(4))));
        let said = say(&store, "main", &Word::Resumed, at(5)).await.unwrap();
        assert_eq!((said.resumed, said.understood.map(|understood| understood.at)), (None, Some(at(1))));
        let log = store.purse_log(&row_of("main"), &[PurseEntry::Word], 0, 10).await.unwrap();
        assert_eq!(log.len(), 5);
        assert_eq!(log[1].body, serde_json::json!({ "word": "halt", "reason": "lunch" }));
    }

    #[tokio::test]
    async fn words_at_the_same_time_are_all_heard() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path(), Options::default()).unwrap();
        let (halt, word) = (Word::Halt { reason: None }, Word::Understood { network: Network::Devnet });
        let (one, other) = tokio::join!(say(&store, "a", &halt, at(1)), say(&store, "a", &word, at(2)));
        assert!(one.is_ok() && other.is_ok());
        let said = of(&store, "a").await.unwrap();
        assert_eq!(said.halted("a").as_deref(), Some("`puppet wallet halt a`"));
        assert!(said.halt.is_some() && said.understands(Network::Devnet));
    }
}
