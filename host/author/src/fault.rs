//! What is wrong with a file that an author wrote: where, what, and what to do.

/// See the head of this file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// From 1; none where it is about the whole file.
    pub line: Option<usize>,
    /// The key, where it is about one.
    pub field: Option<String>,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub remedy: String,
}

impl Fault {
    /// About the whole file.
    pub fn new(message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { line: None, field: None, message: message.into(), remedy: remedy.into() }
    }

    /// On a line.
    #[must_use]
    pub fn on(mut self, line: usize) -> Self {
        self.line = Some(line);
        self
    }

    /// Of a key.
    #[must_use]
    pub fn of(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }
}

/// The line of a place in a text, from 1.
pub fn line_of(text: &str, at: usize) -> usize {
    1 + text.bytes().take(at).filter(|byte| *byte == b'\n').count()
}

/// The known word that is meant, or all of them.
pub fn meant(word: &str, known: &[&str]) -> String {
    let nearest = known.iter().map(|known| (strsim::damerau_levenshtein(word, known), known)).min();
    match nearest {
        Some((distance, known)) if distance <= 1 + word.chars().count() / 3 => format!("did you mean `{known}`?"),
        _ => format!("known here: {}", known.join(", ")),
    }
}

/// An error of the reader of TOML. What it says of an unknown key is turned into a remedy.
pub fn of_toml(error: &toml::de::Error, text: &str) -> Fault {
    let message = error.message();
    let (message, remedy) = match message.split_once(", expected ") {
        Some((unknown, expected)) if unknown.starts_with("unknown ") => {
            let quoted =
                |text: &str| -> Vec<String> { text.split('`').skip(1).step_by(2).map(str::to_owned).collect() };
            let known = quoted(expected);
            let known: Vec<&str> = known.iter().map(String::as_str).collect();
            let word = quoted(unknown).into_iter().next().unwrap_or_default();
            (unknown.to_owned(), meant(&word, &known))
        }
        _ => {
            (message.trim().replace('\n', " "), "docs/reference/scenario.md shows how a scenario is written".to_owned())
        }
    };
    let fault = Fault::new(message, remedy);
    match error.span() {
        Some(span) => fault.on(line_of(text, span.start)),
        None => fault,
    }
}
