//! Text that came out of recall is not stored again: a memory that only repeats what was just read would grow more
//! certain every time it is recalled.

use std::collections::BTreeSet;

use crate::{embedding::words, normal};

/// Share of a text's words, in order as pairs, that come from one recalled text.
const SHARE: f64 = 0.9;
/// Shorter texts count only where they are equal.
const WORDS: usize = 6;

/// What this call has recalled.
#[derive(Debug, Default)]
pub struct Recalled {
    texts: BTreeSet<String>,
}

impl Recalled {
    /// A text was shown to the guest.
    pub fn note(&mut self, content: &str) {
        self.texts.insert(normal(content));
    }

    /// Whether a text only repeats one of them.
    pub fn is_echo(&self, content: &str) -> bool {
        let text = normal(content);
        if self.texts.contains(&text) {
            return true;
        }
        let new = pairs(&text);
        new.len() + 1 >= WORDS && self.texts.iter().any(|old| {
            let old = pairs(old);
            let common = new.iter().filter(|pair| old.contains(*pair)).count();
            common as f64 >= SHARE * new.len() as f64
        })
    }
}

fn pairs(text: &str) -> BTreeSet<(String, String)> {
    words(text).windows(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repetitions_are_echoes_and_new_thoughts_are_not() {
        let mut recalled = Recalled::default();
        recalled.note("The tide took the old pier in the night of the storm");
        assert!(recalled.is_echo("the tide took the old pier in the night of the storm!"));
        assert!(recalled.is_echo("The tide took the old pier in the night"));
        assert!(!recalled.is_echo("The tide took the old pier, and I miss the lamp at its end most of all"));
        assert!(!recalled.is_echo("The tide"));
    }
}
