//! Words for people: counts, and which characters stand on a line.

use std::fmt::Display;

/// `1 agent`, `2 agents`: a count with the word for one or the word for many.
pub fn counted(n: impl Display, one: &str, many: &str) -> String {
    let n = n.to_string();
    let word = if n == "1" { one } else { many };
    format!("{n} {word}")
}

/// Whether a character does something to a line instead of standing on it: it controls, it ends the line, it turns its
/// direction, or nobody sees it. What joins letters and pictures (U+200C, U+200D) stands on the line.
pub fn is_odd(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(c, '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_turns_a_line_or_ends_it_is_odd_and_what_people_write_is_not() {
        let odd: String = "it's \u{1b}[2J\n\t\0\u{85}\u{202e}\u{2066}\u{200f}\u{200b}\u{feff}"
            .chars()
            .filter(|c| is_odd(*c))
            .collect();
        assert_eq!(odd, "\u{1b}\n\t\0\u{85}\u{202e}\u{2066}\u{200f}\u{200b}\u{feff}");
        assert!(!"Zoë <b> 👩\u{200d}🚀 می\u{200c}خواهم \"שלום\"".chars().any(is_odd));
    }

    #[test]
    fn one_is_not_many() {
        let said: Vec<String> = [0, 1, 2, 11, 21].iter().map(|n| counted(n, "reply", "replies")).collect();
        assert_eq!(said, ["0 replies", "1 reply", "2 replies", "11 replies", "21 replies"]);
    }
}
