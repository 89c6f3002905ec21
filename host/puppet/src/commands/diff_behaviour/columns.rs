//! Two lists of decisions side by side: which belongs to which, and how they stand in columns. Pure: what is printed is
//! put together here, in which colour is said elsewhere.

use std::borrow::Cow;

use puppet_types::{Decision, NumberedDecision, PostRef, StateBytes};

/// What stands on one line, or below each other where it is long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Of the old one.
    pub old: Option<String>,
    /// Of the new one.
    pub new: Option<String>,
}

/// How the two of a row go together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// The same.
    Same,
    /// Another.
    Other,
    /// Only the old one has it.
    Gone,
    /// Only the new one has it.
    Added,
}

/// A printed line: the left column, as wide as it is to be, and the right one.
#[derive(Debug, PartialEq, Eq)]
pub struct Line {
    /// How the row of it goes together.
    pub mark: Mark,
    /// Padded.
    pub old: String,
    /// Not padded.
    pub new: String,
}

/// Lines of one decision that are printed at most.
const MOST_LINES: usize = 12;
/// And of one that is the same in both.
const OF_SAME: usize = 2;
/// Narrower a column is of no use.
const NARROWEST: usize = 16;
/// What stands left of the columns, and between them.
const AROUND: usize = 2 + 3;

impl Row {
    /// How they go together.
    pub fn mark(&self) -> Mark {
        match (&self.old, &self.new) {
            (Some(old), Some(new)) if old == new => Mark::Same,
            (Some(_), None) => Mark::Gone,
            (None, Some(_)) => Mark::Added,
            _ => Mark::Other,
        }
    }
}

impl Mark {
    /// Between the columns.
    pub fn sign(self) -> char {
        match self {
            Self::Same => '│',
            Self::Other => '≠',
            Self::Gone => '<',
            Self::Added => '>',
        }
    }
}

/// What was decided, in order: the same beside the same, else one of a kind beside one of that kind.
pub fn rows(old: &[NumberedDecision], new: &[NumberedDecision]) -> Vec<Row> {
    aligned(old, new).into_iter().map(|(old, new)| row(old, new)).collect()
}

fn row(old: Option<&Decision>, new: Option<&Decision>) -> Row {
    let (short_old, short_new) = (old.map(words), new.map(words));
    // What makes them differ does not stand in the words.
    if old != new && short_old == short_new {
        return Row { old: old.map(whole), new: new.map(whole) };
    }
    Row { old: short_old, new: short_new }
}

/// Kind and what people want to know of it.
fn words(decision: &Decision) -> String {
    let about = |of: &PostRef| match of {
        PostRef::Id(id) => format!("to {id}"),
        PostRef::Decision(n) => format!("to decision {n}"),
    };
    let said = match decision {
        Decision::Thread { parts } => parts.join("\n"),
        Decision::Like { of } | Decision::Delete { of } => about(of),
        Decision::PutState { version, data: StateBytes::Text(text) } => format!("version {version}: {text}"),
        Decision::SetTimer { name, next, .. } => format!("{name} at {next}"),
        Decision::Swap { intent, origin } => format!("{intent} ({})", origin.name()),
        Decision::AdjustRelationship { target, change } => format!(
            "@{target}: sentiment {:+}, familiarity {:+}, trust {:+}",
            change.sentiment, change.familiarity, change.trust
        ),
        other => match other.text() {
            Some(text) => text.to_owned(),
            None => return whole(other),
        },
    };
    format!("{}  {said}", decision.kind())
}

/// Everything of it.
fn whole(decision: &Decision) -> String {
    let body = serde_json::to_value(decision).unwrap_or_default();
    format!("{}  {}", decision.kind(), body["body"])
}

type Pair<'a> = (Option<&'a Decision>, Option<&'a Decision>);

/// The pairing in which most are the same, then most of one kind.
fn aligned<'a>(old: &'a [NumberedDecision], new: &'a [NumberedDecision]) -> Vec<Pair<'a>> {
    const SAME: u32 = 1 << 16;
    let worth = |o: usize, n: usize| match (&old[o].decision, &new[n].decision) {
        (one, other) if one == other => SAME,
        (one, other) => u32::from(one.kind() == other.kind()),
    };
    // The best from here to the end of each.
    let mut best = vec![vec![0_u32; new.len() + 1]; old.len() + 1];
    for o in (0..old.len()).rev() {
        for n in (0..new.len()).rev() {
            let paired = worth(o, n).saturating_add(if worth(o, n) > 0 { best[o + 1][n + 1] } else { 0 });
            best[o][n] = paired.max(best[o + 1][n]).max(best[o][n + 1]);
        }
    }
    let (mut o, mut n, mut pairs) = (0, 0, Vec::new());
    while o < old.len() || n < new.len() {
        let both = o < old.len() && n < new.len();
        if both && worth(o, n) > 0 && best[o][n] == worth(o, n).saturating_add(best[o + 1][n + 1]) {
            pairs.push((Some(&old[o].decision), Some(&new[n].decision)));
            (o, n) = (o + 1, n + 1);
        } else if n == new.len() || (o < old.len() && best[o + 1][n] >= best[o][n + 1]) {
            pairs.push((Some(&old[o].decision), None));
            o += 1;
        } else {
            pairs.push((None, Some(&new[n].decision)));
            n += 1;
        }
    }
    pairs
}

/// A row as lines of a terminal that is so wide.
pub fn lines(row: &Row, width: usize) -> Vec<Line> {
    let column = (width.saturating_sub(AROUND) / 2).max(NARROWEST);
    let most = if row.mark() == Mark::Same { OF_SAME } else { MOST_LINES };
    let (old, new) = (wrapped(row.old.as_deref(), column, most), wrapped(row.new.as_deref(), column, most));
    let cell = |lines: &[String], n: usize| lines.get(n).cloned().unwrap_or_default();
    let one = |n| Line { mark: row.mark(), old: padded(cell(&old, n), column), new: cell(&new, n) };
    (0..old.len().max(new.len())).map(one).collect()
}

fn wrapped(text: Option<&str>, column: usize, most: usize) -> Vec<String> {
    let Some(text) = text else { return Vec::new() };
    let text = text.replace('\t', " ");
    let options = textwrap::Options::new(column).subsequent_indent("  ");
    let mut lines: Vec<String> = textwrap::wrap(&text, options).into_iter().map(Cow::into_owned).collect();
    if lines.len() > most {
        let more = lines.len() - most + 1;
        lines.truncate(most - 1);
        lines.push(format!("  … {more} more lines"));
    }
    lines
}

fn padded(cell: String, column: usize) -> String {
    let gap = column.saturating_sub(textwrap::core::display_width(&cell));
    cell + &" ".repeat(gap)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn post(text: &str) -> Decision {
        Decision::Post { text: text.to_owned(), images: Vec::new() }
    }

    fn mood() -> Decision {
        Decision::ShiftMood { valence: 0.5, arousal: 0.0, dominance: 0.0, cause: "tea".to_owned() }
    }

    fn numbered(decisions: &[Decision]) -> Vec<NumberedDecision> {
        decisions.iter().zip(0..).map(|(decision, n)| NumberedDecision { n, decision: decision.clone() }).collect()
    }

    fn told(old: &[Decision], new: &[Decision]) -> Vec<(Mark, String, String)> {
        let rows = rows(&numbered(old), &numbered(new)).into_iter();
        rows.map(|row| (row.mark(), row.old.unwrap_or_default(), row.new.unwrap_or_default())).collect()
    }

    #[test]
    fn the_same_stands_beside_the_same_and_a_kind_beside_its_kind() {
        let row = |mark, old: &str, new: &str| (mark, old.to_owned(), new.to_owned());
        assert_eq!(
            told(&[post("a"), mood(), post("b")], &[mood(), post("c"), post("d")]),
            [
                row(Mark::Gone, "post  a", ""),
                row(Mark::Same, "shift_mood  tea", "shift_mood  tea"),
                row(Mark::Other, "post  b", "post  c"),
                row(Mark::Added, "", "post  d"),
            ]
        );
        assert_eq!(told(&[], &[Decision::ClearState {}]), [row(Mark::Added, "", "clear_state  {}")]);
    }

    #[test]
    fn what_differs_is_shown_where_the_words_do_not_say_it() {
        let less = Decision::ShiftMood { valence: 0.25, arousal: 0.0, dominance: 0.0, cause: "tea".to_owned() };
        let [(mark, old, new)] = told(&[mood()], &[less]).try_into().unwrap();
        assert_eq!(mark, Mark::Other);
        assert!(old.contains("\"valence\":0.5") && new.contains("\"valence\":0.25"), "{old} {new}");
    }

    #[test]
    fn columns_line_up_whatever_the_text_and_the_width() {
        let long = "post  Thé à cinq heures, 茶 and cake, for everybody who comes along.";
        let row = Row { old: Some(long.to_owned()), new: Some("post  No.".to_owned()) };
        for width in [10, 40, 80, 200] {
            let column = (width.max(AROUND + 2 * NARROWEST) - AROUND) / 2;
            let lines = lines(&row, width);
            assert!(lines.iter().all(|line| textwrap::core::display_width(&line.old) == column), "{lines:?}");
            let words: Vec<&str> = lines.iter().flat_map(|line| line.old.split_whitespace()).collect();
            assert_eq!(words, long.split_whitespace().collect::<Vec<_>>());
            assert_eq!(lines[0].new, "post  No.");
        }
        let endless = Row { old: None, new: Some("word ".repeat(1_000)) };
        let lines = lines(&endless, 80);
        assert_eq!((lines.len(), lines[MOST_LINES - 1].new.contains("more lines")), (MOST_LINES, true));
    }
}
