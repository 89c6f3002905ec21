//! Structured answers of a model: lines with a prefix (docs/reference/behaviour.md). What is missing takes its
//! default; what is no number counts as 0.

/// What to do about a post.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Reply,
    Quote,
    Like,
    Ignore,
}

/// A reaction.
#[derive(Debug, Clone, PartialEq)]
pub struct Reaction {
    pub action: Action,
    pub content: String,
}

/// What became of some news.
#[derive(Debug, Clone, PartialEq)]
pub struct Impression {
    pub memory: String,
    pub importance: f64,
    pub emotion: String,
    pub valence: f64,
    pub arousal: f64,
    pub dominance: f64,
}

/// How a relationship changes.
#[derive(Debug, Clone, PartialEq)]
pub struct Bond {
    pub sentiment: f64,
    pub familiarity: f64,
    pub trust: f64,
    pub note: String,
}

/// `REACTION / ACTION / CONTENT / REASONING`. The action: contains 1 or reply, 2 or quote, 3 or like, else ignore.
pub fn reaction(text: &str) -> Reaction {
    let action = field(text, "ACTION").to_lowercase();
    let holds = |number: &str, word: &str| action.contains(number) || action.contains(word);
    let action = if holds("1", "reply") {
        Action::Reply
    } else if holds("2", "quote") {
        Action::Quote
    } else if holds("3", "like") {
        Action::Like
    } else {
        Action::Ignore
    };
    Reaction { action, content: field(text, "CONTENT") }
}

/// Largest shift that news may cause on one axis (docs/reference/behaviour.md).
const SHIFT: f64 = 0.5;

/// `MEMORY / IMPORTANCE / EMOTION / VALENCE_SHIFT / AROUSAL_SHIFT / DOMINANCE_SHIFT`.
pub fn impression(text: &str) -> Impression {
    Impression {
        memory: field(text, "MEMORY"),
        importance: number(text, "IMPORTANCE").unwrap_or(0.5).clamp(0.0, 1.0),
        emotion: field(text, "EMOTION"),
        valence: number(text, "VALENCE_SHIFT").unwrap_or(0.0).clamp(-SHIFT, SHIFT),
        arousal: number(text, "AROUSAL_SHIFT").unwrap_or(0.0).clamp(-SHIFT, SHIFT),
        dominance: number(text, "DOMINANCE_SHIFT").unwrap_or(0.0).clamp(-SHIFT, SHIFT),
    }
}

/// `SENTIMENT_CHANGE / FAMILIARITY_CHANGE / TRUST_CHANGE / NOTE`; steps are clamped as in docs/capabilities/agent.md.
pub fn bond(text: &str) -> Bond {
    Bond {
        sentiment: number(text, "SENTIMENT_CHANGE").unwrap_or(0.0).clamp(-0.2, 0.2),
        familiarity: number(text, "FAMILIARITY_CHANGE").unwrap_or(0.0).clamp(0.0, 0.1),
        trust: number(text, "TRUST_CHANGE").unwrap_or(0.0).clamp(-0.2, 0.2),
        note: field(text, "NOTE"),
    }
}

fn field(text: &str, name: &str) -> String {
    let value = text.lines().find_map(|line| {
        let line = line.trim().trim_start_matches(['*', '-', ' ']);
        let rest = line.get(..name.len()).filter(|start| start.eq_ignore_ascii_case(name)).map(|_| &line[name.len()..]);
        rest?.trim_start_matches('*').trim_start().strip_prefix(':')
    });
    value.map(|value| value.trim_matches(['*', ' ', '\t']).to_owned()).unwrap_or_default()
}

fn number(text: &str, name: &str) -> Option<f64> {
    let value = field(text, name);
    let number: String = value.chars().take_while(|c| c.is_ascii_digit() || matches!(c, '-' | '+' | '.')).collect();
    number.trim_start_matches('+').parse::<f64>().ok().filter(|number| number.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_by_number_or_word() {
        let table = [
            ("ACTION: reply", Action::Reply),
            ("action : 1", Action::Reply),
            ("**ACTION:** Quote tweet", Action::Quote),
            ("ACTION: 2 (quote)", Action::Quote),
            ("- ACTION: 3. Like", Action::Like),
            ("ACTION: ignore", Action::Ignore),
            ("ACTION:", Action::Ignore),
            ("no grammar at all", Action::Ignore),
        ];
        for (text, action) in table {
            assert_eq!(reaction(text).action, action, "{text}");
        }
        assert_eq!(reaction("REACTION: warm\nACTION: 1\nCONTENT: well said\nREASONING: x").content, "well said");
    }

    #[test]
    fn shifts_are_clamped_and_garbage_is_nothing() {
        let read = impression(
            "MEMORY: rain\nIMPORTANCE: 7\nVALENCE_SHIFT: -0.9\nAROUSAL_SHIFT: +0.4 (some)\nDOMINANCE_SHIFT: NaN",
        );
        assert_eq!((read.importance, read.valence, read.arousal, read.dominance), (1.0, -0.5, 0.4, 0.0));
        let read = bond("SENTIMENT_CHANGE: 1\nFAMILIARITY_CHANGE: -1\nTRUST_CHANGE: inf\nNOTE: odd");
        assert_eq!((read.sentiment, read.familiarity, read.trust, read.note.as_str()), (0.2, 0.0, 0.0, "odd"));
    }
}
