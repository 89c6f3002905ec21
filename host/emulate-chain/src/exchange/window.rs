//! How much a key has asked in a window of time.

use std::collections::HashMap;

/// By key: when its window began, in seconds of the clock, and how much was asked in it.
#[derive(Debug, Default)]
pub(super) struct Windows(HashMap<String, (u64, u32)>);

/// What the headers say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) used: u32,
    /// Below zero where there was more than is allowed, as Jupiter's is.
    pub(super) remaining: i64,
    pub(super) reset_s: u64,
}

impl Windows {
    pub(super) fn count(&mut self, key: &str, now_s: u64, limit: u32, window_s: u32) -> Standing {
        let length = u64::from(window_s.max(1));
        let began = now_s / length * length;
        let window = self.0.entry(key.to_owned()).or_insert((began, 0));
        if window.0 != began {
            *window = (began, 0);
        }
        window.1 = window.1.saturating_add(1);
        Standing { used: window.1, remaining: i64::from(limit) - i64::from(window.1), reset_s: began + length }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_begins_anew_and_each_key_has_its_own() {
        let mut windows = Windows::default();
        assert_eq!(windows.count("a", 61, 1, 60), Standing { used: 1, remaining: 0, reset_s: 120 });
        assert_eq!(windows.count("a", 119, 1, 60).remaining, -1);
        assert_eq!(windows.count("b", 119, 1, 60).remaining, 0);
        assert_eq!(windows.count("a", 120, 1, 60), Standing { used: 1, remaining: 0, reset_s: 180 });
    }
}
