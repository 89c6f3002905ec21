//! `persona.toml`: the data of a character. Strict, with ranges; a 0 stays a 0.

use std::path::Path;

use puppet_types::Persona;

use crate::PackError;

/// Reads one; `path` is for errors.
pub fn parse(text: &str, path: &Path) -> Result<Persona, PackError> {
    let persona: Persona = toml::from_str(text).map_err(|error| PackError::toml(path, text, &error))?;
    check(&persona).map_err(|(field, expected)| {
        PackError::new(path, format!("expected {expected}"), "correct the value").of(field)
    })?;
    Ok(persona)
}

/// What is out of range: the field, and what was expected.
pub fn check(persona: &Persona) -> Result<(), (&'static str, &'static str)> {
    let behavior = &persona.behavior;
    let frequency = &behavior.post_frequency;
    let hours = |hours: f64| hours.is_finite() && hours > 0.0 && hours <= 8_784.0;
    if !hours(frequency.min_hours_between_posts) {
        return Err(("behavior.post_frequency.min_hours_between_posts", "a number of hours above 0"));
    }
    if !hours(frequency.max_hours_between_posts) || frequency.max_hours_between_posts < frequency.min_hours_between_posts {
        return Err(("behavior.post_frequency.max_hours_between_posts", "a number of hours, at least min_hours_between_posts"));
    }
    if frequency.peak_posting_hours.iter().any(|hour| *hour > 23) {
        return Err(("behavior.post_frequency.peak_posting_hours", "hours from 0 to 23"));
    }
    let patterns = &behavior.interaction_patterns;
    let probabilities = [
        ("behavior.interaction_patterns.reply_probability", patterns.reply_probability),
        ("behavior.interaction_patterns.quote_tweet_probability", patterns.quote_tweet_probability),
        ("behavior.interaction_patterns.like_probability", patterns.like_probability),
        ("behavior.content_preferences.link_sharing_frequency", behavior.content_preferences.link_sharing_frequency),
    ];
    for (field, probability) in probabilities {
        if !(0.0..=1.0).contains(&probability) {
            return Err((field, "a probability from 0 to 1"));
        }
    }
    if behavior.content_preferences.max_post_length == Some(0) {
        return Err(("behavior.content_preferences.max_post_length", "a length above 0"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_stay_and_ranges_hold() {
        let read = |text: &str| parse(text, Path::new("persona.toml"));
        let persona = read("[behavior.interaction_patterns]\nreply_probability = 0\n").unwrap();
        assert_eq!(persona.behavior.interaction_patterns.reply_probability, 0.0);
        let table = [
            ("[behavior.interaction_patterns]\nreply_probability = 1.5\n", "reply_probability"),
            ("[behavior.post_frequency]\nmin_hours_between_posts = 0\n", "min_hours"),
            ("[behavior.post_frequency]\nmin_hours_between_posts = 5\nmax_hours_between_posts = 4\n", "max_hours"),
            ("[behavior.post_frequency]\npeak_posting_hours = [24]\n", "peak_posting_hours"),
            ("[personality]\ninterest = []\n", "interest"),
        ];
        for (text, field) in table {
            assert!(read(text).unwrap_err().to_string().contains(field), "{text}");
        }
    }
}
