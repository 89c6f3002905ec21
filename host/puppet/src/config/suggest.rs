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

/// What to do about an unknown word: the nearest one, or all of them, each once.
pub fn remedy(word: &str, known: &[&str]) -> String {
    if let Some(candidate) = nearest(word, known) {
        return format!("did you mean `{candidate}`?");
    }
    let mut said: Vec<&str> = Vec::new();
    for name in known {
        if !said.contains(name) {
            said.push(name);
        }
    }
    if said.is_empty() { "none is known here".to_owned() } else { format!("known here: {}", said.join(", ")) }
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
        assert_eq!(remedy("nope", &["lamp", "ember", "lamp"]), "known here: lamp, ember");
        assert_eq!(remedy("nope", &[]), "none is known here");
    }
}
