//! The nearest known word to one that is not known.

/// The nearest of the known words, if one is near enough to be what was meant.
pub fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    known
        .iter()
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), *candidate))
        .filter(|(distance, candidate)| *distance <= 1.max(word.chars().count().max(candidate.chars().count()) / 3))
        .min()
        .map(|(_, candidate)| candidate)
}

/// What to do about an unknown word: the nearest one, or all of them.
pub fn remedy(word: &str, known: &[&str]) -> String {
    match nearest(word, known) {
        Some(candidate) => format!("did you mean `{candidate}`?"),
        None => format!("known here: {}", known.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_recognised_and_a_stranger_is_not() {
        let known = ["timezone", "log_level", "data"];
        assert_eq!(nearest("timzone", &known), Some("timezone"));
        assert_eq!(nearest("loglevel", &known), Some("log_level"));
        assert_eq!(nearest("elephants", &known), None);
        assert_eq!(remedy("dta", &known), "did you mean `data`?");
        assert_eq!(remedy("elephants", &known), "known here: timezone, log_level, data");
    }
}
