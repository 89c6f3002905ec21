//! Names of orders that were used: each is used once. A trader that is kept remembers the latest, so that what is stored of it
//! does not grow for ever; a backtest remembers all.

use std::collections::{HashSet, VecDeque};

/// How many a trader that is kept remembers.
const MOST: usize = 10_000;

/// See the head of this file.
#[derive(Debug, Default)]
pub(super) struct Names {
    used: HashSet<String>,
    /// Oldest first; empty where all are remembered.
    latest: VecDeque<String>,
    is_bounded: bool,
}

impl Names {
    pub fn new(is_bounded: bool) -> Self {
        Self { is_bounded, ..Self::default() }
    }

    /// Whether it is new.
    pub fn insert(&mut self, name: &str) -> bool {
        if !self.used.insert(name.to_owned()) {
            return false;
        }
        if self.is_bounded {
            if self.latest.len() == MOST
                && let Some(oldest) = self.latest.pop_front()
            {
                self.used.remove(&oldest);
            }
            self.latest.push_back(name.to_owned());
        }
        true
    }

    /// Whether it was used, among those that are remembered.
    pub fn contains(&self, name: &str) -> bool {
        self.used.contains(name)
    }

    /// What to store.
    pub fn to_vec(&self) -> Vec<String> {
        if self.is_bounded {
            return self.latest.iter().cloned().collect();
        }
        let mut all: Vec<_> = self.used.iter().cloned().collect();
        all.sort_unstable();
        all
    }
    /// As they were stored.
    pub fn restore(&mut self, names: Vec<String>) {
        (self.used, self.latest) = (names.iter().cloned().collect(), names.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_used_once_among_the_latest_and_what_is_stored_is_bounded() {
        let mut names = Names::new(true);
        assert!((0..=MOST).all(|n| names.insert(&n.to_string())));
        assert!(!names.insert("1") && names.insert("0"));
        assert_eq!(names.to_vec().len(), MOST);
        let mut again = Names::new(true);
        again.restore(names.to_vec());
        assert!(!again.insert("0") && again.insert("1"));

        let mut all = Names::new(false);
        assert!((0..=MOST).all(|n| all.insert(&n.to_string())) && !all.insert("0"));
    }
}
