//! One row of the tables: a file from somebody we do not know, and what comes of `puppet invoke` with it.

use puppet_types::Breach;
use serde_json::Value;

use crate::support::{Ran, list, run};

/// What comes of it.
pub enum End {
    /// Exactly this breach, with these words in its detail.
    Breach(Breach, &'static str),
    /// Not loaded, with these words.
    Refused(&'static [&'static str]),
    /// Not loaded since what it declares is beyond a limit; with these words.
    TooMuch(Breach, &'static str),
    /// Nothing: the call ends well, and is looked at.
    Harmless(fn(&Value)),
}

/// A guest and its end.
pub struct Stranger {
    pub name: &'static str,
    /// The limit that it is the guest of.
    pub limit: Option<&'static str>,
    /// Its `puppet.toml`, where the limits are not as they come.
    pub settings: &'static str,
    pub bytes: fn() -> Vec<u8>,
    pub end: End,
}

/// A table of strangers: `name (limit) [settings]: bytes => end;`. Each row becomes a test of its name.
macro_rules! strangers {
    ($($name:ident $(($limit:literal))? $([$settings:literal])?: $bytes:expr => $end:expr;)+) => {
        /// The table.
        pub const ALL: &[Stranger] = &[$(Stranger {
            name: stringify!($name),
            limit: [$(Some($limit),)? None][0],
            settings: concat!($($settings)?),
            bytes: || $bytes,
            end: $end,
        }),+];
        $(#[test]
        fn $name() {
            let row = ALL.iter().find(|row| row.name == stringify!($name)).unwrap();
            row.meets_its_end();
        })+
    };
}
pub(super) use strangers;

/// What happens.
pub const EVENT: &str = r#"{"kind": "mention", "at": "2026-03-04T05:06:07Z", "payload": {"text": "hello"}}"#;

/// The file's name; kinds of its events begin with it.
pub const FILE: &str = "stranger.wasm";

/// A file through the program, in a folder that it leaves as it was.
pub fn invoke(settings: &str, bytes: &[u8]) -> Ran {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(FILE), bytes).unwrap();
    std::fs::write(folder.path().join("puppet.toml"), settings).unwrap();
    let ran = run(folder.path(), &["invoke", FILE, "--event", EVENT, "--json"]);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "nothing is written");
    assert!(!ran.stderr.contains("panicked at"), "{ran:?}");
    ran
}

/// The one error of a command.
pub fn error(ran: &Ran) -> Value {
    let mut lines = ran.stderr.lines().filter(|line| line.starts_with("{\"error\""));
    let line = lines.next().unwrap_or_else(|| panic!("{ran:?}"));
    assert_eq!(lines.next(), None, "one error");
    serde_json::from_str::<Value>(line).unwrap()["error"].clone()
}

/// That a file is not loaded, and is told so with name, reason and remedy.
pub fn is_refused(ran: Ran, parts: &[&str]) {
    let ran = ran.exits(2);
    assert_eq!(ran.stdout, "", "nothing on stdout");
    let error = error(&ran);
    assert_eq!((&error["code"], &error["where"]["file"]), (&"component".into(), &FILE.into()), "{error}");
    let message = error["message"].as_str().unwrap();
    assert!(!message.contains('\n') && !error["remedy"].as_str().unwrap().is_empty(), "{error}");
    for part in parts {
        assert!(message.contains(part), "`{part}` is missing in: {message}");
    }
}

/// That a call ended with a breach; answers what was printed.
pub fn breaches(ran: Ran, breach: Breach, words: &str) -> Value {
    let ran = ran.exits(1);
    let said = ran.json();
    assert_eq!((&said["outcome"], &said["breach"]), (&"breach".into(), &breach.code().into()), "{said}");
    assert_eq!(said["committed"], false);
    assert!(said["detail"].as_str().unwrap().contains(words), "`{words}` is missing in {}", said["detail"]);
    assert_eq!(error(&ran)["code"], "breach");
    said
}

impl Stranger {
    pub fn meets_its_end(&self) {
        let ran = invoke(self.settings, &(self.bytes)());
        match &self.end {
            End::Breach(breach, words) => drop(breaches(ran, *breach, words)),
            End::Refused(parts) => is_refused(ran, parts),
            End::TooMuch(breach, words) => is_refused(ran, &[&format!("({breach})"), words]),
            End::Harmless(look) => {
                let said = ran.exits(0).json();
                assert_eq!((&said["outcome"], &said["committed"]), (&"ok".into(), &false.into()), "{said}");
                look(&said);
            }
        }
    }
}

/// The lines that a call wrote.
pub fn lines(said: &Value) -> Vec<&str> {
    list(said, "log").iter().map(|line| line["message"].as_str().unwrap()).collect()
}
