//! What a strategy says of itself, checked, and parameters held against it.

use std::collections::BTreeSet;

use serde::Serialize;

use super::{
    limits::{PARAMETERS, WARM_UP_BARS},
    wire,
};

/// Bytes of a parameter's name.
const NAME_BYTES: usize = 64;
/// Bytes of its description, and of its unit.
const TEXT_BYTES: usize = 512;

/// A parameter: a whole number in a unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Parameter {
    /// Lower-case letters, digits, `-` and `_`.
    pub name: String,
    /// For people.
    pub description: String,
    /// `bars`, `bps`, …
    pub unit: String,
    /// Where nobody says anything.
    pub default: i64,
    /// The least.
    pub min: i64,
    /// The most.
    pub max: i64,
}

/// What a strategy says of itself. Whoever holds one knows that it makes sense.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Description {
    /// In the strategy's order.
    pub parameters: Vec<Parameter>,
    /// Bars of history per market that it wants before the first batch.
    pub warm_up: u32,
    /// At least as many markets, one or more.
    pub min_markets: u32,
    /// At most as many.
    pub max_markets: u32,
    /// Length of a bar in seconds; 0 takes any.
    pub bar_seconds: u32,
}

/// A parameter that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParameterError {
    /// The strategy has none of this name.
    #[error("there is no parameter `{name}`: the strategy has {known}")]
    Unknown {
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// Given twice.
    #[error("the parameter `{name}` is given twice")]
    Twice {
        /// Which.
        name: String,
    },
    /// Out of its range.
    #[error("the parameter `{name}` is {value}: it must be between {min} and {max} {unit}")]
    Range {
        /// Which.
        name: String,
        /// What was asked for.
        value: i64,
        /// The least.
        min: i64,
        /// The most.
        max: i64,
        /// Of what.
        unit: String,
    },
}

/// One that says nothing: no parameters, no history, one market, bars of any length.
impl Default for Description {
    fn default() -> Self {
        Self { parameters: Vec::new(), warm_up: 0, min_markets: 1, max_markets: 1, bar_seconds: 0 }
    }
}

impl Description {
    /// Every parameter by name, in the strategy's order: as given, the others by their defaults.
    pub fn resolve(&self, given: &[(String, i64)]) -> Result<Vec<(String, i64)>, ParameterError> {
        let mut seen = BTreeSet::new();
        for (name, value) in given {
            let Some(parameter) = self.parameters.iter().find(|parameter| parameter.name == *name) else {
                let names: Vec<String> = self.parameters.iter().map(|known| format!("`{}`", known.name)).collect();
                let known = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
                return Err(ParameterError::Unknown { name: name.clone(), known });
            };
            if !seen.insert(name) {
                return Err(ParameterError::Twice { name: name.clone() });
            }
            let Parameter { min, max, ref unit, .. } = *parameter;
            if !(min..=max).contains(value) {
                return Err(ParameterError::Range { name: name.clone(), value: *value, min, max, unit: unit.clone() });
            }
        }
        let value = |parameter: &Parameter| {
            let set = given.iter().find(|(name, _)| *name == parameter.name);
            set.map_or(parameter.default, |(_, value)| *value)
        };
        Ok(self.parameters.iter().map(|parameter| (parameter.name.clone(), value(parameter))).collect())
    }

    /// Why a run of so many markets with bars of this length is not for this strategy.
    pub(super) fn misfit(&self, markets: usize, bar_seconds: u32) -> Option<String> {
        let (least, most) = (self.min_markets, self.max_markets);
        if markets < least as usize || markets > most as usize {
            return Some(format!("it trades {least} to {most} markets at once, not {markets}"));
        }
        if self.bar_seconds != 0 && self.bar_seconds != bar_seconds {
            return Some(format!("it takes bars of {} s, not of {bar_seconds} s", self.bar_seconds));
        }
        None
    }

    /// Of the guest's word.
    pub(super) fn read(raw: wire::Description) -> Result<Self, String> {
        let wire::Description { parameters, warm_up, min_markets, max_markets, bar_seconds } = raw;
        if parameters.len() > PARAMETERS {
            return Err(format!("{} parameters: at most {PARAMETERS}", parameters.len()));
        }
        if warm_up > WARM_UP_BARS {
            return Err(format!("a warm-up of {warm_up} bars: at most {WARM_UP_BARS}"));
        }
        if min_markets == 0 || min_markets > max_markets {
            return Err(format!("{min_markets} to {max_markets} markets"));
        }
        let parameters = parameters.into_iter().map(Parameter::read).collect::<Result<Vec<_>, _>>()?;
        let names: BTreeSet<&str> = parameters.iter().map(|parameter| parameter.name.as_str()).collect();
        if names.len() < parameters.len() {
            return Err("two parameters of one name".to_owned());
        }
        Ok(Self { parameters, warm_up, min_markets, max_markets, bar_seconds })
    }
}

impl Parameter {
    fn read(raw: wire::Parameter) -> Result<Self, String> {
        let wire::Parameter { name, description, unit, default, min, max } = raw;
        let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
        if name.is_empty() || name.len() > NAME_BYTES || !name.bytes().all(is_plain) {
            let name: String = name.chars().take(NAME_BYTES).collect();
            return Err(format!("the parameter name {name:?}: 1 to {NAME_BYTES} of a-z, 0-9, `-` and `_`"));
        }
        if description.len() > TEXT_BYTES || unit.len() > TEXT_BYTES {
            return Err(format!("the words of `{name}` are longer than {TEXT_BYTES} bytes"));
        }
        if !(min <= default && default <= max) {
            return Err(format!("the default of `{name}` is {default}, its range {min} to {max}"));
        }
        Ok(Self { name, description, unit, default, min, max })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameter(name: &str, default: i64, min: i64, max: i64) -> wire::Parameter {
        let (description, unit) = ("how many".to_owned(), "bars".to_owned());
        wire::Parameter { name: name.to_owned(), description, unit, default, min, max }
    }

    fn raw(parameters: Vec<wire::Parameter>) -> wire::Description {
        wire::Description { parameters, warm_up: 10, min_markets: 1, max_markets: 2, bar_seconds: 60 }
    }

    #[test]
    fn a_description_that_makes_no_sense_is_refused() {
        assert!(Description::read(raw(vec![parameter("fast", 5, 5, 5)])).is_ok());
        let many = (0..=PARAMETERS).map(|n| parameter(&format!("p{n}"), 1, 1, 1)).collect();
        let mut long = parameter("fast", 1, 1, 1);
        long.unit = "x".repeat(TEXT_BYTES + 1);
        for (wrong, says) in [
            (raw(vec![parameter("fast", 5, 6, 9)]), "default of `fast` is 5"),
            (raw(vec![parameter("fast", 5, 1, 4)]), "default of `fast` is 5"),
            (raw(vec![parameter("Fast", 1, 1, 1)]), "the parameter name"),
            (raw(vec![parameter("", 1, 1, 1)]), "the parameter name"),
            (raw(vec![parameter(&"x".repeat(NAME_BYTES + 1), 1, 1, 1)]), "the parameter name"),
            (raw(vec![parameter("a", 1, 1, 1), parameter("a", 1, 1, 1)]), "two parameters of one name"),
            (raw(vec![long]), "longer than 512 bytes"),
            (raw(many), "65 parameters: at most 64"),
            (wire::Description { warm_up: WARM_UP_BARS + 1, ..raw(Vec::new()) }, "a warm-up of 10001 bars"),
            (wire::Description { min_markets: 0, ..raw(Vec::new()) }, "0 to 2 markets"),
            (wire::Description { min_markets: 3, ..raw(Vec::new()) }, "3 to 2 markets"),
        ] {
            let error = Description::read(wrong).unwrap_err();
            assert!(error.contains(says), "{error}");
        }
    }

    #[test]
    fn parameters_are_what_is_given_within_its_range_and_the_defaults() {
        let about = Description::read(raw(vec![parameter("fast", 5, 1, 9), parameter("slow", 20, 10, 99)])).unwrap();
        let given = |given: &[(&str, i64)]| {
            about.resolve(&given.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect::<Vec<_>>())
        };
        let owned = |fast, slow| Ok(vec![("fast".to_owned(), fast), ("slow".to_owned(), slow)]);
        assert_eq!(given(&[]), owned(5, 20));
        assert_eq!(given(&[("slow", 10)]), owned(5, 10));
        assert_eq!(given(&[("slow", 99), ("fast", 1)]), owned(1, 99));
        for (wrong, says) in [
            (&[("fast", 0)][..], "the parameter `fast` is 0: it must be between 1 and 9 bars"),
            (&[("fast", 10)], "the parameter `fast` is 10: it must be between 1 and 9 bars"),
            (&[("size", 1)], "there is no parameter `size`: the strategy has `fast`, `slow`"),
            (&[("fast", 1), ("fast", 1)], "the parameter `fast` is given twice"),
        ] {
            assert_eq!(given(wrong).unwrap_err().to_string(), says);
        }
    }

    #[test]
    fn a_run_has_as_many_markets_and_bars_as_long_as_the_strategy_takes() {
        let about = Description::read(raw(Vec::new())).unwrap();
        let any = Description { bar_seconds: 0, ..about.clone() };
        for (about, markets, seconds, fits) in [
            (&about, 1, 60, true),
            (&about, 2, 60, true),
            (&about, 0, 60, false),
            (&about, 3, 60, false),
            (&about, 1, 61, false),
            (&any, 1, 61, true),
        ] {
            assert_eq!(about.misfit(markets, seconds).is_none(), fits, "{markets} markets, {seconds} s");
        }
    }
}
