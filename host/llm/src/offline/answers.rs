//! Structured answers: reactions, memories and changes of relationships, decided by what a text shares with the
//! persona and by how it sounds.

use crate::offline::{
    random::Random,
    words::{sentiment_milli, words},
    writer::Writer,
};

/// Longest remembered sentence in characters.
const MEMORY_CHARS: usize = 220;

/// `REACTION / ACTION / CONTENT / REASONING`.
pub(crate) fn reaction(writer: &Writer<'_>, random: &mut Random) -> String {
    let said = writer.task.said.as_ref().map(|(_, text)| text.as_str()).unwrap_or_default();
    let sentiment = sentiment_milli(said);
    let shared = writer.bank.shared(said);
    let roll = random.below(100);
    let (action, why) = if words(said).is_empty() {
        ("ignore", "nothing was said")
    } else if writer.bank.avoids(said) {
        ("ignore", "not something to take part in")
    } else if shared > 0 {
        match roll {
            0..38 => ("reply", "it touches what matters here"),
            38..68 => ("quote", "it is worth passing on"),
            68..95 => ("like", "well said"),
            _ => ("ignore", "enough was said about it"),
        }
    } else {
        match roll {
            0..12 => ("reply", "it deserves a word"),
            12..24 => ("quote", "others may want to see it"),
            24..60 if sentiment >= 0 => ("like", "pleasant enough"),
            _ => ("ignore", "it is about other things"),
        }
    };
    let feeling = match (sentiment, shared) {
        (300.., _) => "glad",
        (..=-300, _) => "uneasy",
        (_, 1..) => "curious",
        _ => "calm",
    };
    let content = if matches!(action, "reply" | "quote") { writer.reply(random) } else { String::new() };
    format!("REACTION: {feeling}\nACTION: {action}\nCONTENT: {content}\nREASONING: {why}")
}

/// `MEMORY / IMPORTANCE / EMOTION / …_SHIFT`.
pub(crate) fn memory(writer: &Writer<'_>, random: &mut Random) -> String {
    let note = writer.task.note.as_deref().or(writer.task.said.as_ref().map(|(_, text)| text.as_str()));
    let note = note.unwrap_or_default();
    let topic = writer.task.topic.as_deref().unwrap_or_default();
    let all = format!("{topic} {note}");
    let sentiment = sentiment_milli(&all);
    let shared = writer.bank.shared(&all).min(3) as i32;
    let importance = (400 + shared * 120 + sentiment.abs() / 8 + random.milli(-50, 50)).clamp(50, 950);
    let emotion = match sentiment {
        600.. => "joy",
        1.. => "interest",
        0 if shared > 0 => "curiosity",
        0 => "calm",
        -599..0 => "concern",
        _ => "dismay",
    };
    let valence = (sentiment / 5 + random.milli(-30, 30)).clamp(-300, 300);
    let arousal = (sentiment.abs() / 8 + shared * 40 + random.milli(-20, 20)).clamp(-300, 300);
    let dominance = (sentiment / 10 + random.milli(-20, 20)).clamp(-300, 300);
    let memory = remembered(writer, topic, note, random);
    format!(
        "MEMORY: {memory}\nIMPORTANCE: {}\nEMOTION: {emotion}\nVALENCE_SHIFT: {}\nAROUSAL_SHIFT: {}\nDOMINANCE_SHIFT: {}",
        thousandths(importance),
        thousandths(valence),
        thousandths(arousal),
        thousandths(dominance),
    )
}

/// The report in one sentence, its topic first where the report does not name it, and what it was compared with.
fn remembered(writer: &Writer<'_>, topic: &str, note: &str, random: &mut Random) -> String {
    let clean = |text: &str| {
        let kept = text
            .chars()
            .map(|c| if c.is_control() || matches!(c, '{' | '}' | '[' | ']' | '<' | '>') { ' ' } else { c });
        kept.collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let (topic, note) = (clean(topic), clean(note));
    let end = note.find(['.', '!', '?']).map_or(note.len(), |at| at);
    let mut headline: String = note.get(..end).unwrap_or(&note).chars().take(MEMORY_CHARS - 80).collect();
    if headline.is_empty() {
        headline = "I heard something new".to_owned();
    }
    if !topic.is_empty() && !headline.to_lowercase().contains(&topic.to_lowercase()) {
        headline = format!("{topic}: {headline}");
    }
    let closing = random.pick(&writer.bank.subjects).map_or(String::new(), |subject| {
        let ways = ["It made me think of", "I set it beside", "It belongs near", "I weighed it against"];
        format!(" {} {subject}.", random.pick(&ways).copied().unwrap_or("It made me think of"))
    });
    let text = format!("{headline}.{closing}");
    if text.chars().count() > MEMORY_CHARS { format!("{headline}.") } else { text }
}

/// `SENTIMENT_CHANGE / FAMILIARITY_CHANGE / TRUST_CHANGE / NOTE`.
pub(crate) fn relationship(writer: &Writer<'_>, random: &mut Random) -> String {
    let said = writer.task.said.as_ref().map(|(_, text)| text.as_str()).unwrap_or_default();
    let tone = sentiment_milli(said);
    let shared = writer.bank.shared(said).min(3) as i32;
    let sentiment = (tone / 8 + shared * 10 + random.milli(-10, 10)).clamp(-200, 200);
    let familiarity = (20 + shared * 12 + random.milli(0, 20)).clamp(0, 100);
    let trust = (tone / 20 + shared * 5 + random.milli(-5, 5)).clamp(-200, 200);
    let how = match tone {
        200.. => "Friendly",
        ..=-200 => "Rough in tone",
        _ => "Even in tone",
    };
    let about = if shared > 0 { "shares an interest of mine" } else { "speaks of other things than I do" };
    format!(
        "SENTIMENT_CHANGE: {}\nFAMILIARITY_CHANGE: {}\nTRUST_CHANGE: {}\nNOTE: {how}, {about}.",
        thousandths(sentiment),
        thousandths(familiarity),
        thousandths(trust),
    )
}

/// A decimal number.
fn thousandths(value: i32) -> String {
    let sign = if value < 0 { "-" } else { "" };
    format!("{sign}{}.{:03}", value.abs() / 1_000, value.abs() % 1_000)
}
