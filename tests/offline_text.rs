//! What the offline model writes over a week, measured: it never repeats itself, keeps to its persona, and can be
//! told from the others.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::{
    support::{self, list, original_agents},
    weeks::{originals, week},
};

fn words(text: &str) -> Vec<String> {
    let split = text.split(|c: char| !c.is_alphanumeric() && c != '\'');
    split.filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
}

fn posts(agent: &Value) -> Vec<&str> {
    let posts = list(agent, "posts").iter().filter(|post| post["kind"] == "post");
    posts.map(|post| post["text"].as_str().unwrap()).collect()
}

fn is_emoji(c: char) -> bool {
    matches!(c as u32, 0x1f000..=0x1faff | 0x2600..=0x27bf)
}

fn files(folder: &std::path::Path) -> BTreeMap<String, Value> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .filter(|path| path.extension().is_some_and(|ext| ext == "json"))
        .map(|path| serde_json::from_str::<Value>(&std::fs::read_to_string(path).unwrap()).unwrap())
        .map(|file| (file["id"].as_str().unwrap().to_owned(), file))
        .collect()
}

/// Both weeks with their agent files.
fn weeks() -> Vec<(&'static Value, BTreeMap<String, Value>)> {
    let mut weeks = vec![(week(), files(&support::fixtures().join("agents")))];
    if let (Some(report), Some(folder)) = (originals(), original_agents()) {
        weeks.push((report, files(&folder)));
    }
    weeks
}

fn texts(file: &Value, pointers: &[&str]) -> String {
    let mut out = String::new();
    for pointer in pointers {
        match file.pointer(pointer) {
            Some(Value::String(text)) => out.push_str(text),
            Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).for_each(|item| {
                out.push(' ');
                out.push_str(item);
            }),
            _ => {}
        }
        out.push(' ');
    }
    out
}

#[test]
fn no_two_posts_are_equal_and_words_keep_moving() {
    for (report, _) in weeks() {
        for agent in list(report, "agents") {
            let posts = posts(agent);
            let distinct: BTreeSet<String> = posts.iter().map(|text| text.to_lowercase()).collect();
            assert_eq!(distinct.len(), posts.len(), "{}", agent["id"]);
            let bigrams: Vec<(String, String)> = posts
                .iter()
                .flat_map(|text| {
                    words(text).windows(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect::<Vec<_>>()
                })
                .collect();
            let distinct: BTreeSet<&(String, String)> = bigrams.iter().collect();
            let share = distinct.len() as f64 / bigrams.len().max(1) as f64;
            assert!(share >= 0.6, "{}: {share}", agent["id"]);
        }
    }
}

#[test]
fn every_post_has_a_decent_shape() {
    for (report, files) in weeks() {
        for agent in list(report, "agents") {
            let file = &files[agent["id"].as_str().unwrap()];
            let allowed = |key: &str| {
                file.pointer(&format!("/style_guide/formatting/{key}")).and_then(Value::as_bool).unwrap_or(false)
            };
            for text in posts(agent) {
                let n = words(text).len();
                assert!((3..=60).contains(&n), "{n} words: {text}");
                for bad in ["{", "}", "[object", "undefined"] {
                    assert!(!text.contains(bad), "{text}");
                }
                assert!(allowed("uses_hashtags") || !text.contains('#'), "{text}");
                assert!(allowed("uses_emojis") || !text.chars().any(is_emoji), "{text}");
                for topic in
                    file.pointer("/style_guide/topics_to_avoid").and_then(Value::as_array).into_iter().flatten()
                {
                    let topic = topic.as_str().unwrap().to_lowercase();
                    assert!(!text.to_lowercase().contains(&topic), "{topic}: {text}");
                }
            }
            for post in list(agent, "posts") {
                assert!(post["weighted_length"].as_u64().unwrap() <= 280);
            }
        }
    }
}

#[test]
fn most_posts_are_about_what_the_agent_cares_for() {
    const STOP: &[&str] = &["about", "with", "that", "this", "from", "have", "what", "when", "their", "your", "into"];
    for (report, files) in weeks() {
        for agent in list(report, "agents") {
            let file = &files[agent["id"].as_str().unwrap()];
            let own = texts(file, &["/personality/interests", "/description", "/topics", "/personality/topics"]);
            let own: BTreeSet<String> =
                words(&own).into_iter().filter(|word| word.len() > 3 && !STOP.contains(&word.as_str())).collect();
            let posts = posts(agent);
            let about = posts.iter().filter(|text| words(text).iter().any(|word| own.contains(word))).count();
            let share = about as f64 / posts.len().max(1) as f64;
            assert!(share >= 0.7, "{}: {share}", agent["id"]);
        }
    }
}

/// Term counts of a text, scaled to length 1.
fn profile<'a>(texts: impl IntoIterator<Item = &'a str>) -> BTreeMap<String, f64> {
    let mut counts: BTreeMap<String, f64> = BTreeMap::new();
    for word in texts.into_iter().flat_map(words) {
        *counts.entry(word).or_default() += 1.0;
    }
    let length = counts.values().map(|n| n * n).sum::<f64>().sqrt().max(1e-9);
    counts.values_mut().for_each(|n| *n /= length);
    counts
}

fn likeness(a: &BTreeMap<String, f64>, b: &BTreeMap<String, f64>) -> f64 {
    a.iter().filter_map(|(word, weight)| Some(weight * b.get(word)?)).sum()
}

#[test]
fn a_post_can_be_told_from_the_others_agents() {
    for (report, files) in weeks() {
        // Agents without any personality have nothing to be told by.
        let bearing = list(report, "agents").iter().filter(|agent| {
            let file = &files[agent["id"].as_str().unwrap()];
            file.pointer("/personality/interests").and_then(Value::as_array).is_some_and(|list| list.len() >= 3)
        });
        let bearing: Vec<Vec<&str>> = bearing.map(posts).filter(|posts| posts.len() >= 4).collect();
        let (mut right, mut all) = (0, 0);
        for (own, texts) in bearing.iter().enumerate() {
            for (n, text) in texts.iter().enumerate() {
                let target = profile([*text]);
                // The post itself is left out of the profile it is compared with.
                let scores = bearing.iter().enumerate().map(|(other, texts)| {
                    let rest = texts.iter().enumerate().filter(|(m, _)| other != own || *m != n);
                    likeness(&target, &profile(rest.map(|(_, text)| *text)))
                });
                let best = scores.enumerate().max_by(|a, b| a.1.total_cmp(&b.1)).unwrap().0;
                right += usize::from(best == own);
                all += 1;
            }
        }
        assert!(right as f64 >= 0.8 * f64::from(all), "{right} of {all}");
    }
}
