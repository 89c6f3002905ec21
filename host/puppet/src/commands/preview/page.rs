//! The report as a page: what an operator asks first, then charts, posts to read, and the numbers.

use puppet_types::{Timestamp, scrub};

use super::{
    found::{DayRow, Peak, Preview, Sample},
    told,
};
use crate::{
    config::usd,
    drawn::{Bars, Line, Lines, Page, Section, Share, Shares, escaped, grouped, table},
    trouble::{Result, Trouble},
};

/// The file.
pub fn page(preview: &Preview) -> Result<String> {
    let json = serde_json::to_string_pretty(preview).map_err(Trouble::internal)?;
    let section = |heading: &str, body: String| Section { heading: heading.to_owned(), body };
    let mut sections = vec![section("At a glance", facts(preview)), section("Day by day", charts(preview))];
    if let Some(other) = &preview.against {
        let heading = format!("Beside {}, which lives here", told::whose(&other.agent));
        sections.push(section(&heading, table("Differences", &told::BESIDE, &told::beside(preview))));
    }
    sections.push(section("Posts", posts(&preview.samples)));
    sections.push(section("What it needs", needs(preview)));
    sections.push(section("The numbers", numbers(preview)));
    let page = Page {
        title: format!("Preview of {}", preview.agent.name),
        lead: told::lead(preview),
        sections,
        data: scrub::json(&json).into_owned(),
    };
    Ok(page.html())
}

fn facts(preview: &Preview) -> String {
    let facts = told::facts(preview).into_iter();
    let facts: String = facts
        .map(|(name, value)| format!("<div><dt>{}</dt><dd>{}</dd></div>", escaped(name), escaped(&value)))
        .collect();
    format!("<dl class=\"facts\">{facts}</dl>\n")
}

fn charts(preview: &Preview) -> String {
    let mut html = "<div class=\"charts\">\n".to_owned();
    html.push_str(&acts(preview));
    html.push_str(&by_day(preview, "Tokens per day", "tokens", |day| day.tokens as f64));
    // The offline model is free: nothing to draw, and the page says so above.
    if preview.usd_micros > 0 {
        html.push_str(&by_day(preview, "Dollars per day", "US dollars", |day| day.usd_micros as f64 / 1e6));
    }
    html.push_str(&memory(preview));
    if preview.mood.len() > 1 {
        html.push_str(&mood(preview));
    }
    html.push_str(&peaks(&preview.peaks));
    html + "</div>\n"
}

/// `01-05`.
fn date(at: Timestamp) -> String {
    at.to_string().chars().skip(5).take(5).collect()
}

fn dates(preview: &Preview) -> Vec<String> {
    preview.by_day.iter().map(|day| date(day.at)).collect()
}

fn acts(preview: &Preview) -> String {
    let values = |of: fn(&DayRow) -> u64| preview.by_day.iter().map(|day| of(day) as f64).collect();
    let totals = &preview.totals;
    let bars = Bars {
        title: "Posts, replies and likes per day",
        description: format!(
            "In all {} posts with threads and quotes, {} replies and {} likes.",
            totals.post + totals.thread + totals.quote,
            totals.reply,
            totals.like
        ),
        unit: "effects",
        below: "day (UTC)",
        names: dates(preview),
        series: vec![
            ("posts", values(|day| day.post + day.thread + day.quote)),
            ("replies", values(|day| day.reply)),
            ("likes", values(|day| day.like)),
        ],
    };
    bars.drawn()
}

fn by_day(preview: &Preview, title: &str, unit: &str, of: fn(&DayRow) -> f64) -> String {
    let values: Vec<f64> = preview.by_day.iter().map(of).collect();
    let most = values.iter().fold(0.0_f64, |most, value| most.max(*value));
    let description = format!("At the most {most} {unit} in a day.");
    let bars =
        Bars { title, description, unit, below: "day (UTC)", names: dates(preview), series: vec![(unit, values)] };
    bars.drawn()
}

fn memory(preview: &Preview) -> String {
    let evenings = (1_u32..).zip(&preview.by_day).map(|(n, day)| (f64::from(n), day.memory_bytes as f64 / 1e3));
    let points = std::iter::once((0.0, preview.memory_bytes_at_start as f64 / 1e3)).chain(evenings).collect();
    let lines = Lines {
        title: "Memory",
        description: format!(
            "From {} to {} bytes of memories.",
            grouped(preview.memory_bytes_at_start),
            grouped(preview.memory_bytes)
        ),
        unit: "kB",
        below: "days",
        until: preview.days,
        lines: vec![Line { name: "memories", points }],
    };
    lines.drawn()
}

fn mood(preview: &Preview) -> String {
    let time = |at: Timestamp| at.millis_since(preview.start) as f64 / 86_400_000.0;
    let line = |name, of: fn(&puppet_engine::report::MoodPoint) -> f64| Line {
        name,
        points: preview.mood.iter().map(|point| (time(point.at), of(point))).collect(),
    };
    let lines = Lines {
        title: "Mood",
        description: format!("{} moves of its mood.", preview.mood.len()),
        unit: "−1 to 1",
        below: "days",
        until: preview.days,
        lines: vec![
            line("valence", |point| point.valence),
            line("arousal", |point| point.arousal),
            line("dominance", |point| point.dominance),
        ],
    };
    lines.drawn()
}

fn peaks(peaks: &[Peak]) -> String {
    let used: Vec<&Peak> = peaks.iter().filter(|peak| peak.peak > 0).collect();
    let shares = Shares {
        title: "Peak of each budget against what it requests",
        description: format!("{} of {} budgets were used.", used.len(), peaks.len()),
        below: "of what it requests",
        rows: used.into_iter().map(share).collect(),
    };
    shares.drawn()
}

fn share(peak: &Peak) -> Share {
    let words = format!("{} of {}", told::amount(peak, peak.peak), told::amount(peak, peak.requested));
    Share { name: told::budget(peak), used: peak.peak, of: peak.requested, words }
}

fn posts(samples: &[Sample]) -> String {
    if samples.is_empty() {
        return "<p>It posted nothing.</p>\n".to_owned();
    }
    let post = |sample: &Sample| {
        let when = format!("{} · {} · weight {} · after {}", sample.at, sample.kind, sample.weight, sample.cause);
        format!("<div class=\"post\"><p>{}</p><p class=\"when\">{}</p></div>\n", escaped(&sample.text), escaped(&when))
    };
    samples.iter().map(post).collect()
}

fn needs(preview: &Preview) -> String {
    let refused = told::refused(preview);
    let mut html = String::new();
    for line in told::troubles(preview).into_iter().chain(refused) {
        html.push_str(&format!("<p>{}</p>\n", escaped(&line)));
    }
    html.push_str("<p>A grant that is enough for what it did, with some room:</p>\n");
    html + &format!("<pre>{}</pre>\n", escaped(&preview.suggested_grant))
}

fn numbers(preview: &Preview) -> String {
    let days: Vec<Vec<String>> = preview
        .by_day
        .iter()
        .map(|day| {
            let counts = [day.post, day.thread, day.quote, day.reply, day.like, day.tokens];
            let rest = [day.timers, day.timers_fired, day.memory_rows, day.memory_bytes];
            let counts = counts.into_iter().map(grouped);
            let money = std::iter::once(usd(day.usd_micros));
            std::iter::once(date(day.at)).chain(counts).chain(money).chain(rest.into_iter().map(grouped)).collect()
        })
        .collect();
    let header = [
        "day",
        "posts",
        "threads",
        "quotes",
        "replies",
        "likes",
        "tokens",
        "dollars",
        "timers set",
        "timers fired",
        "memories",
        "bytes",
    ];
    table("Each day", &header, &days) + &table("Budgets", &told::BUDGETS, &told::budgets(preview))
}
