//! The program on a terminal: a person types, and reads the answer on the screen.

use std::{
    io::{Read as _, Write as _},
    num::NonZero,
    path::Path,
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{Receiver, channel},
    time::{Duration, Instant},
};

use serde_json::json;

use crate::{
    forgetting, replaying,
    support::{Running, ended, puppet, run},
};

const ROWS: NonZero<u16> = NonZero::new(50).unwrap();
const COLUMNS: NonZero<u16> = NonZero::new(160).unwrap();
/// Far more than an answer takes on a busy machine.
const LIMIT: Duration = Duration::from_secs(120);

/// The program on a terminal of its own.
struct Terminal {
    child: Child,
    keys: ChildStdin,
    output: Receiver<Vec<u8>>,
    screen: vt100::Parser,
}

impl Terminal {
    /// `script` makes a terminal, runs a command on it, and ends as that command does.
    fn open(folder: &Path, args: &str) -> Self {
        let demo = puppet(folder);
        let command = format!("stty rows {ROWS} cols {COLUMNS}; exec '{}' {args}", demo.get_program().display());
        let mut script = Command::new("script");
        script.env_clear().envs(demo.get_envs().filter_map(|(name, value)| Some((name, value?))));
        if cfg!(target_os = "linux") {
            script.args(["-qefc", &command, "/dev/null"]);
        } else {
            script.args(["-q", "/dev/null", "sh", "-c", &command]);
        }
        script.current_dir(folder).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = script.spawn().expect("`script`, which comes with util-linux and with macOS");
        let (keys, mut shown) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let (tell, output) = channel();
        std::thread::spawn(move || {
            let mut bytes = [0; 4_096];
            while let Ok(count @ 1..) = shown.read(&mut bytes) {
                if tell.send(bytes[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        Self { child, keys, output, screen: vt100::Parser::new(ROWS, COLUMNS, 0) }
    }

    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    /// Reads until a line of the screen is like this.
    fn shows(&mut self, what: &str, like: impl Fn(&str) -> bool) -> String {
        let end = Instant::now() + LIMIT;
        loop {
            let screen = self.screen.screen().contents();
            if let Some(line) = screen.lines().find(|line| like(line)) {
                return line.to_owned();
            }
            let left = end.saturating_duration_since(Instant::now());
            let bytes = self.output.recv_timeout(left).unwrap_or_else(|error| panic!("{what}: {error}\n{screen}"));
            self.screen.process(&bytes);
        }
    }

    /// Waits for its end; answers what is left of the screen.
    fn ends(mut self, code: i32) -> vt100::Parser {
        ended(self.child, LIMIT).exits(code);
        self.output.iter().for_each(|bytes| self.screen.process(&bytes));
        self.screen
    }
}

#[test]
fn a_mention_that_a_person_types_is_answered_on_the_screen() {
    let folder = tempfile::tempdir().unwrap();
    let mut terminal = Terminal::open(folder.path(), "demo");
    terminal.shows("no view", |line| line.contains("type to speak"));
    terminal.press("@nightgardener do you hear the rain?\r");
    terminal.shows("what was said is not shown", |line| line.contains(" you post"));
    let answer = terminal.shows("no answer", |line| line.contains(" reply → @you"));
    assert!(answer.contains("Night Gardener"), "{answer}");
    terminal.press("\u{1b}");
    let left = terminal.ends(0);
    assert!(!left.screen().alternate_screen() && !left.screen().hide_cursor(), "the terminal is given back");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "no lock is left, and nothing else");
}

#[test]
fn a_walk_through_a_call_goes_on_with_enter_and_ends_with_q() {
    let (place, id) = replaying::walked();
    let mut terminal = Terminal::open(place.path(), &format!("replay {id} --step"));
    terminal.shows("no first step", |line| line.starts_with("1/6"));
    terminal.shows("nobody is asked", |line| line.contains("q: end"));
    terminal.press("\r");
    terminal.shows("no second step", |line| line.starts_with("2/6"));
    terminal.press("q\r");
    let left = terminal.ends(0).screen().contents();
    assert!(!left.contains("3/6") && left.contains("the same"), "{left}");
}

#[test]
fn forgetting_asks_and_takes_no_for_an_answer() {
    let folder = forgetting::imported();
    let host = Running::start(folder.path(), &folder.path().join(".puppet"), &[]);
    let id = forgetting::handled(folder.path(), "news", &json!({"topic": "rain", "note": "zebra"}));
    assert_eq!(host.stop(), 0);
    for (answer, code, left) in [("no", 3, "zebra"), ("y", 0, "[forgotten]")] {
        let mut terminal = Terminal::open(folder.path(), &format!("journal forget {id}"));
        terminal.shows("no question", |line| line.contains("forget what 1 invocation said?"));
        terminal.press(&format!("{answer}\r"));
        terminal.ends(code);
        let shown = run(folder.path(), &["journal", "show", &id]).exits(0).stdout;
        assert!(shown.contains(left), "{answer}: {shown}");
    }
}
