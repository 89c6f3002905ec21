//! How a character speaks, read from its traits, its style and its voice.

use crate::CallContext;

/// The temper of its sentences.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Register {
    /// In the third person.
    Report,
    /// With a raised eyebrow.
    Wry,
    /// With a soft spot.
    Warm,
    /// Matter of fact.
    Plain,
}

/// Manners.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Manner {
    pub(crate) register: Register,
    /// Asks more than others.
    pub(crate) asks: bool,
    /// Without contractions.
    pub(crate) formal: bool,
    /// Says little.
    pub(crate) terse: bool,
    /// With exclamation marks.
    pub(crate) exclaims: bool,
}

const WRY: &[&str] = &[
    "witty", "sarcas", "cynic", "dry", "ironic", "irony", "irrever", "snark", "playful", "wordplay", "pun", "deadpan",
    "sardonic", "wry", "mischie", "cheeky", "blunt",
];
const WARM: &[&str] = &[
    "gentle",
    "warm",
    "kind",
    "poetic",
    "dream",
    "hope",
    "cozy",
    "tender",
    "soft",
    "whims",
    "nostalg",
    "patient",
    "quiet",
    "calm",
    "caring",
    "wonder",
    "lyric",
    "melanchol",
    "generous",
    "grandmother",
    "sociable",
];

impl Manner {
    pub(crate) fn of(context: &CallContext) -> Self {
        let persona = &context.persona;
        let guide = &persona.style_guide;
        let voice = guide.voice.to_lowercase();
        let traits = persona.personality.traits.join(" ");
        let all = format!("{voice} {} {} {traits}", guide.tone, persona.personality.speaking_style).to_lowercase();
        let count = |marks: &[&str]| marks.iter().filter(|mark| all.contains(**mark)).count();
        let any = |marks: &[&str]| count(marks) > 0;
        let desk = ["third person", "third-person", "journalis", "newsroom", "news desk"];
        let register = if desk.iter().any(|mark| voice.contains(mark)) {
            Register::Report
        } else {
            match (count(WRY), count(WARM)) {
                (0, 0) => Register::Plain,
                (wry, warm) if wry >= warm => Register::Wry,
                _ => Register::Warm,
            }
        };
        Self {
            register,
            asks: any(&["curious", "inquisitive", "questions", "nosy"]),
            formal: any(&["formal", "academic", "scholar", "professor", "journalis"]) && !all.contains("informal"),
            terse: any(&["terse", "laconic", "silent", "few words", "taciturn", "brief"]),
            exclaims: any(&["dramatic", "enthusias", "exclaim", "exuberant", "bubbly", "energetic"]),
        }
    }
}
