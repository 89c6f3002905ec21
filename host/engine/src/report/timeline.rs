//! `timeline.md`: what a person reads after a simulation.

use std::{collections::BTreeMap, fmt::Write as _};

use puppet_types::counted;

use super::{PostRow, Report};

/// The posts of all agents in order, by day, with likes counted.
pub fn timeline(report: &Report) -> String {
    let mut likes: BTreeMap<&str, u32> = BTreeMap::new();
    let mut texts: BTreeMap<&str, (&str, &str)> = BTreeMap::new();
    let mut posts: Vec<(&str, &PostRow)> = Vec::new();
    for agent in &report.agents {
        for like in &agent.likes {
            *likes.entry(like.post.as_str()).or_default() += 1;
        }
        for post in &agent.posts {
            texts.insert(post.id.as_str(), (agent.name.as_str(), post.text.as_str()));
            posts.push((agent.name.as_str(), post));
        }
    }
    posts.sort_by(|a, b| (a.1.at, &a.1.id).cmp(&(b.1.at, &b.1.id)));
    let mut out = format!(
        "# {} from {}\n\n{}, seed {}. Texts by the offline model: sentences from each persona's own words.\n",
        counted(report.days, "day", "days"),
        day(&report.start.to_string()),
        counted(report.agents.len(), "agent", "agents"),
        report.seed
    );
    let mut today = String::new();
    for (name, post) in posts {
        let at = post.at.to_string();
        if day(&at) != today {
            today = day(&at).to_owned();
            let _ = write!(out, "\n## {today}\n");
        }
        let what = match (post.kind, &post.in_reply_to, &post.quotes) {
            ("reply", Some(to), _) => about("to", to, &texts),
            ("quote", _, Some(of)) => about("on", of, &texts),
            ("thread", ..) => " · thread".to_owned(),
            _ => String::new(),
        };
        let liked = likes.get(post.id.as_str()).map_or_else(String::new, |n| format!(" · {n} ♥"));
        let text = post.text.replace('\n', "\n> ");
        let _ = write!(out, "\n**{name}** {}{what}{liked}\n> {text}\n", &at[11..16]);
    }
    out
}

fn day(at: &str) -> &str {
    at.get(..10).unwrap_or(at)
}

fn about(word: &str, id: &str, texts: &BTreeMap<&str, (&str, &str)>) -> String {
    let Some((name, text)) = texts.get(id) else { return String::new() };
    let start: String = text.chars().take(48).collect();
    let dots = if start.len() < text.len() { "…" } else { "" };
    format!(" · {word} {name}: *{}{dots}*", start.replace('\n', " ").trim_end())
}
