//! How commands print: JSON for scripts, plain lines or coloured ones for people. Nothing is printed with a credential
//! in it.

use std::{
    borrow::Cow,
    fmt,
    io::{self, BufRead as _, IsTerminal as _, Write as _},
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use puppet_types::{Secret, is_odd, scrub};
use serde::Serialize;

use crate::trouble::{Result, Trouble};

/// Columns where nobody says how many there are.
const NOT_A_TERMINAL: usize = 100;

/// Where a command prints to.
#[derive(Debug, Clone, Copy)]
pub struct Output {
    /// Machine-readable.
    pub json: bool,
    colour: bool,
}

/// A document with the name of its schema before everything else.
#[derive(Serialize)]
struct OfSchema<'a, T> {
    schema: &'a str,
    #[serde(flatten)]
    value: &'a T,
}

impl Output {
    /// Colours only on a terminal, and not where `NO_COLOR` says no.
    pub fn new(json: bool) -> Self {
        let colour = !json && io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        Self { json, colour }
    }

    /// One object, with a final newline.
    pub fn object<T: Serialize + ?Sized>(self, value: &T) -> Result<()> {
        let text = serde_json::to_string_pretty(value).map_err(Trouble::internal)?;
        put(&scrub::json(&text))
    }

    /// One object of a schema, whose name stands first.
    pub fn object_of<T: Serialize>(self, schema: &str, value: &T) -> Result<()> {
        self.object(&OfSchema { schema, value })
    }

    /// One object on one line.
    pub fn object_line<T: Serialize + ?Sized>(self, value: &T) -> Result<()> {
        let text = serde_json::to_string(value).map_err(Trouble::internal)?;
        put(&scrub::json(&text))
    }

    /// One line. A reader that went away (`| head`) ends the program quietly.
    pub fn line(self, text: impl fmt::Display) -> Result<()> {
        put(&shown(&scrub::text(&text.to_string()), if self.colour { &STYLES } else { &[] }))
    }

    /// One line, for a program that goes on without its reader. Answers whether there is one.
    pub fn heard(self, text: impl fmt::Display) -> bool {
        write_line(&shown(&scrub::text(&text.to_string()), if self.colour { &STYLES } else { &[] })).is_ok()
    }

    /// A line for people beside the output: progress, warnings. Never mixed into JSON.
    pub fn note(self, text: impl fmt::Display) {
        // Nobody to tell is no reason to fail.
        let _ = writeln!(io::stderr(), "{}", printable(&scrub::text(&text.to_string())));
    }

    /// Several of them.
    pub fn notes(self, notes: &[String]) {
        notes.iter().for_each(|note| self.note(note));
    }

    /// The same with an address to open, of which nothing is masked: it would lead nowhere. Whoever made it has put no
    /// secret into it.
    pub fn note_to_open(self, text: impl fmt::Display, address: &str) {
        let text = text.to_string();
        let _ = writeln!(io::stderr(), "{}\n\n  {}\n", printable(&scrub::text(&text)), printable(address));
    }

    /// A bar on the terminal of stderr; hidden elsewhere, and beside JSON.
    pub fn bar(self, of: Option<u64>, template: &str) -> ProgressBar {
        let is_seen = !self.json && io::stderr().is_terminal();
        let target = if is_seen { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(of, target);
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar
    }

    /// Whether somebody is there to be asked.
    pub fn can_ask(self) -> bool {
        !self.json && io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    /// Asks on the terminal. Whether the answer is yes.
    pub fn asks(self, question: &str) -> Result<bool> {
        let mut stderr = io::stderr();
        write!(stderr, "{question} [y/N] ").and_then(|()| stderr.flush()).map_err(Trouble::internal)?;
        let mut answer = String::new();
        io::stdin().lock().read_line(&mut answer).map_err(Trouble::internal)?;
        Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
    }

    /// Asks on the terminal for a line.
    pub fn asks_for(self, question: &str) -> Result<String> {
        let mut stderr = io::stderr();
        write!(stderr, "{question} ").and_then(|()| stderr.flush()).map_err(Trouble::internal)?;
        let mut answer = String::new();
        io::stdin().lock().read_line(&mut answer).map_err(Trouble::internal)?;
        Ok(answer.trim().to_owned())
    }

    /// Asks on the terminal for what is not shown while it is typed.
    pub fn asks_secretly(self, question: &str) -> Result<Secret> {
        use ratatui::crossterm::terminal::{disable_raw_mode, enable_raw_mode};
        let mut stderr = io::stderr();
        write!(stderr, "{question}").and_then(|()| stderr.flush()).map_err(Trouble::internal)?;
        enable_raw_mode().map_err(Trouble::internal)?;
        let typed = typed(io::stdin().lock());
        disable_raw_mode().map_err(Trouble::internal)?;
        let _ = writeln!(stderr);
        typed.map(Secret::new).map_err(|error| Trouble::input("key", error.to_string(), "try again"))
    }

    /// Whether people see it as it is printed.
    pub fn is_terminal(self) -> bool {
        io::stdout().is_terminal()
    }

    /// Columns of the terminal; of a file or a pipe as many as most people read well.
    pub fn width(self) -> usize {
        let terminal = || io::stdout().is_terminal().then(|| ratatui::crossterm::terminal::size().ok()).flatten();
        terminal().map_or(NOT_A_TERMINAL, |(columns, _)| usize::from(columns))
    }

    /// Dimmed.
    pub fn dim(self, text: impl fmt::Display) -> String {
        self.styled("2", text)
    }
    /// Bold.
    pub fn bold(self, text: impl fmt::Display) -> String {
        self.styled("1", text)
    }
    /// Green.
    pub fn good(self, text: impl fmt::Display) -> String {
        self.styled("32", text)
    }
    /// Yellow.
    pub fn odd(self, text: impl fmt::Display) -> String {
        self.styled("33", text)
    }
    /// Red.
    pub fn bad(self, text: impl fmt::Display) -> String {
        self.styled("31", text)
    }

    fn styled(self, code: &str, text: impl fmt::Display) -> String {
        if self.colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_string() }
    }
}

/// A line as a terminal sends it key by key.
fn typed(keys: impl io::BufRead) -> io::Result<String> {
    let mut line = Vec::new();
    for key in keys.bytes() {
        match key? {
            b'\r' | b'\n' => break,
            // Ctrl-C and Ctrl-D.
            3 | 4 => return Err(io::Error::new(io::ErrorKind::Interrupted, "nothing was entered")),
            8 | 127 => drop(line.pop()),
            key => line.push(key),
        }
    }
    String::from_utf8(line).map_err(io::Error::other)
}

fn put(text: &str) -> Result<()> {
    match write_line(text) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => std::process::exit(0),
        Err(error) => Err(Trouble::internal(format!("cannot print: {error}"))),
        Ok(()) => Ok(()),
    }
}

fn write_line(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}").and_then(|()| out.flush())
}

/// Whether what goes to stderr may have colours: only on a terminal, and not where `NO_COLOR` says no.
pub fn stderr_has_colour() -> bool {
    io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none()
}

/// Stderr for the host's own log: a line at a time, without credentials.
#[derive(Debug, Clone, Copy)]
pub struct Log;

impl io::Write for Log {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        io::stderr().write_all(scrub::text(&String::from_utf8_lossy(line)).as_bytes())?;
        Ok(line.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

/// What [`Output`] writes around a text.
const STYLES: [&str; 6] = ["[0m", "[1m", "[2m", "[31m", "[32m", "[33m"];

/// A text for a terminal. Much of what is printed was written by plugins, models and strangers: control characters,
/// with which a terminal can be made to say something else, become `�`.
pub fn printable(text: &str) -> Cow<'_, str> {
    shown(text, &[])
}

/// The same, but for some styles.
fn shown<'t>(text: &'t str, styles: &[&str]) -> Cow<'t, str> {
    let foreign = |at: usize, c: char| match c {
        '\n' | '\t' => false,
        '\x1b' => !styles.iter().any(|style| text[at + 1..].starts_with(style)),
        _ => c.is_control(),
    };
    if !text.char_indices().any(|(at, c)| foreign(at, c)) {
        return Cow::Borrowed(text);
    }
    text.char_indices().map(|(at, c)| if foreign(at, c) { '\u{fffd}' } else { c }).collect()
}

/// A text that is a part of a line. Styles of ours stay for [`Output::line`] to tell from others.
pub fn on_a_line(text: &str) -> String {
    text.chars().map(|c| if is_odd(c) && c != '\x1b' { '\u{fffd}' } else { c }).collect()
}

/// A list as every command prints it.
#[derive(Debug, Serialize)]
pub struct List<T> {
    /// Name and version of its shape.
    pub schema: &'static str,
    /// The page.
    pub items: Vec<T>,
    /// Where the next page begins; null on the last.
    pub next: Option<String>,
}

/// Columns that line up.
#[derive(Debug, Default)]
pub struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// With a header.
    pub fn new(header: &[&str]) -> Self {
        Self { rows: vec![header.iter().map(|cell| (*cell).to_owned()).collect()] }
    }
    /// Adds a row: what would end it, or turn it, is shown as `�`.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().map(|cell| on_a_line(&cell)).collect());
    }
    /// Prints it, the header bold.
    pub fn print(&self, out: Output) -> Result<()> {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        for (n, row) in self.rows.iter().enumerate() {
            let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
            let line = cells.collect::<Vec<_>>().join("  ");
            let line = line.trim_end();
            out.line(if n == 0 { out.bold(line) } else { line.to_owned() })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_schema_stands_first() {
        let value = serde_json::json!({ "items": [1], "halted": null });
        let text = serde_json::to_string(&OfSchema { schema: "puppet.wallets/1", value: &value }).unwrap();
        assert_eq!(text, r#"{"schema":"puppet.wallets/1","halted":null,"items":[1]}"#);
    }

    #[test]
    fn no_cell_of_a_table_makes_a_row_of_its_own() {
        let mut table = Table::new(&["id", "name"]);
        table.row(["ann".to_owned(), "Ann\nbob  Bob\r\u{202e}\t".to_owned()]);
        assert_eq!(table.rows[1], ["ann", "Ann�bob  Bob���"]);
    }

    #[test]
    fn a_typed_line_ends_with_enter() {
        assert_eq!(typed(&b"correcr\x7ft horse\rmore"[..]).unwrap(), "correct horse");
        assert!(typed(&b"half\x03"[..]).is_err());
    }

    #[test]
    fn a_terminal_is_told_nothing_but_text_and_our_styles() {
        let own = Output { json: false, colour: true }.bad("red") + " tea\nat\tfive — ü 🫖";
        assert_eq!(shown(&own, &STYLES), own);
        assert_eq!(printable(&own), own.replace('\x1b', "�"));
        let foreign = "\x1b[2J\x1b]0;root\x07 a\rb\x08 \u{9b}31m \x1b";
        assert_eq!(printable(foreign), "�[2J�]0;root� a�b� �31m �");
    }
}
