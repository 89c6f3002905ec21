//! What a model is told of who it plays: titled lines, lists and bullets, and the persona in the order of the contract.

use std::fmt::Write as _;

use super::Persona;
use crate::{
    agent::{Mood, Profile, Relationship},
    random::Random,
};

/// A text put together of titled parts; what is empty is left out.
///
/// ```
/// use puppet_sdk::persona::Sections;
///
/// let told = Sections::new()
///     .text("Write one post.")
///     .line("Topic", "tides")
///     .line("Your mood", "")
///     .list("Words you like", &["ebb".to_owned(), "flow".to_owned()])
///     .bullets("Recent posts", ["High water\nat noon."])
///     .end();
/// assert_eq!(told, "Write one post.\nTopic: tides\nWords you like: ebb, flow\nRecent posts:\n- High water at noon.\n");
/// ```
#[derive(Debug, Clone, Default)]
pub struct Sections(String);

impl Sections {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }
    /// A line as it is.
    pub fn text(mut self, text: &str) -> Self {
        if !text.is_empty() {
            let _ = writeln!(self.0, "{text}");
        }
        self
    }
    /// `title: text`.
    pub fn line(mut self, title: &str, text: &str) -> Self {
        if !text.is_empty() {
            let _ = writeln!(self.0, "{title}: {text}");
        }
        self
    }
    /// `title: one, two, three`.
    pub fn list(self, title: &str, items: &[String]) -> Self {
        self.line(title, &items.join(", "))
    }
    /// The title on a line of its own, then a bullet for each, on one line.
    pub fn bullets<'a>(mut self, title: &str, items: impl IntoIterator<Item = &'a str>) -> Self {
        let mut items = items.into_iter().peekable();
        if items.peek().is_some() {
            let _ = writeln!(self.0, "{title}:");
        }
        for item in items {
            let _ = writeln!(self.0, "- {}", crate::text::one_line(item));
        }
        self
    }
    /// All of it.
    pub fn end(self) -> String {
        self.0
    }
}

impl Persona {
    /// What the model is to be: one of the rotating prompts, else the custom one, else one made from the persona.
    pub fn system(&self, profile: &Profile, random: &mut Random) -> String {
        if let Some(prompt) = random.pick(&self.rotating_system_prompts) {
            return prompt.clone();
        }
        match &self.custom_system_prompt {
            Some(prompt) if !prompt.trim().is_empty() => prompt.clone(),
            _ => self.sections(&profile.name, &profile.description),
        }
    }
    /// Sections in the order of the contract (docs/reference/behaviour.md); empty ones are left out.
    pub fn sections(&self, name: &str, description: &str) -> String {
        let who =
            if description.is_empty() { format!("You are {name}.") } else { format!("You are {name}. {description}") };
        let out = Sections::new()
            .text(&who)
            .list("Traits", &self.personality.traits)
            .list("Values", &self.personality.values)
            .line("You speak like this", &self.personality.speaking_style)
            .list("Interests", &self.personality.interests)
            .list("Goals", &self.goals);
        self.style(out).list("Never write about", &self.style_guide.topics_to_avoid).end()
    }
    fn style(&self, out: Sections) -> Sections {
        let guide = &self.style_guide;
        let formatting = &guide.formatting;
        let hashtags = if formatting.uses_hashtags { formatting.hashtag_style.as_str() } else { "none, avoid them" };
        let emojis = if formatting.uses_emojis { formatting.emoji_frequency.as_str() } else { "none, avoid them" };
        out.line("Voice", &guide.voice)
            .line("Tone", &guide.tone)
            .line("Hashtags", if hashtags.is_empty() { "a few" } else { hashtags })
            .line("Emojis", if emojis.is_empty() { "a few" } else { emojis })
            .line("Capitalization", &formatting.capitalization)
            .line("Sentence length", &formatting.sentence_length)
            .line("Hyphens and dashes", if formatting.avoid_hyphens { "none" } else { "" })
            .list("Words you like", &guide.vocabulary.key_terms)
            .list("Words you never use", &guide.vocabulary.avoid_terms)
            .bullets("Lines you might have written", self.sample_lines.iter().take(5).map(String::as_str))
    }
}

/// A word by the sign of valence, as in the original; a stronger one where it is far from neutral.
///
/// ```
/// use puppet_sdk::{agent::Mood, persona::mood_word};
///
/// assert_eq!(mood_word(&Mood { valence: 0.7, arousal: 0.0, dominance: 0.0 }), "Very positive");
/// ```
pub fn mood_word(mood: &Mood) -> &'static str {
    match mood.valence {
        v if v > 0.5 => "Very positive",
        v if v > 0.0 => "Positive",
        v if v < -0.5 => "Very negative",
        v if v < 0.0 => "Negative",
        _ => "Neutral",
    }
}

/// How it stands to somebody, in words for a prompt.
///
/// ```
/// use puppet_sdk::{persona::relationship_line, prelude::*};
///
/// let run = testing::Host::new().within(|| {
///     if let Some(bond) = agent::relationship("ada")? {
///         log::info(&relationship_line(&bond));
///     }
///     Ok(())
/// });
/// assert!(run.result.is_ok());
/// ```
pub fn relationship_line(bond: &Relationship) -> String {
    let feeling = match bond.sentiment {
        s if s > 0.3 => "you like them",
        s if s < -0.3 => "you do not like them",
        _ => "you have no strong feeling",
    };
    let trust = if bond.trust > 0.5 { "you trust them" } else { "you are not sure of them" };
    format!("you have met {} times, {feeling}, {trust}", bond.interactions)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_come_in_the_order_of_the_contract() {
        let persona: Persona = serde_json::from_value(serde_json::json!({
            "personality": {"traits": ["patient"], "values": ["tides"], "speaking_style": "plain", "interests": ["maps"]},
            "style_guide": {"voice": "low", "topics_to_avoid": ["war"], "vocabulary": {"avoid_terms": ["synergy"]}},
            "goals": ["finish the chart"],
        }))
        .unwrap();
        let text = persona.sections("Ada", "Keeps a lighthouse.");
        let sections = [
            "You are Ada. Keeps",
            "Traits: patient",
            "Values: tides",
            "speak like this: plain",
            "Interests: maps",
            "Goals: finish",
            "Voice: low",
            "Hashtags: none",
            "Emojis: none",
            "never use: synergy",
            "Never write about: war",
        ];
        let places: Vec<_> = sections.iter().map(|section| text.find(section).expect(section)).collect();
        assert!(places.is_sorted(), "{text}");
    }
}
