//! What a text may hold: links and names stay, go, or are refused; and when two texts say the same.

use puppet_grants::Marks;
use unicode_normalization::UnicodeNormalization;

use super::{Policy, PolicyRefusal};
use crate::{Action, platform::names, url};

impl Policy {
    /// The action as it may leave.
    ///
    /// # Errors
    /// A text holds what it may not, or nothing is left of it.
    pub fn cleaned(&self, action: Action) -> Result<Action, PolicyRefusal> {
        Ok(match action {
            Action::Post { text, images } => Action::Post { text: self.text(text)?, images },
            Action::Reply { to, text, images } => Action::Reply { to, text: self.text(text)?, images },
            Action::Quote { of, text } => Action::Quote { of, text: self.text(text)? },
            Action::Thread { parts } => {
                let parts = parts.into_iter().map(|part| self.text(part));
                Action::Thread { parts: parts.collect::<Result<_, _>>()? }
            }
            other @ (Action::Like { .. } | Action::Delete { .. }) => other,
        })
    }

    /// A text of what has begun to leave by other rules: links and names that go, go; those that are refused now were let in
    /// when it began, and stay. None: nothing is left of it.
    pub fn begun(&self, text: &str) -> Option<String> {
        let lets_in = |rule: Marks| if rule == Marks::Refuse { Marks::Allow } else { rule };
        let policy = Self { links: lets_in(self.links), mentions: lets_in(self.mentions), ..Self::default() };
        policy.text(text.to_owned()).ok()
    }

    /// A text as it may leave.
    pub(crate) fn text(&self, text: String) -> Result<String, PolicyRefusal> {
        let mut text = text;
        // What is left where something was taken out is looked at again: each turn makes it shorter, or ends.
        loop {
            let before = text.clone();
            text = marked(text, self.mentions, PolicyRefusal::Mentions, names)?;
            text = marked(text, self.links, PolicyRefusal::Links, url::find_any)?;
            if text == before {
                break;
            }
        }
        if text.trim().is_empty() { Err(PolicyRefusal::Nothing) } else { Ok(text) }
    }
}

/// Every form in which an action may have left, whatever the rules were then: as it is first, and with links, names or both
/// taken out. Each once.
pub fn forms(action: &Action) -> Vec<Action> {
    let mut forms = vec![action.clone()];
    for (links, mentions) in [(Marks::Strip, Marks::Allow), (Marks::Allow, Marks::Strip), (Marks::Strip, Marks::Strip)]
    {
        let policy = Policy { links, mentions, ..Policy::default() };
        if let Ok(form) = policy.cleaned(action.clone())
            && !forms.contains(&form)
        {
            forms.push(form);
        }
    }
    forms
}

/// A text after a rule for what `find` finds in it.
fn marked(
    text: String,
    rule: Marks,
    refusal: PolicyRefusal,
    find: fn(&str) -> Vec<std::ops::Range<usize>>,
) -> Result<String, PolicyRefusal> {
    if rule == Marks::Allow {
        return Ok(text);
    }
    let found = find(&text);
    match (found.is_empty(), rule) {
        (true, _) => Ok(text),
        (false, Marks::Refuse) => Err(refusal),
        (false, _) => {
            let mut left = String::with_capacity(text.len());
            let mut at = 0;
            for range in found {
                left.push_str(text.get(at..range.start).unwrap_or_default());
                // What stood on both sides does not become one word.
                left.push(' ');
                at = range.end;
            }
            left.push_str(text.get(at..).unwrap_or_default());
            // What stood around it stands together now; lines stay.
            let lines = left.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
            Ok(lines.collect::<Vec<_>>().join("\n").trim().to_owned())
        }
    }
}

/// A text as it is compared with others: letters and digits, lower-case, whatever stands between them.
pub fn normalized(text: &str) -> String {
    let words = text.nfkc().collect::<String>().to_lowercase();
    let words = words.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect::<Vec<_>>();
    // Of nothing but signs, the signs.
    if words.is_empty() { text.split_whitespace().collect() } else { words.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_and_names_stay_go_or_are_refused() {
        let post = |text: &str| Action::Post { text: text.to_owned(), images: Vec::new() };
        let text = |action: Action| match action {
            Action::Post { text, .. } => text,
            other => panic!("{other:?}"),
        };
        let both = "Hi @ada, see https://example.org/x now\nmail me@example.org";
        let strip = Policy { links: Marks::Strip, mentions: Marks::Strip, ..Policy::default() };
        assert_eq!(text(strip.cleaned(post(both)).unwrap()), "Hi , see now\nmail me@example.org");
        assert_eq!(strip.cleaned(post("@ada https://example.org")), Err(PolicyRefusal::Nothing));
        for hidden in ["https:/@a/evil.com", "https://evil@b.com/x", "evil.@ada com @bob https:/@a/@b/evil.com/x"] {
            for links in [Marks::Refuse, Marks::Strip] {
                let policy = Policy { links, mentions: Marks::Strip, ..Policy::default() };
                if let Ok(left) = policy.cleaned(post(hidden)) {
                    let left = text(left);
                    assert!(url::find(&left).is_empty() && names(&left).is_empty(), "{hidden}: {left}");
                }
            }
        }
        let names_alone = Policy { mentions: Marks::Strip, ..Policy::default() };
        assert_eq!(
            text(names_alone.cleaned(post("https:/@a/evil")).unwrap()),
            "https:/ /evil",
            "nothing grows together"
        );
        let refuse = Policy { links: Marks::Refuse, ..Policy::default() };
        assert_eq!(refuse.cleaned(post(both)), Err(PolicyRefusal::Links));
        assert_eq!(refuse.cleaned(post("hi  @ada")), Ok(post("hi  @ada")), "what may stay stays as it is");
        let refuse = Policy { mentions: Marks::Refuse, ..Policy::default() };
        let thread = Action::Thread { parts: vec!["one".into(), "two @bob".into()] };
        assert_eq!(refuse.cleaned(thread), Err(PolicyRefusal::Mentions));
        assert_eq!(Policy::default().cleaned(post(both)), Ok(post(both)));
        let mixed = Policy { links: Marks::Refuse, mentions: Marks::Strip, ..Policy::default() };
        assert_eq!(mixed.begun("@ada see https://example.org").as_deref(), Some("see https://example.org"));
        assert_eq!(strip.begun("@ada https://example.org"), None);
    }

    #[test]
    fn texts_are_the_same_whatever_stands_between_their_words() {
        assert_eq!(normalized("Good  morning!\nHarbour…"), normalized("good morning, ＨARBOUR"));
        assert_ne!(normalized("good morning"), normalized("good mornings"));
        assert_ne!(normalized("🔥"), normalized("🌊"));
        assert_ne!(normalized("see example.org/1"), normalized("see example.org/2"));
    }
}
