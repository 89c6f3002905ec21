//! Number and articles of noun phrases, as far as their endings tell.

/// Words that end the head of a phrase: what follows only describes it.
const AFTER_HEAD: &[&str] = &[
    "of", "on", "at", "by", "with", "in", "for", "from", "to", "about", "under", "over", "near", "behind", "nobody",
    "that", "who", "which", "without", "between", "into",
];
/// Singular in spite of their ending.
const SINGULAR: &[&str] =
    &["news", "series", "chess", "species", "means", "lens", "gas", "canvas", "atlas", "christmas", "texas"];
/// Plural in spite of theirs.
const PLURAL: &[&str] = &["people", "children", "men", "women", "mice", "feet", "teeth", "geese", "sheep", "police"];
/// Never counted.
const MASS: &[&str] = &[
    "news",
    "work",
    "life",
    "research",
    "music",
    "weather",
    "culture",
    "art",
    "history",
    "technology",
    "software",
    "hardware",
    "data",
    "rain",
    "snow",
    "wind",
    "water",
    "bread",
    "tea",
    "coffee",
    "food",
    "money",
    "traffic",
    "kelp",
    "sourdough",
    "flour",
    "dust",
    "fog",
    "frost",
    "wood",
    "radio",
    "football",
    "time",
    "law",
    "trade",
    "microfilm",
    "liquidity",
    "gossip",
    "bandwidth",
    "waste",
    "behaviour",
    "behavior",
    "patience",
    "safety",
    "literature",
    "static",
    "soup",
    "espresso",
    "nothing",
    "everything",
    "repair",
    "mail",
    "paper",
    "depth",
];
const MASS_ENDINGS: &[&str] =
    &["ing", "ness", "ity", "ism", "ics", "ware", "ship", "ence", "ance", "graphy", "ology", "hood", "dom"];

fn head(phrase: &str) -> Vec<String> {
    let lower = phrase.to_lowercase();
    let words = lower.split_whitespace().map(str::to_owned);
    let mut head: Vec<String> = Vec::new();
    for word in words {
        if !head.is_empty() && AFTER_HEAD.contains(&word.as_str()) {
            break;
        }
        head.push(word);
    }
    head
}

/// Whether a phrase speaks of many.
pub(crate) fn plural(phrase: &str) -> bool {
    let head = head(phrase);
    if head.iter().skip(1).any(|word| word == "and") {
        return true;
    }
    head.last().is_some_and(|last| many(last))
}

/// Whether one word has the look of a plural.
pub(crate) fn many(word: &str) -> bool {
    PLURAL.contains(&word)
        || word.len() > 3
            && word.ends_with('s')
            && !["ss", "us", "is", "ics", "'s"].iter().any(|ending| word.ends_with(ending))
            && !SINGULAR.contains(&word)
}

/// Whether a singular phrase needs no article.
pub(crate) fn mass(phrase: &str) -> bool {
    head(phrase).last().is_some_and(|last| {
        MASS.contains(&last.as_str())
            || last.len() > 4 && MASS_ENDINGS.iter().any(|ending| last.ends_with(ending))
            || last.ends_with("tion") && phrase.contains(' ')
    })
}

/// A phrase with the article that it needs inside a sentence; names stay as they are.
pub(crate) fn definite(phrase: &str) -> String {
    let first = phrase.split_whitespace().next().unwrap_or_default();
    let last = phrase.split_whitespace().last().unwrap_or_default();
    let article = ["a", "an", "the", "my", "our", "your", "his", "her", "their", "this", "that", "these", "some"];
    let name = last.chars().next().is_some_and(|c| c.is_uppercase() || c.is_numeric());
    if article.contains(&first.to_lowercase().as_str()) || name || plural(phrase) || mass(phrase) {
        phrase.to_owned()
    } else {
        format!("the {phrase}")
    }
}

/// `a` before a consonant, `an` before a vowel, wherever one of the two stands.
pub(crate) fn articles(text: &str) -> String {
    let words: Vec<&str> = text.split(' ').collect();
    let mut out: Vec<String> = Vec::with_capacity(words.len());
    for (at, word) in words.iter().enumerate() {
        let next = words.get(at + 1).map(|next| next.trim_start_matches(|c: char| !c.is_alphanumeric()));
        let right = match (*word, next.filter(|next| next.chars().next().is_some_and(char::is_alphabetic))) {
            ("a" | "an", Some(next)) => if vowel(next) { "an" } else { "a" }.to_owned(),
            ("A" | "An", Some(next)) => if vowel(next) { "An" } else { "A" }.to_owned(),
            _ => (*word).to_owned(),
        };
        out.push(right);
    }
    out.join(" ")
}

/// Whether a word is spoken with a vowel first.
fn vowel(word: &str) -> bool {
    let lower = word.to_lowercase();
    let spelled = word.chars().take(2).filter(|c| c.is_uppercase()).count() == 2;
    if spelled {
        return lower.starts_with(['a', 'e', 'f', 'h', 'i', 'l', 'm', 'n', 'o', 'r', 's', 'x']);
    }
    let silent = ["hour", "honest", "honour", "honor", "heir"].iter().any(|start| lower.starts_with(start));
    let glide = ["one", "once", "uni", "use", "usu", "eu", "ubiq"].iter().any(|start| lower.starts_with(start));
    silent || lower.starts_with(['a', 'e', 'i', 'o', 'u']) && (!glide || lower.starts_with("unin"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn number_is_read_from_the_head() {
        for (phrase, wanted) in [
            ("tide tables", true),
            ("moths at the lamp", true),
            ("frost on leeks", false),
            ("songs nobody knows", true),
            ("entertainment news", false),
            ("slippage and fees", true),
            ("the bookshelf by the window", false),
            ("chess night", false),
            ("physics", false),
        ] {
            assert_eq!(plural(phrase), wanted, "{phrase}");
        }
    }

    #[test]
    fn articles_fit() {
        assert_eq!(articles("a ordinary day, an union, a hour, an LLM, a MRI"), {
            "an ordinary day, a union, an hour, an LLM, an MRI"
        });
        for (phrase, wanted) in [
            ("technology breakthrough", "the technology breakthrough"),
            ("a big question", "a big question"),
            ("entertainment news", "entertainment news"),
            ("city lights", "city lights"),
            ("Bitcoin", "Bitcoin"),
            ("creative work", "creative work"),
        ] {
            assert_eq!(definite(phrase), wanted);
        }
    }
}
