//! `/errors/{code}`, to which `type` of a problem leads: what the code means. It is told from the pages of the reference, so that
//! there is no second truth.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    sync::{Arc, LazyLock},
};

use axum::{
    extract::Path,
    http::header,
    response::{IntoResponse as _, Response},
};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::App,
    fault::{Fault, Result},
};

/// Its routes.
pub fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(page))
}

/// A row of a table of the reference.
struct Meaning {
    /// `404`; of a command its exit code, or where it has none of its own `as told`.
    number: &'static str,
    is_status: bool,
    /// Codes that share the row.
    codes: Vec<&'static str>,
    words: &'static str,
}

static MEANINGS: LazyLock<Vec<Meaning>> = LazyLock::new(|| {
    let of_api = include_str!("../../../docs/reference/api-errors.md");
    let of_commands = include_str!("../../../docs/reference/exit-codes.md");
    let mut rows: Vec<_> = of_api.lines().filter_map(|line| read(line, true)).collect();
    rows.extend(of_commands.lines().filter_map(|line| read(line, false)));
    rows
});

/// The rows in which each code stands: that of the API before that of commands.
static BY_CODE: LazyLock<BTreeMap<&str, Vec<&Meaning>>> = LazyLock::new(|| {
    let mut by_code: BTreeMap<&str, Vec<&Meaning>> = BTreeMap::new();
    for meaning in MEANINGS.iter() {
        for code in &meaning.codes {
            by_code.entry(code).or_default().push(meaning);
        }
    }
    by_code
});

/// ``| `code`, [`code`](page) | number | words |``; any other line is none.
fn read(line: &'static str, is_status: bool) -> Option<Meaning> {
    let mut cells = line.strip_prefix("| ")?.strip_suffix('|')?.splitn(3, " | ");
    let (codes, number, words) = (cells.next()?, cells.next()?, cells.next()?);
    let is_codes = codes.starts_with('`') || codes.starts_with("[`");
    let codes = codes.split('`').skip(1).step_by(2).collect();
    is_codes.then_some(Meaning { number, is_status, codes, words: words.trim() })
}

/// What a code of an error means.
#[utoipa::path(get, path = "/errors/{code}", tag = "description", params(
    ("code" = String, Path, description = "`code` of a problem."),
), responses(
    (status = 200, description = "The page.", body = String, content_type = "text/html"),
    (status = 404, description = "There is no such code."),
))]
async fn page(Path(code): Path<String>) -> Result<Response> {
    let Some((code, meanings)) = BY_CODE.get_key_value(code.as_str()) else {
        return Err(Fault::not_found("no-route", "there is no such code of an error", "take `type` of a problem"));
    };
    let media = [(header::CONTENT_TYPE, "text/html; charset=utf-8")];
    Ok((media, html(code, meanings)).into_response())
}

fn html(code: &str, meanings: &[&Meaning]) -> String {
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{code} · Puppet Engine</title>\n\
         <link rel=\"icon\" href=\"/assets/favicon.svg\" type=\"image/svg+xml\">\n\
         <link rel=\"stylesheet\" href=\"/assets/css/tokens.css\">\n<link rel=\"stylesheet\" href=\"/assets/css/base.css\">\n\
         <link rel=\"stylesheet\" href=\"/assets/css/docs.css\">\n</head>\n<body>\n<main class=\"docs\">\n<h1><code>{code}</code></h1>\n"
    );
    for meaning in meanings {
        let Meaning { number, is_status, codes, words } = meaning;
        let head = match (is_status, number.starts_with(|first: char| first.is_ascii_digit())) {
            (true, _) => format!("Status {number}"),
            (false, true) => format!("A command ends with {number}"),
            (false, false) => "Of a command".to_owned(),
        };
        let _ = writeln!(page, "<h2>{head}</h2>\n<p>{}</p>", inline(words));
        if codes.len() > 1 {
            let codes: Vec<_> = codes.iter().map(|code| format!("<code>{code}</code>")).collect();
            let _ = writeln!(page, "<p>In this order of: {}.</p>", codes.join(", "));
        }
    }
    page.push_str(
        "<p>What was wrong this time is <code>detail</code> of the answer, and what to do about it <code>remedy</code>.</p>\n\
         <p><a href=\"/api/v1/docs\">The API</a> · <a href=\"/\">The dashboard</a></p>\n</main>\n</body>\n</html>\n",
    );
    page
}

/// The text of a cell: code stays code, of a link the words stay.
fn inline(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for (at, part) in text.split('`').enumerate() {
        let part = part.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        if at % 2 == 1 {
            let _ = write!(html, "<code>{part}</code>");
        } else {
            html.push_str(&part);
        }
    }
    // `[words](place)`: places are pages of the book, which is not here.
    let mut plain = String::with_capacity(html.len());
    let mut rest = html.as_str();
    while let Some((before, words, after)) = link(rest) {
        plain.push_str(before);
        plain.push_str(words);
        rest = after;
    }
    plain.push_str(rest);
    plain
}

fn link(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once('[')?;
    let (words, rest) = rest.split_once("](")?;
    let (_, after) = rest.split_once(')')?;
    Some((before, words, after))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{auth::Role, testing::Scene};

    #[tokio::test]
    async fn the_type_of_a_problem_leads_to_what_it_means() {
        let scene = Scene::new().await;
        let wrong = scene.get(Some(Role::Viewer), "/api/v1/journal?limit=0").await;
        let problem = wrong.json();
        let (code, place) = (problem["code"].as_str().unwrap(), problem["type"].as_str().unwrap());
        let got = scene.get(None, place).await;
        assert_eq!((got.status, got.header("content-type")), (200, Some("text/html; charset=utf-8")));
        let page = std::str::from_utf8(&got.body).unwrap();
        assert!(page.contains(&format!("<h1><code>{code}</code></h1>")) && page.contains("Status 400"), "{page}");
        scene.get(None, "/errors/no-such-code").await.is_fault(404, "no-route");
        scene.get(None, "/errors/code").await.is_fault(404, "no-route");
    }

    #[test]
    fn of_both_pages_every_row_is_read() {
        assert!(BY_CODE.len() > 150, "{}", BY_CODE.len());
        let both = &BY_CODE["unknown-key-id"];
        assert_eq!(both.iter().map(|meaning| meaning.is_status).collect::<Vec<_>>(), [true, false]);
        for (code, meanings) in BY_CODE.iter() {
            assert!(code.bytes().all(|byte| byte.is_ascii_lowercase() || b"-0123456789".contains(&byte)), "{code}");
            assert!(!html(code, meanings).contains("]("), "{code}");
            for meaning in meanings {
                assert!(meaning.number.len() < 20 && !meaning.words.starts_with('|'), "{code}: {}", meaning.number);
                let numbers = || meaning.number.split(", ");
                assert!(!meaning.is_status || numbers().all(|number| number.parse::<u16>().is_ok()), "{code}");
            }
        }
    }

    #[test]
    fn words_of_a_cell_become_no_markup() {
        assert_eq!(
            inline("of a [pack](../a.md#b) <x>, `Vec<u8>` & [`run`](c.md)"),
            "of a pack &lt;x&gt;, <code>Vec&lt;u8&gt;</code> &amp; <code>run</code>"
        );
    }
}
