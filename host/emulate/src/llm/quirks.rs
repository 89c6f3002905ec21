//! What models of a name do not take, and which of them think first. The client leaves the same out
//! (`host/llm/src/openai/quirks.rs`): its tests ask here for every one of them.

/// Models that are alike in what they refuse.
struct Family {
    /// Beginnings of their names.
    begins: &'static [&'static str],
    /// Those of them that are not: a part of their names.
    but: &'static str,
    refuses: &'static [&'static str],
}

const FAMILIES: [Family; 3] = [
    Family {
        begins: &["o1", "o3", "o4", "gpt-5"],
        but: "gpt-5-chat",
        refuses: &["temperature", "top_p", "presence_penalty", "frequency_penalty", "max_tokens"],
    },
    Family { begins: &["o3", "o4", "gpt-5"], but: "gpt-5-chat", refuses: &["stop"] },
    Family {
        begins: &["grok-3-mini", "grok-4", "grok-code"],
        but: "non-reasoning",
        refuses: &["presence_penalty", "frequency_penalty", "stop"],
    },
];

fn of(model: &str) -> impl Iterator<Item = &'static Family> {
    // A gateway names whose model it is.
    let bare = model.rsplit('/').next().unwrap_or_default();
    FAMILIES
        .iter()
        .filter(move |family| family.begins.iter().any(|begin| bare.starts_with(begin)) && !bare.contains(family.but))
}

/// Whether a model thinks before it writes.
pub(super) fn thinks(model: &str) -> bool {
    of(model).next().is_some()
}

/// The first of these parameters that a model does not take; each with whether it is asked for.
pub(super) fn refused(model: &str, given: &[(&'static str, bool)]) -> Option<&'static str> {
    let is_refused = |name: &str| of(model).any(|family| family.refuses.contains(&name));
    given.iter().find(|(name, is_given)| *is_given && is_refused(name)).map(|(name, _)| *name)
}

/// Of a number that such a model takes as it is by default alone, which is 1.
pub(super) fn is_other(number: Option<f64>) -> bool {
    number.is_some_and(|number| number != 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_thinks_is_known_by_name() {
        for (model, expected) in [
            ("o3-mini", true),
            ("openai/gpt-5", true),
            ("gpt-5-chat-latest", false),
            ("grok-4-fast-non-reasoning", false),
            ("grok-code-fast-1", true),
            ("grok-3", false),
            ("m", false),
        ] {
            assert_eq!(thinks(model), expected, "{model}");
        }
        let given = [("max_tokens", false), ("stop", true)];
        assert_eq!((refused("o1", &given), refused("o3", &given)), (None, Some("stop")));
    }
}
