//! What was measured, in lines or as JSON.

use serde_json::{Value, json};

/// What a ratio may be.
#[derive(Clone, Copy)]
pub enum Limit {
    AtLeast(f64),
    AtMost(f64),
    /// A report: nothing is asked of it.
    None,
}

/// One figure.
pub struct Row {
    pub name: String,
    pub value: f64,
    pub unit: &'static str,
    /// The same of the thing it is compared with.
    pub peer: f64,
    /// What that is.
    pub against: &'static str,
    pub limit: Limit,
}

impl Row {
    fn ratio(&self) -> f64 {
        self.value / self.peer
    }

    fn passes(&self) -> bool {
        match self.limit {
            Limit::AtLeast(least) => self.ratio() >= least,
            Limit::AtMost(most) => self.ratio() <= most,
            Limit::None => true,
        }
    }

    fn limit(&self) -> String {
        match self.limit {
            Limit::AtLeast(least) => format!(">= {least}"),
            Limit::AtMost(most) => format!("<= {most}"),
            Limit::None => "none".to_owned(),
        }
    }
}

/// Prints rows as they come, so that a long run shows where it is; as JSON all at the end.
pub struct Table {
    json: bool,
    rows: Vec<Value>,
}

impl Table {
    pub fn new(json: bool) -> Self {
        if !json {
            println!(
                "{:<42} {:>11} {:<9} {:>11} {:>7} {:<8} {:<5} against",
                "name", "value", "unit", "peer", "ratio", "limit", "pass"
            );
        }
        Self { json, rows: Vec::new() }
    }

    pub fn add(&mut self, row: Row) {
        let (ratio, limit, pass) = (row.ratio(), row.limit(), row.passes());
        let Row { name, value, unit, peer, against, .. } = row;
        if !self.json {
            let decimals = if value < 100.0 { 2 } else { 0 };
            println!(
                "{name:<42} {value:>11.decimals$} {unit:<9} {peer:>11.decimals$} {ratio:>7.3} {limit:<8} {pass:<5} {against}"
            );
        }
        self.rows.push(json!({
            "name": name, "value": value, "unit": unit, "peer": peer, "against": against, "ratio": ratio,
            "limit": limit, "pass": pass,
        }));
    }

    pub fn finish(self) {
        if self.json {
            println!("{}", Value::from(self.rows));
        }
    }
}
