//! The page around the charts: one file, its style in it, and the data that it was drawn from.

use super::{embedded, escaped};

/// A part of a page.
pub struct Section {
    /// Its heading.
    pub heading: String,
    /// HTML: everything in it that somebody wrote was [`escaped`].
    pub body: String,
}

/// A page.
pub struct Page {
    /// What it is about.
    pub title: String,
    /// A sentence below it.
    pub lead: String,
    /// Its parts.
    pub sections: Vec<Section>,
    /// JSON that all of it was drawn from.
    pub data: String,
}

const STYLE: &str = include_str!("page.css");

impl Page {
    /// The file.
    pub fn html(&self) -> String {
        let title = escaped(&self.title);
        let sections: String = self
            .sections
            .iter()
            .map(|part| format!("<section><h2>{}</h2>\n{}</section>\n", escaped(&part.heading), part.body))
            .collect();
        format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n\
             <body>\n<main>\n<h1>{title}</h1>\n<p>{}</p>\n{sections}</main>\n\
             <script type=\"application/json\" id=\"data\">\n{}\n</script>\n</body>\n</html>\n",
            escaped(&self.lead),
            embedded(&self.data)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_holds_its_data_and_loads_nothing() {
        let data = "{\"text\": \"</script><b>\"}";
        let part = Section { heading: "Posts & likes".to_owned(), body: "<p>four</p>".to_owned() };
        let page =
            Page { title: "<Ada>".to_owned(), lead: "A week".to_owned(), sections: vec![part], data: data.to_owned() };
        let html = page.html();
        assert!(html.contains("<h1>&lt;Ada&gt;</h1>") && html.contains("<h2>Posts &amp; likes</h2>\n<p>four</p>"));
        let inside = html.split("id=\"data\">").nth(1).unwrap().split("</script>").next().unwrap();
        let (inside, data): (serde_json::Value, serde_json::Value) =
            (serde_json::from_str(inside).unwrap(), serde_json::from_str(data).unwrap());
        assert_eq!(inside, data);
        for loads in ["http", "src=", "href=", "@import", "url("] {
            assert!(!html.contains(loads), "{loads}");
        }
    }
}
