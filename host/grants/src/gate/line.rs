//! A line of a plugin's log within its bounds: the message first, then as many fields as there is room for.

use puppet_types::LogLine;

use super::CallBounds;

/// Cuts a line to what is kept of it.
pub(super) fn cut(level: &str, message: &str, fields: Vec<(String, String)>, bounds: &CallBounds) -> LogLine {
    let end = message.floor_char_boundary(bounds.log_line_bytes);
    let mut left = bounds.log_line_bytes - end;
    let kept = fields.into_iter().take(bounds.log_fields).map_while(|(name, mut value)| {
        // A name is kept whole or not at all: half of it would be another.
        left = left.checked_sub(name.len())?;
        value.truncate(value.floor_char_boundary(left));
        left -= value.len();
        Some((name, value))
    });
    let fields = kept.collect();
    LogLine { level: level.to_owned(), message: message[..end].to_owned(), fields }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_and_its_fields_share_their_bytes() {
        let bounds = CallBounds { log_line_bytes: 8, log_fields: 2, ..CallBounds::default() };
        // (message, fields, what is kept of them)
        type Fields<'a> = &'a [(&'a str, &'a str)];
        let table: [(&str, Fields<'_>, &str, Fields<'_>); 6] = [
            ("four", &[("a", "1"), ("b", "2")], "four", &[("a", "1"), ("b", "2")]),
            ("four", &[("a", "1"), ("b", "2"), ("", "")], "four", &[("a", "1"), ("b", "2")]),
            ("four", &[("a", "12345"), ("b", "2")], "four", &[("a", "123")]),
            ("four", &[("a", "12é")], "four", &[("a", "12")]),
            ("seven c", &[("ab", "")], "seven c", &[]),
            ("nine char", &[("", "x")], "nine cha", &[("", "")]),
        ];
        for (message, fields, said, kept) in table {
            let owned = |fields: Fields<'_>| -> Vec<(String, String)> {
                fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
            };
            let line = cut("info", message, owned(fields), &bounds);
            assert_eq!((line.message.as_str(), line.fields), (said, owned(kept)), "{message} {fields:?}");
        }
    }
}
