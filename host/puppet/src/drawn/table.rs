//! The numbers behind a chart: for those who do not see it, and for those who want them exactly.

use super::escaped;

/// A table that scrolls where it is wider than the page. The first column names the rows.
pub fn table(caption: &str, header: &[&str], rows: &[Vec<String>]) -> String {
    let head: String = header.iter().map(|name| format!("<th scope=\"col\">{}</th>", escaped(name))).collect();
    let mut html = format!(
        "<div class=\"wide\"><table><caption>{}</caption><thead><tr>{head}</tr></thead><tbody>\n",
        escaped(caption)
    );
    for row in rows {
        html.push_str("<tr>");
        for (n, cell) in row.iter().enumerate() {
            let cell = escaped(cell);
            html.push_str(&if n == 0 { format!("<th scope=\"row\">{cell}</th>") } else { format!("<td>{cell}</td>") });
        }
        html.push_str("</tr>\n");
    }
    html + "</tbody></table></div>\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_names_rows_and_columns() {
        let html = table("Days", &["day", "posts"], &[vec!["<Mon>".to_owned(), "4".to_owned()]]);
        assert!(html.contains("<caption>Days</caption>") && html.contains("<th scope=\"col\">posts</th>"));
        assert!(html.contains("<tr><th scope=\"row\">&lt;Mon&gt;</th><td>4</td></tr>"), "{html}");
    }
}
