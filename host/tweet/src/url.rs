//! Where X sees a URL in a text: with `http(s)://`, or a bare ASCII host name; either way its last label is a
//! top-level domain that exists. Ends as X's do: not with a full stop, comma or unpaired bracket.

use std::{collections::BTreeSet, ops::Range, sync::LazyLock};

/// The root zone, lower-case, as of the day it was taken. What has been added since is no URL here.
static TOP_LEVEL: LazyLock<BTreeSet<&'static str>> =
    LazyLock::new(|| include_str!("tlds.txt").split_whitespace().collect());

/// All URLs of a text, in order, as byte ranges.
pub(crate) fn find(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let scheme = scheme_len(&text[at..]);
        let (start, host_at) = (at, at + scheme);
        let bare = scheme == 0;
        let host_len = host_len(&text[host_at..], bare);
        if host_len == 0 {
            // Full stops alone are passed at once: looking at each of them anew would take the square of their number.
            let stops = text[host_at..].len() - text[host_at..].trim_start_matches('.').len();
            at = (host_at + stops).max(at + next_len(text, at));
            continue;
        }
        let host_end = host_at + host_len;
        match domain_len(&text[host_at..host_end], text[host_end..].chars().next()) {
            Some(len) if may_begin(&text[..start], bare) => {
                let mut end = host_at + len;
                if end == host_end {
                    end += rest_len(&text[end..]);
                }
                found.push(start..end);
                at = end;
            }
            _ => at = host_end,
        }
    }
    found
}

/// All that could be followed: what X takes for a URL, and whatever else begins with `http(s)://` and does not end there, as
/// far as the next space. X may know more endings than are known here.
pub(crate) fn find_any(text: &str) -> Vec<Range<usize>> {
    let mut found = find(text);
    let mut at = 0;
    while at < text.len() {
        let scheme = scheme_len(&text[at..]);
        let len = text[at + scheme..].find(char::is_whitespace).unwrap_or(text.len() - at - scheme);
        if scheme == 0 || len == 0 {
            at += next_len(text, at);
            continue;
        }
        let end = at + scheme + len;
        if !found.iter().any(|known| known.start <= at && at < known.end) {
            found.retain(|known| known.end <= at || known.start >= end);
            found.push(at..end);
        }
        at = end;
    }
    found.sort_by_key(|range| range.start);
    found
}

fn next_len(text: &str, at: usize) -> usize {
    text[at..].chars().next().map_or(1, char::len_utf8)
}

/// Length of `http://` or `https://` at the beginning.
fn scheme_len(text: &str) -> usize {
    ["https://", "http://"]
        .into_iter()
        .find(|scheme| text.get(..scheme.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(scheme)))
        .map_or(0, str::len)
}

/// Whether a URL may follow this. `@`, `#` and `$` begin something else; a bare one also does not follow what
/// could be a part of it.
fn may_begin(before: &str, bare: bool) -> bool {
    let Some(last) = before.chars().next_back() else { return true };
    let joined = last.is_ascii_alphanumeric() || "@＠$#＃".contains(last) || matches!(last, '\u{202a}'..='\u{202e}');
    let inside = bare && "-_./".contains(last);
    !joined && !inside
}

/// Length of a run of labels and full stops at the beginning.
fn host_len(text: &str, bare: bool) -> usize {
    let of_host = |c: char| match c {
        '.' | '-' => true,
        '_' => !bare,
        c if c.is_ascii() => c.is_ascii_alphanumeric(),
        c => !bare && c.is_alphanumeric(),
    };
    let run = text.find(|c| !of_host(c)).unwrap_or(text.len());
    // The full stop of a sentence.
    text[..run].trim_end_matches('.').len()
}

/// Length of the longest domain that such a run begins with: at least two labels, the last a top-level domain.
fn domain_len(host: &str, next: Option<char>) -> Option<usize> {
    let mut longest = None;
    let mut end = 0;
    for (n, label) in host.split('.').enumerate() {
        if label.is_empty() || label.starts_with('-') {
            break;
        }
        let is_last = end + label.len() == host.len();
        // `me.example@…` is an address.
        let cut_off = is_last && matches!(next, Some('@' | '＠' | '+' | '_'));
        if n > 0 && is_top_level(label) && !cut_off {
            longest = Some(end + label.len());
        } else if n > 0 {
            // Other scripts may follow without a space.
            let ascii = label.find(|c: char| !c.is_ascii()).unwrap_or(label.len());
            if ascii < label.len() && is_top_level(&label[..ascii]) {
                longest = Some(end + ascii);
            }
        }
        end += label.len() + 1;
    }
    longest
}

fn is_top_level(label: &str) -> bool {
    let label = label.to_lowercase();
    label.starts_with("xn--") || TOP_LEVEL.contains(label.as_str())
}

/// Length of port, path and query at the beginning.
fn rest_len(text: &str) -> usize {
    let mut len = port_len(text);
    if text[len..].starts_with('/') {
        len += run_len(&text[len..], "!*';:=+,.$/%#[]-_~@|&");
    }
    if text[len..].starts_with('?') {
        let query = run_len(&text[len..], "!?*'@;:&=+$/%#[]-_.,~|");
        if query > 1 {
            len += query;
        }
    }
    len
}

fn port_len(text: &str) -> usize {
    let Some(digits) = text.strip_prefix(':') else { return 0 };
    let len = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    if len == 0 { 0 } else { len + 1 }
}

/// Length of letters, digits, `marks` and paired brackets, up to the last that may end a URL.
fn run_len(text: &str, marks: &str) -> usize {
    let (mut at, mut good_end) = (0, 0);
    while let Some(c) = text[at..].chars().next() {
        if c == '(' {
            let inside = text[at + 1..].find(|c: char| !allowed(c, marks)).map(|len| at + 1 + len);
            match inside {
                Some(close) if close > at + 1 && text[close..].starts_with(')') => {
                    at = close + 1;
                    good_end = at;
                    continue;
                }
                _ => break,
            }
        }
        if !allowed(c, marks) {
            break;
        }
        at += c.len_utf8();
        if c.is_alphanumeric() || "=_#/+-&".contains(c) {
            good_end = at;
        }
    }
    good_end
}

fn allowed(c: char, marks: &str) -> bool {
    // Latin and Cyrillic letters; other scripts end a URL.
    c.is_ascii_alphanumeric() || matches!(c, '\u{c0}'..='\u{24f}' | '\u{400}'..='\u{4ff}') || marks.contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_begins_as_a_url_could_be_followed() {
        let found = |text: &str| find_any(text).into_iter().map(|range| text[range].to_owned()).collect::<Vec<_>>();
        assert_eq!(found("go https://b.example/one now"), ["https://b.example/one"]);
        assert_eq!(found("(HTTP://localhost/x) and example.org."), ["HTTP://localhost/x)", "example.org"]);
        assert_eq!(found("https://example.org/a, https://"), ["https://example.org/a"]);
        assert_eq!(found("https://a.unknowntld@b.com/x y"), ["https://a.unknowntld@b.com/x"]);
        assert!(found("http: //b.example or b.example").is_empty());
    }

    #[test]
    fn urls_begin_and_end_where_x_says() {
        let cases: [(&str, &[&str]); 34] = [
            ("https://example.org", &["https://example.org"]),
            ("HTTPS://Example.ORG/Path", &["HTTPS://Example.ORG/Path"]),
            ("example.com", &["example.com"]),
            ("www.example.co.uk/a?b=c&d=e#f", &["www.example.co.uk/a?b=c&d=e#f"]),
            ("a.b and 3.14 and e.g. that", &[]),
            ("file.rs", &["file.rs"]),
            ("main.tar.gz", &[]),
            ("https://localhost/x", &[]),
            ("https://example.unknowntld/x", &[]),
            ("go to example.com.", &["example.com"]),
            ("go to example.com, now", &["example.com"]),
            ("example.com.Then", &["example.com"]),
            ("(https://example.org/x)", &["https://example.org/x"]),
            ("https://example.org/x_(y)", &["https://example.org/x_(y)"]),
            ("https://example.org/x), y", &["https://example.org/x"]),
            ("https://example.org/x!?", &["https://example.org/x"]),
            ("https://example.org?", &["https://example.org"]),
            ("https://example.org?q=1.", &["https://example.org?q=1"]),
            ("https://example.org/?q=1", &["https://example.org/?q=1"]),
            ("https://example.org:8080/x", &["https://example.org:8080/x"]),
            ("https://example.org: look", &["https://example.org"]),
            ("“https://example.org/x”", &["https://example.org/x"]),
            ("me@example.com", &[]),
            ("first.last@example.com", &[]),
            ("@example.com #example.com $example.com", &[]),
            ("xhttps://example.org", &[]),
            ("見てhttps://example.comを見て", &["https://example.com"]),
            ("見てexample.comを", &["example.com"]),
            ("https://example.org/pathを見て", &["https://example.org/path"]),
            ("https://日本.jp/x", &["https://日本.jp/x"]),
            ("https://my_site.example.com", &["https://my_site.example.com"]),
            ("https://example.xn--p1ai", &["https://example.xn--p1ai"]),
            ("https:// https://. ... .com", &[]),
            ("a.com/b c.com", &["a.com/b", "c.com"]),
        ];
        for (text, expected) in cases {
            let found: Vec<_> = find(text).into_iter().map(|range| &text[range]).collect();
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn the_list_is_lower_case_and_sorted() {
        let list: Vec<_> = include_str!("tlds.txt").split_whitespace().collect();
        assert!(list.is_sorted() && list.iter().all(|name| name.to_lowercase() == **name));
        assert!(
            list.len() > 1_000 && ["com", "de", "tv", "museum", "みんな"].iter().all(|name| TOP_LEVEL.contains(name))
        );
    }
}
