//! Reports as one HTML page with charts: for whoever has a browser and nothing else. Everything is in the file, nothing
//! is loaded from elsewhere; colours follow the reader's light or dark. Not here: what a report says.

mod axis;
mod bars;
mod lines;
mod page;
mod shares;
mod table;

use puppet_types::scrub;

pub use axis::grouped;
pub use bars::Bars;
pub use lines::{Line, Lines};
pub use page::{Page, Section};
pub use shares::{Share, Shares};
pub use table::table;

/// A text within HTML, also within an attribute: nothing in it is taken for markup. A credential in it is masked before:
/// afterwards it would not be recognised.
pub fn escaped(text: &str) -> String {
    let text = scrub::text(text);
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' => out.push(c),
            c if c.is_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// JSON within `<script>`: the same value, and no text in it ends the element or begins another.
fn embedded(json: &str) -> String {
    json.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_is_markup() {
        let hostile = "</script><img src=x onerror='a'>&\"\u{7}\n";
        assert_eq!(escaped(hostile), "&lt;/script&gt;&lt;img src=x onerror=&#39;a&#39;&gt;&amp;&quot;\u{fffd}\n");
        let json = serde_json::json!({ "text": "</script><!--&" });
        let inside = embedded(&json.to_string());
        assert!(!inside.contains(['<', '>', '&']));
        assert_eq!(serde_json::from_str::<serde_json::Value>(&inside).unwrap(), json);
    }
}
