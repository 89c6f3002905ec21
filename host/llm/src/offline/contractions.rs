//! The long forms of contractions, for those who speak formally.

const LONG: &[(&str, &str)] = &[
    ("can't", "cannot"),
    ("won't", "will not"),
    ("isn't", "is not"),
    ("aren't", "are not"),
    ("wasn't", "was not"),
    ("don't", "do not"),
    ("doesn't", "does not"),
    ("didn't", "did not"),
    ("hasn't", "has not"),
    ("haven't", "have not"),
    ("wouldn't", "would not"),
    ("couldn't", "could not"),
    ("shouldn't", "should not"),
    ("i'm", "I am"),
    ("i'd", "I would"),
    ("i've", "I have"),
    ("i'll", "I will"),
    ("you'd", "you would"),
    ("you're", "you are"),
    ("you've", "you have"),
    ("we're", "we are"),
    ("we'll", "we will"),
    ("we'd", "we would"),
    ("it's", "it is"),
    ("it'd", "it would"),
    ("it'll", "it will"),
    ("that's", "that is"),
    ("there's", "there is"),
    ("what's", "what is"),
    ("let's", "let us"),
    ("here's", "here is"),
    ("they're", "they are"),
    ("they've", "they have"),
    ("who's", "who is"),
];

/// A text without contractions.
pub(crate) fn spelled_out(text: &str) -> String {
    let each = text.split(' ').map(|token| {
        let word = token.trim_matches(|c: char| !c.is_alphanumeric() && c != '\'');
        let Some((_, long)) = LONG.iter().find(|(short, _)| *short == word.to_lowercase()) else {
            return token.to_owned();
        };
        let capital = word.chars().next().is_some_and(char::is_uppercase);
        let mut characters = long.chars();
        let first = characters.next().map(|c| if capital { c.to_uppercase().to_string() } else { c.to_string() });
        token.replace(word, &(first.unwrap_or_default() + characters.as_str()))
    });
    each.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    #[test]
    fn contractions_are_spelled_out() {
        let text = super::spelled_out("It's late, I'm off; they don't mind. \"That's\" all.");
        assert_eq!(text, "It is late, I am off; they do not mind. \"That is\" all.");
    }
}
