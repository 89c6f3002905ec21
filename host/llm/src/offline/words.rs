//! What the offline text knows of English words: which say nothing, which are glad or sad, which are two forms of one.

use std::{collections::BTreeSet, sync::LazyLock};

type Words = LazyLock<BTreeSet<&'static str>>;

fn listed(text: &'static str) -> BTreeSet<&'static str> {
    text.split_whitespace().collect()
}

/// Words that say nothing about a subject.
static STOP: Words = LazyLock::new(|| {
    listed(
        "maybe perhaps first second last next new penchant sense sort obsession focus a about above across after again against all almost along already also always am among an and \
     another any are around as at away back be became because become becomes been before being below \
     between beyond both but by can cannot could did do does doing done down during each either else \
     enough especially etc even ever every everyone everything few for from further get gets give gives \
     go goes going got had has have having he her here hers him his how however i i'm i've if in into is \
     it it's its just keep keeps know less let like likes lot made make makes many may me might mine more \
     most mostly much must my near never no nor not nothing now occasional occasionally of off often on \
     once one only onto or other others our ours out over own per prefer prefers quite rarely rather \
     really same say says seldom she should since so some something sometimes still such take takes than \
     that that's the their theirs them then there these they thing things this those though through to \
     too toward towards under until up upon us use used uses using usually very via was way we well went \
     were what when where whether which while who whom whose why will with within without would yet you \
     you're your yours typically slightly don't doesn't isn't can't won't didn't undefined null object \
     nan none",
    )
});

/// Verbs and participles that end a noun phrase.
static VERBS: Words = LazyLock::new(|| {
    listed(
        "add added adds agree agrees aim answers argue argues arrive arrives ask asking asks ate bake bakes beat beats \
     began begin begins believe believes bend bends bet blame blames blew bought break breaks bring brings broke \
     brought build builds built burn burns buy buys call calls came care cares carries carry catch caught change \
     changes choose chose climb climbs collects come comes comment cook cooks costs counts crash crashes create \
     created cross cut cuts deliver demonstrate depend depends deserve deserves die dies draw draws drew drink drive \
     drives drop drops drove eat eats end ends enjoy enjoys entertain exist exists expect explain explains fail fails \
     fall falls fear fears feed feeds feel feels fell felt fight find finds fix fixes flew flies fly follow follows \
     forget forgot found froze gave grew grow grows guess hang happen happens hate hates hear heard heat held help \
     helps hid hide hides hit hits hold holds hope hopes hurt hurts improve inform join joins jump jumps kept kill \
     kills knew know known knows land lands laugh lead leads learn learned learns leave leaves led left lend lift \
     lifts live lived lives lose loses lost love loves made make makes matter matters mean means meant measures meet \
     meets met miss misses mixed mood move moves need needs notice notices offer offers open opens owe owes own paid \
     pass passes pay pays persuade pick picks play plays posts prefer presents prioritize promise prove provides pull \
     pulls push put puts quit ran reach reaches read reads references remain remains remember remembers remind \
     reminds repairs replies reply respond responses rise rises rose run runs said sat save saves saw says seem seems \
     seen sell sells send sends sent set shake shares shine shook show shows shut sing sings sink sinks sit sits \
     sleep sleeps slept slow slows smell smells sold sound sounds speak speaks spend spent spoke spread stand stands \
     start starts stay stays stick stole stood stop stops struck stuck suits swim swims take takes talk talks taught \
     teach teaches tell tells think thinks thought threw throw throws told took touch try tries turn turns understand \
     understood value visit visits wait waits wake walk walks want wants warn wash watch watches wear went win wins \
     wish woke won wonder wonders wore work worked works worries worry write writes writing written wrote",
    )
});

/// Words of time, degree and manner: no subject either.
static LOOSE: Words = LazyLock::new(|| {
    listed(
        "topic worth afternoon ago anybody anyone anything anyway april august big breakfast bright busy christmas clear cold common \
     couple dark dawn day days dear december deep different difficult dinner early easy evening fast february few fine \
     five four free fresh friday front full great half hard heavy hello hey high hot hour hours huge huh humid january \
     july june kind large late lately later least less light little local long loud low lunch main march middle \
     midnight minute minutes moment monday month months morning much new nice night nights nobody noon november \
     october odd okay old open plain please quick quiet ready real recent regular rest right same saturday second \
     september serious sharp short simple single slow small social soft somebody someone soon strange strong sunday \
     sure tall ten third three thursday tiny today together tomorrow tonight top total tuesday twelve twenty twice \
     two usual various warm wednesday week weekend weeks wet whole wide wild wrong yeah year years yes yesterday young \
     honestly one six seven eight nine bit bits lot lots way ways part parts time times self anymore hi",
    )
});

static GLAD: Words = LazyLock::new(|| {
    listed(
        "agree amazing awesome beautiful best brave bright brilliant calm celebrate cheer clever congrats \
     congratulations cool delight delighted enjoy enjoyed excellent excited fair fantastic fine free \
     friend fun funny gentle glad gold good grateful great grow growth happy help helped helpful honest \
     hope hopeful improve improved inspiring interesting joy kind laugh like love loved lovely lucky neat \
     nice perfect pleased pretty proud recover rescue right safe smart smile solved strong succeed \
     success superb sweet thank thanks thrilled true useful warm welcome win wins wise wonderful works \
     yay breakthrough",
    )
});

static SAD: Words = LazyLock::new(|| {
    listed(
        "afraid alone anger angry annoying ashamed awful bad banned blame boring broken collapse complain \
     crash crisis cruel cry damage danger dead death decline dirty disappointed disaster dumb dull evil \
     fail failed failure fake fear fight fool fraud garbage hate hated hates horrible hurt idiot idiots \
     ignorant ill jealous kill lazy liar lie lies lonely lose loser losing loss lost mad mess miserable \
     nasty never nonsense outage pain panic pathetic poor problem ridiculous rude ruin ruined sad scam \
     scared shame shut sick spam stolen storm stupid suck sucks terrible threat tired trash ugly upset \
     useless war waste weak worried worse worst wrong",
    )
});

pub(crate) fn is_stop(word: &str) -> bool {
    STOP.contains(word)
}

pub(crate) fn is_verb(word: &str) -> bool {
    VERBS.contains(word)
}

/// Words of time, degree, manner or feeling.
pub(crate) fn is_feeling(word: &str) -> bool {
    LOOSE.contains(word) || GLAD.contains(word) || SAD.contains(word) && !matches!(word, "waste" | "storm" | "spam")
}

/// Lower-case words without punctuation; an apostrophe is part of its word.
pub(crate) fn words(text: &str) -> Vec<String> {
    let split = text.split(|c: char| !c.is_alphanumeric() && c != '\'' && c != '’');
    let bare = split.map(|word| word.trim_matches(['\'', '’']).to_lowercase().replace('’', "'"));
    bare.filter(|word| !word.is_empty()).collect()
}

/// Words that say something, as stems.
pub(crate) fn content_stems(text: &str) -> Vec<String> {
    let said = words(text).into_iter().filter(|word| word.chars().count() > 2 && !is_stop(word));
    said.map(|word| stem(&word)).collect()
}

/// Without the endings that do not change what a word is about.
pub(crate) fn stem(word: &str) -> String {
    let mut word = word.strip_suffix("'s").unwrap_or(word);
    if word.len() > 3 {
        if let Some(bare) = word.strip_suffix("ies").filter(|bare| bare.len() > 2) {
            return format!("{bare}y");
        }
        if !word.ends_with("ss") && !word.ends_with("us") {
            word = word.strip_suffix('s').unwrap_or(word);
        }
    }
    word.to_owned()
}

/// −1..=1: how glad or sad a text sounds, in steps of what is left after both are counted.
pub(crate) fn sentiment_milli(text: &str) -> i32 {
    let said = words(text);
    let mut sum = 0_i32;
    for (at, word) in said.iter().enumerate() {
        let sign = i32::from(GLAD.contains(word.as_str())) - i32::from(SAD.contains(word.as_str()));
        let before = at.checked_sub(1).and_then(|before| said.get(before)).map(String::as_str);
        let negated = before.is_some_and(|word| word == "not" || word == "no" || word.ends_with("n't"));
        sum += if negated { -sign } else { sign };
    }
    (sum * 400).clamp(-1_000, 1_000)
}

/// Length as X counts it, never less: everything beyond the Latin and neighbouring scripts counts 2.
pub(crate) fn weighted(text: &str) -> usize {
    let light = |c: char| matches!(c as u32, 0..=0x10ff | 0x2000..=0x200d | 0x2010..=0x201f | 0x2032..=0x2037);
    text.chars().map(|c| if light(c) { 1 } else { 2 }).sum()
}

pub(crate) fn is_emoji(c: char) -> bool {
    matches!(c as u32,
        0x1f000..=0x1faff | 0x2600..=0x27bf | 0x2b00..=0x2bff | 0x2300..=0x23ff | 0xfe0f | 0x200d | 0x20e3 | 0x3030 | 0x303d)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_sound_glad_or_sad() {
        for (text, wanted) in [
            ("what a wonderful, lovely day", 800),
            ("this is a stupid idea", -400),
            ("not a problem", -400),
            ("isn't good", -400),
            ("no problem at all", 400),
            ("the table is brown", 0),
            ("great great great great", 1_000),
        ] {
            assert_eq!(sentiment_milli(text), wanted, "{text}");
        }
    }

    #[test]
    fn stems_join_forms() {
        for (word, wanted) in
            [("maps", "map"), ("stories", "story"), ("glass", "glass"), ("keeper's", "keeper"), ("bus", "bus")]
        {
            assert_eq!(stem(word), wanted);
        }
    }

    #[test]
    fn weights_are_never_too_small() {
        assert_eq!(weighted("abc é — “x”"), 11);
        assert_eq!(weighted("日本"), 4);
        assert_eq!(weighted("🌊"), 2);
    }
}
