//! TOML as plain values that remember their lines. What the fields mean is decided elsewhere.

use std::{collections::BTreeMap, path::Path};

use serde_json::{Map, Number, Value};
use toml::de::{DeTable, DeValue};

use crate::error::{ErrorKind, PackError, Problem};

/// A parsed file.
pub(crate) struct Document<'a> {
    file: &'a Path,
    pub(crate) root: Map<String, Value>,
    lines: BTreeMap<String, usize>,
}

/// A field below a path: `a.b`.
pub(crate) fn below(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

impl<'a> Document<'a> {
    pub(crate) fn parse(text: &str, file: &'a Path) -> Result<Self, PackError> {
        let line_of = |at: usize| 1 + text.bytes().take(at).filter(|byte| *byte == b'\n').count();
        let table = DeTable::parse(text).map_err(|error| {
            let mut fault = PackError::in_file(
                ErrorKind::Syntax,
                file,
                error.message(),
                "see https://toml.io for how TOML is written",
            );
            fault.line = error.span().map(|span| line_of(span.start));
            fault
        })?;
        let mut document = Self { file, root: Map::new(), lines: BTreeMap::new() };
        document.root = document.table(table.get_ref(), "", &line_of).map_err(|problem| document.fault(problem))?;
        Ok(document)
    }

    fn table(
        &mut self,
        table: &DeTable<'_>,
        path: &str,
        line: &dyn Fn(usize) -> usize,
    ) -> Result<Map<String, Value>, Problem> {
        let mut map = Map::new();
        for (key, value) in table {
            let at = below(path, key.get_ref());
            self.lines.insert(at.clone(), line(key.span().start));
            map.insert(key.get_ref().clone().into_owned(), self.value(value.get_ref(), &at, line)?);
        }
        Ok(map)
    }

    fn value(&mut self, value: &DeValue<'_>, path: &str, line: &dyn Fn(usize) -> usize) -> Result<Value, Problem> {
        let number =
            || Problem::new(ErrorKind::BadValue, path, "this number cannot be kept", "use a finite one within 64 bits");
        Ok(match value {
            DeValue::String(text) => Value::String(text.clone().into_owned()),
            DeValue::Boolean(value) => Value::Bool(*value),
            DeValue::Datetime(at) => Value::String(at.to_string()),
            DeValue::Integer(integer) => {
                let integer = i64::from_str_radix(integer.as_str(), integer.radix()).map_err(|_| number())?;
                Value::Number(integer.into())
            }
            DeValue::Float(float) => {
                let float = float.as_str().parse().ok().and_then(Number::from_f64).ok_or_else(number)?;
                Value::Number(float)
            }
            DeValue::Array(array) => {
                let mut values = Vec::new();
                for (n, value) in array.iter().enumerate() {
                    let at = format!("{path}[{n}]");
                    self.lines.insert(at.clone(), line(value.span().start));
                    values.push(self.value(value.get_ref(), &at, line)?);
                }
                Value::Array(values)
            }
            DeValue::Table(table) => Value::Object(self.table(table, path, line)?),
        })
    }

    /// The line of a field, or of what holds it.
    fn line(&self, field: &str) -> Option<usize> {
        let mut field = field;
        loop {
            if let Some(line) = self.lines.get(field) {
                return Some(*line);
            }
            field = &field[..field.rfind(['.', '['])?];
        }
    }

    /// A problem at its place.
    pub(crate) fn fault(&self, problem: Problem) -> PackError {
        let Problem { kind, field, message, remedy } = problem;
        let line = self.line(&field);
        PackError { kind, file: Some(self.file.to_owned()), line, field: Some(field), message, remedy }
    }
}
