//! Parameters of a run: what the strategy describes, what was asked for, and what a sweep tries.

use crate::strategy::Description;

/// A parameter that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParameterError {
    /// The strategy has no such parameter, or not this value of it.
    #[error(transparent)]
    Settling(#[from] puppet_sandbox::ParameterError),
    /// An axis of a sweep that is given twice.
    #[error("parameter `{0}` is given twice")]
    Twice(String),
    /// Not `name=value` with a whole number.
    #[error("`{0}` is no parameter: `fast=5` is one, a name and a whole number")]
    Unreadable(String),
    /// Neither a list of whole numbers nor a range of them.
    #[error("`{text}` cannot be swept over: {why}")]
    Axis {
        /// What was given.
        text: String,
        /// What is wrong with it.
        why: String,
    },
    /// A grid that nobody would wait for.
    #[error("the sweep would be {combinations} runs; {most} are the most")]
    TooMany {
        /// How many.
        combinations: u128,
        /// How many may be.
        most: usize,
    },
}

/// The most runs of one sweep.
pub const MOST_RUNS: usize = 100_000;

/// Every parameter that the strategy describes: as asked for, or its default.
pub fn settle(description: &Description, asked: &[(String, i64)]) -> Result<Vec<(String, i64)>, ParameterError> {
    Ok(description.resolve(asked)?)
}

/// One `name=value`.
pub fn parse(text: &str) -> Result<(String, i64), ParameterError> {
    let unreadable = || ParameterError::Unreadable(text.to_owned());
    let (name, value) = text.split_once('=').ok_or_else(unreadable)?;
    let (name, value) = (name.trim(), value.trim().parse().map_err(|_| unreadable())?);
    if name.is_empty() { Err(unreadable()) } else { Ok((name.to_owned(), value)) }
}

/// What a sweep tries: every combination of every parameter's values.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Grid(Vec<(String, Vec<i64>)>);

impl Grid {
    /// Of `a=1..10:2` (1, 3, 5, 7, 9: the end is included where a step hits it), `b=5,10,20`, `c=7`.
    pub fn parse<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<Self, ParameterError> {
        let mut axes: Vec<(String, Vec<i64>)> = Vec::new();
        for text in texts {
            let (name, values) = axis(text).map_err(|why| ParameterError::Axis { text: text.to_owned(), why })?;
            if axes.iter().any(|(known, _)| *known == name) {
                return Err(ParameterError::Twice(name));
            }
            axes.push((name, values));
        }
        let combinations = axes.iter().fold(1_u128, |all, (_, values)| all.saturating_mul(values.len() as u128));
        if combinations > MOST_RUNS as u128 {
            return Err(ParameterError::TooMany { combinations, most: MOST_RUNS });
        }
        Ok(Self(axes))
    }

    /// All combinations; the last parameter changes fastest. Without any parameter: one, of nothing.
    pub fn combinations(&self) -> Vec<Vec<(String, i64)>> {
        let mut all = vec![Vec::new()];
        for (name, values) in &self.0 {
            all = all
                .into_iter()
                .flat_map(|before: Vec<(String, i64)>| {
                    values.iter().map(move |value| {
                        let mut with = before.clone();
                        with.push((name.clone(), *value));
                        with
                    })
                })
                .collect();
        }
        all
    }
}

/// One parameter and its values, each once; or why it is none.
fn axis(text: &str) -> Result<(String, Vec<i64>), String> {
    let (name, values) = text.split_once('=').ok_or("it has no `=` between a name and values")?;
    let name = name.trim();
    if name.is_empty() {
        return Err("it has no name before the `=`".to_owned());
    }
    let mut list = Vec::new();
    for part in values.split(',') {
        match part.split_once("..") {
            None => list.push(number(part)?),
            Some((from, rest)) => list.extend(range(from, rest)?),
        }
    }
    let mut seen = std::collections::BTreeSet::new();
    list.retain(|value| seen.insert(*value));
    Ok((name.to_owned(), list))
}

fn number(text: &str) -> Result<i64, String> {
    text.trim().parse().map_err(|_| format!("`{}` is no whole number", text.trim()))
}

/// From one number to another, `20:5` in steps of 5.
fn range(from: &str, rest: &str) -> Result<impl Iterator<Item = i64>, String> {
    let (to, step) = rest.split_once(':').unwrap_or((rest, "1"));
    let (from, to, step) = (number(from)?, number(to)?, number(step)?);
    let step = usize::try_from(step).ok().filter(|step| *step > 0).ok_or("a step is 1 or more")?;
    if to < from {
        return Err(format!("a range goes up, and {to} is less than {from}"));
    }
    if to.abs_diff(from) / step as u64 >= MOST_RUNS as u64 {
        return Err(format!("a range has {MOST_RUNS} values at most"));
    }
    Ok((from..=to).step_by(step))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grid_is_every_combination_of_ranges_and_lists() {
        let grid = Grid::parse(["a=1..10:4", "b=-5,7"]).unwrap();
        let of = |a, b| vec![("a".to_owned(), a), ("b".to_owned(), b)];
        assert_eq!(grid.combinations(), [of(1, -5), of(1, 7), of(5, -5), of(5, 7), of(9, -5), of(9, 7)]);
        assert_eq!(Grid::parse(["a=3,1..4,3"]).unwrap().combinations().len(), 4);
        assert_eq!(Grid::default().combinations(), [Vec::new()]);
        for (bad, why) in [
            ("a", "it has no `=` between a name and values"),
            ("=1", "it has no name before the `=`"),
            ("a=", "`` is no whole number"),
            ("a=1..", "`` is no whole number"),
            ("a=5..1", "a range goes up, and 1 is less than 5"),
            ("a=1..5:0", "a step is 1 or more"),
            ("a=1..5:-1", "a step is 1 or more"),
            ("a=1..5:x", "`x` is no whole number"),
            ("a=1.5", "`1.5` is no whole number"),
            ("a=1..900000", "a range has 100000 values at most"),
            ("a=x", "`x` is no whole number"),
        ] {
            let (text, why) = (bad.to_owned(), why.to_owned());
            assert_eq!(Grid::parse([bad]), Err(ParameterError::Axis { text, why }), "{bad}");
        }
        assert_eq!(Grid::parse(["a=1", "a=2"]), Err(ParameterError::Twice("a".into())));
        let many = Grid::parse(["a=1..1000", "b=1..101"]);
        assert_eq!(many, Err(ParameterError::TooMany { combinations: 101_000, most: MOST_RUNS }));
    }

    #[test]
    fn one_parameter_is_a_name_and_a_whole_number() {
        assert_eq!(parse("fast=-3").unwrap(), ("fast".to_owned(), -3));
        for bad in ["fast", "fast=", "=3", "fast=1.5", "fast=1,2"] {
            assert_eq!(parse(bad), Err(ParameterError::Unreadable(bad.to_owned())), "{bad}");
        }
    }
}
