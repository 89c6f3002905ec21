//! Counts in words, for people.

use std::fmt::Display;

/// `1 agent`, `2 agents`: a count with the word for one or the word for many.
pub fn counted(n: impl Display, one: &str, many: &str) -> String {
    let n = n.to_string();
    let word = if n == "1" { one } else { many };
    format!("{n} {word}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_not_many() {
        let said: Vec<String> = [0, 1, 2, 11, 21].iter().map(|n| counted(n, "reply", "replies")).collect();
        assert_eq!(said, ["0 replies", "1 reply", "2 replies", "11 replies", "21 replies"]);
    }
}
