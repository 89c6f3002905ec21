//! An `.env` as the original's reader takes it (npm `dotenv`): a `$` is a `$`, quotes go, a comment follows a blank value or an
//! unquoted one. A line that it would pass over in silence is told.

/// A line that sets something. The value may be a credential.
#[derive(PartialEq, Eq)]
pub struct Variable {
    /// From 1.
    pub line: usize,
    /// `OPENAI_API_KEY`.
    pub name: String,
    /// Without quotes.
    pub value: String,
}

/// Every variable in order; or the line that sets nothing.
///
/// # Errors
/// The number of the first line that is neither blank, nor a comment, nor `NAME=value`.
pub fn variables(text: &str) -> Result<Vec<Variable>, usize> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let (mut rest, mut line, mut out) = (text, 1, Vec::new());
    while !rest.is_empty() {
        let taken = match rest.split('\n').next().unwrap_or_default().trim() {
            blank if blank.is_empty() || blank.starts_with('#') => rest.find('\n').unwrap_or(rest.len()),
            _ => {
                let (name, at) = name(rest).ok_or(line)?;
                let (value, length) = value(&rest[at..]);
                out.push(Variable { line, name: name.to_owned(), value });
                at + length
            }
        };
        line += rest[..taken].matches('\n').count() + 1;
        rest = rest[taken..].strip_prefix('\n').unwrap_or_default();
    }
    Ok(out)
}

/// The name at the beginning of a line, and where its value begins.
fn name(text: &str) -> Option<(&str, usize)> {
    let line = text.split('\n').next()?;
    let start = line.trim_start();
    let start = start.strip_prefix("export").filter(|rest| rest.starts_with([' ', '\t'])).unwrap_or(start).trim_start();
    let end = start.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'))).unwrap_or(start.len());
    let (name, after) = start.split_at(end);
    let after = after.trim_start();
    let colon = after.strip_prefix(':').filter(|rest| rest.starts_with([' ', '\t']));
    let value = after.strip_prefix('=').or(colon)?;
    (!name.is_empty()).then(|| (name, line.len() - value.len()))
}

/// The value, and how far it goes.
fn value(text: &str) -> (String, usize) {
    let start = text.len() - text.trim_start_matches([' ', '\t']).len();
    if let Some((value, length)) = quoted(&text[start..]) {
        return (value, start + length);
    }
    let line = text.split('\n').next().unwrap_or_default();
    (line.split('#').next().unwrap_or_default().trim().to_owned(), line.len())
}

/// A value in quotes, which may go over several lines; only a comment may follow it.
fn quoted(text: &str) -> Option<(String, usize)> {
    let quote = text.chars().next().filter(|c| matches!(c, '\'' | '"' | '`'))?;
    let mut escaped = false;
    let end = text.char_indices().skip(1).find_map(|(at, c)| {
        let closes = c == quote && !escaped;
        escaped = c == '\\' && !escaped;
        closes.then_some(at)
    })?;
    let after = text[end + 1..].split('\n').next()?;
    if !(after.trim().is_empty() || after.trim_start().starts_with('#')) {
        return None;
    }
    let inner = &text[1..end];
    let value = if quote == '"' { inner.replace("\\n", "\n").replace("\\r", "\r") } else { inner.to_owned() };
    Some((value, end + 1 + after.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(line: &str) -> Option<(String, String)> {
        let mut all = variables(line).ok()?;
        assert!(all.len() < 2);
        all.pop().map(|variable| (variable.name, variable.value))
    }

    #[test]
    fn a_value_is_what_the_original_read() {
        let table = [
            ("A=plain", "A", "plain"),
            ("A = spaced out  # why", "A", "spaced out"),
            ("export A=b", "A", "b"),
            ("exported=b", "exported", "b"),
            ("A=p$HOME${X}", "A", "p$HOME${X}"),
            ("A=\"two\\nlines # no comment\" # one", "A", "two\nlines # no comment"),
            ("A='raw\\n'", "A", "raw\\n"),
            ("A=`a\"b'c`", "A", "a\"b'c"),
            ("A=\"over\ntwo\"", "A", "over\ntwo"),
            ("A=\"open", "A", "\"open"),
            ("A=\"a\" b", "A", "\"a\" b"),
            ("A=", "A", ""),
            ("A: yaml", "A", "yaml"),
            ("TWITTER_USERNAME_news-bot=x\r\n", "TWITTER_USERNAME_news-bot", "x"),
            ("A={\"k\": 1}", "A", "{\"k\": 1}"),
        ];
        for (line, name, value) in table {
            assert_eq!(one(line), Some((name.to_owned(), value.to_owned())), "{line}");
        }
        assert_eq!(one("# A=b\n\n  "), None);
    }

    #[test]
    fn lines_are_counted_and_what_sets_nothing_is_told() {
        let all = variables("\u{feff}# first\nA=\"x\ny\"\n\nB=2\n").ok().unwrap();
        let lines: Vec<_> = all.iter().map(|variable| (variable.name.as_str(), variable.line)).collect();
        assert_eq!(lines, [("A", 2), ("B", 5)]);
        for (text, line) in [("A=1\nB", 2), ("=1", 1), ("A=1\n\n b c=2\n", 3), ("A:b", 1)] {
            assert_eq!(variables(text).err(), Some(line), "{text}");
        }
    }
}
