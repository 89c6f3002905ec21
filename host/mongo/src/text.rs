//! Words of texts, cut as the embedded backend's full text cuts them: by the same tokenizer of FTS5, in a database in
//! memory that never holds more than one text. A server's own text search cuts otherwise.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

use puppet_store::{Result, StoreError};
use rusqlite::Connection;

pub(crate) struct Words(Mutex<Connection>);

impl Words {
    pub(crate) fn new() -> Result<Self> {
        const SQL: &str = "CREATE VIRTUAL TABLE text USING fts5 (content, tokenize = 'unicode61 remove_diacritics 2'); \
                           CREATE VIRTUAL TABLE words USING fts5vocab (text, instance)";
        let conn = Connection::open_in_memory().map_err(failed)?;
        conn.execute_batch(SQL).map_err(failed)?;
        Ok(Self(Mutex::new(conn)))
    }

    /// Words in their order.
    pub(crate) fn of(&self, text: &str) -> Result<Vec<String>> {
        let conn = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let read = || {
            conn.prepare_cached("DELETE FROM text")?.execute([])?;
            conn.prepare_cached("INSERT INTO text (content) VALUES (?1)")?.execute([text])?;
            let mut words = conn.prepare_cached("SELECT term FROM words ORDER BY offset")?;
            let words = words.query_map([], |row| row.get(0))?;
            words.collect::<rusqlite::Result<Vec<String>>>()
        };
        let words = read();
        // A transaction of one statement each: nothing is left open.
        let _ = conn.execute("DELETE FROM text", []);
        words.map_err(failed)
    }

    /// Words, each once.
    pub(crate) fn set(&self, text: &str) -> Result<BTreeSet<String>> {
        Ok(self.of(text)?.into_iter().collect())
    }

    /// Terms as phrases; those in which nothing is to be looked for are left out.
    pub(crate) fn phrases(&self, terms: &[String]) -> Result<Vec<Vec<String>>> {
        let terms = terms.iter().filter(|term| term.chars().any(char::is_alphanumeric));
        let phrases = terms.map(|term| self.of(&term.replace('\0', " ")));
        let phrases = phrases.collect::<Result<Vec<_>>>()?;
        Ok(phrases.into_iter().filter(|phrase| !phrase.is_empty()).collect())
    }
}

/// Whether a text holds one of the phrases.
pub(crate) fn holds(words: &[String], phrases: &[Vec<String>]) -> bool {
    phrases.iter().any(|phrase| words.windows(phrase.len()).any(|window| window == phrase))
}

fn failed(error: rusqlite::Error) -> StoreError {
    StoreError::Failed(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_cut_as_by_the_full_text() {
        let words = Words::new().unwrap();
        for (text, expected) in [
            ("The Café opened; cats sleep.", vec!["the", "cafe", "opened", "cats", "sleep"]),
            ("cats, CATS & cats", vec!["cats", "cats", "cats"]),
            ("e\u{301}t\u{e9} Straße 3½", vec!["ete", "straße", "3½"]),
            ("", vec![]),
            ("a\0b 'x'", vec!["a", "b", "x"]),
        ] {
            assert_eq!(words.of(text).unwrap(), expected, "{text:?}");
        }
        let phrases = words.phrases(&["\" OR \"cats".into(), "*".into(), "dog".into()]).unwrap();
        assert_eq!(phrases, [vec!["or".to_owned(), "cats".into()], vec!["dog".into()]]);
        let text = |text: &str| words.of(text).unwrap();
        assert!(holds(&text("cats or cats"), &phrases));
        assert!(!holds(&text("or two cats"), &phrases));
    }
}
