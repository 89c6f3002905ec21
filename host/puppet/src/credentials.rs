//! Credentials by name, resolved when somebody needs one and then kept: from the environment, a file, or what a
//! program prints. An error names the credential and never its value; a value that was resolved is told to the
//! scrubber before anybody gets it.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Read as _},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{Mutex, PoisonError, mpsc},
    time::{Duration, Instant},
};

use puppet_packs::{SecretsError, SecretsFile};
use puppet_types::{Secret, scrub};

use crate::{
    config::{Config, Credential, CredentialPlace, KeySource},
    setup::Setup,
    trouble::{Result, Trouble},
};

/// How long a program may take.
const LIMIT: Duration = Duration::from_secs(10);
/// Longest value.
const MOST_BYTES: u64 = 64 << 10;

/// Those that were resolved: a program runs once.
#[derive(Debug, Default)]
pub struct Resolved(Mutex<BTreeMap<String, Secret>>);

impl Resolved {
    /// What the configuration brings along is known from the start.
    pub fn new(config: &Config) -> Self {
        let of_environment = config.credentials.values().filter_map(|credential| credential.value.as_ref());
        scrub::learn(of_environment);
        for provider in config.llm.providers.values() {
            scrub::learn(provider.key.iter().chain(provider.headers.values()));
        }
        scrub::learn(config.tweet.x.keys().into_iter().filter_map(|named| named.key.value.as_ref()));
        scrub::learn(config.trading.secrets());
        scrub::learn(config.http.credentials.values().filter_map(|credential| credential.key.as_ref()));
        Self::default()
    }
}

/// The value of a credential; `None` where it is that of a variable, and the variable is not set.
///
/// # Errors
/// There is no such credential, its file may be read by others or cannot be read, its program fails: by name.
pub fn get(setup: &Setup, name: &str) -> Result<Option<Secret>> {
    let Some(credential) = setup.config.credentials.get(name) else {
        return Err(trouble(setup, name, "is not there", "name one of [credentials]"));
    };
    let mut resolved = setup.resolved.0.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(value) = resolved.get(name) {
        return Ok(Some(value.clone()));
    }
    let value = match &credential.place {
        CredentialPlace::Env(_) => return Ok(credential.value.clone()),
        CredentialPlace::File(path) => of_file(path).map_err(|(why, remedy)| trouble(setup, name, &why, &remedy))?,
        CredentialPlace::Command(words) => of_program(words, LIMIT)
            .map_err(|why| trouble(setup, name, &why, "run the program by hand and see what it says"))?,
    };
    let value = Secret::new(value.trim());
    if value.expose().is_empty() {
        return Err(trouble(setup, name, "is empty", "put the value there"));
    }
    scrub::learn([&value]);
    resolved.insert(name.to_owned(), value.clone());
    Ok(Some(value))
}

/// The value of a credential that cannot be done without: `why` says what it is for.
pub fn needed(setup: &Setup, name: &str, why: &str) -> Result<Secret> {
    get(setup, name)?.ok_or_else(|| trouble(setup, name, &format!("is not set, and {why}"), "set its variable"))
}

/// What a source holds, and its name for people. `of_environment`: the value, where it came with the configuration.
pub fn of_source(
    setup: &Setup,
    secrets: &SecretsFile,
    source: &KeySource,
    of_environment: Option<&Secret>,
) -> Result<(Option<Secret>, String)> {
    Ok(match source {
        KeySource::Environment(name) => (of_environment.cloned(), name.clone()),
        KeySource::Secret(name) => (secrets.get(name), format!("secret `{name}`")),
        KeySource::Credential(name) => (get(setup, name)?, format!("credential `{name}`")),
        KeySource::File(path) => {
            let text = of_file(path).map_err(|(why, remedy)| {
                Trouble::unreachable("credential", format!("a key file {why}"), remedy).in_file(path)
            })?;
            let value = Secret::new(text.trim());
            scrub::learn([&value]);
            (Some(value), format!("the file {}", path.display()))
        }
    })
}

/// Whether a host would find something there, as far as can be said without looking into files or running programs.
pub fn is_set(setup: &Setup, secrets: &SecretsFile, source: &KeySource, of_environment: Option<&Secret>) -> bool {
    match source {
        KeySource::Environment(_) => of_environment.is_some(),
        KeySource::Secret(name) => secrets.get(name).is_some(),
        KeySource::Credential(name) => setup.config.credentials.get(name).is_some_and(Credential::is_set),
        KeySource::File(path) => path.is_file(),
    }
}

/// What the secrets of the data folder are encrypted under, where they are.
pub fn key_of_secrets(setup: &Setup) -> Result<Option<Secret>> {
    let key = setup.config.store.key.as_ref();
    key.map(|name| needed(setup, name, "the secrets are encrypted under it")).transpose()
}

/// The secrets of the data folder, opened with the key that the configuration names.
pub fn secrets(setup: &Setup) -> Result<SecretsFile> {
    let file = SecretsFile::open(&setup.data, key_of_secrets(setup)?).map_err(of_secrets)?;
    let values: Vec<Secret> = file.names().filter_map(|name| file.get(name)).collect();
    scrub::learn(&values);
    Ok(file)
}

/// What is wrong with the file of secrets.
pub fn of_secrets(error: SecretsError) -> Trouble {
    let remedy = error.remedy();
    Trouble::unreachable("secrets", error.to_string(), remedy)
}

fn trouble(setup: &Setup, name: &str, why: &str, remedy: &str) -> Trouble {
    let key = format!("credentials.{name}");
    let place = ["env", "file", "command"].map(|of| setup.config.origin(&format!("{key}.{of}")).place(&key));
    let place = place.into_iter().find(|place| place.line.is_some()).unwrap_or_default();
    let mut trouble = Trouble::unreachable("credential", format!("credential `{name}` {why}"), remedy);
    trouble.place = place;
    trouble
}

/// The content of a file that is its owner's alone, or why not, and what to do.
fn of_file(path: &Path) -> std::result::Result<String, (String, String)> {
    let cannot = |error: io::Error| {
        (format!("cannot be read: {}: {error}", path.display()), "write it there, and chmod 600".to_owned())
    };
    // A pipe would be waited for, without end.
    if !path.metadata().map_err(cannot)?.is_file() {
        return Err((
            format!("is refused: {} is no file", path.display()),
            "write it into a file, and chmod 600".to_owned(),
        ));
    }
    // What is checked is what is read: the file that is open.
    let file = File::open(path).map_err(cannot)?;
    if is_readable_by_others(&file).map_err(cannot)? {
        return Err((
            format!("is refused: {} can be read by others", path.display()),
            format!("chmod 600 {}, and let it be your own", path.display()),
        ));
    }
    bounded(file).map_err(cannot)
}

fn bounded(from: impl io::Read) -> io::Result<String> {
    let mut bytes = Vec::new();
    from.take(MOST_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(io::Error::other(format!("it is longer than {MOST_BYTES} bytes")));
    }
    String::from_utf8(bytes).map_err(|_| io::Error::other("it is no text"))
}

#[cfg(unix)]
fn is_readable_by_others(file: &File) -> io::Result<bool> {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    let about = file.metadata()?;
    // Root reads everything; a file of another owner is that one's to read and to exchange.
    let is_mine = about.uid() == 0 || about.uid() == rustix::process::geteuid().as_raw();
    Ok(!is_mine || about.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn is_readable_by_others(_: &File) -> io::Result<bool> {
    Ok(false)
}

/// What a program prints before the limit, or why there is nothing. Its stderr is nobody's: it may quote the value.
fn of_program(words: &[String], limit: Duration) -> std::result::Result<String, String> {
    let Some((program, arguments)) = words.split_first() else { return Err("names no program".to_owned()) };
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(|error| format!("cannot be had: `{program}` does not start: {error}"))?;
    let printed = printed(&mut child, limit);
    if printed.is_err() {
        // It may be over by now.
        let _ = child.kill();
        let _ = child.wait();
    }
    printed.map_err(|why| format!("cannot be had: `{program}` {why}"))
}

fn printed(child: &mut Child, limit: Duration) -> std::result::Result<String, String> {
    let until = Instant::now() + limit;
    let late = || format!("takes longer than {} s", limit.as_secs());
    let Some(stdout) = child.stdout.take() else { return Err("prints nothing".to_owned()) };
    let (tell, told) = mpsc::channel();
    // It ends with the pipe; nobody waits for it longer than the limit.
    std::thread::spawn(move || drop(tell.send(bounded(stdout))));
    let text = told.recv_timeout(limit).map_err(|_| late())?.map_err(|error| format!("is not understood: {error}"))?;
    loop {
        match child.try_wait().map_err(|error| error.to_string())? {
            Some(status) if status.success() => return Ok(text),
            Some(status) => return Err(format!("fails ({status})")),
            None if Instant::now() >= until => return Err(late()),
            None => std::thread::sleep(Duration::from_millis(5)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str) -> std::result::Result<String, String> {
        of_program(&["sh", "-c", script].map(str::to_owned), LIMIT)
    }

    #[test]
    fn what_a_program_prints_is_taken_within_bounds() {
        assert_eq!(sh("echo canary-1; echo noise >&2").as_deref(), Ok("canary-1\n"));
        let failed = sh("echo canary-1; exit 3").unwrap_err();
        assert!(failed.contains("`sh` fails") && failed.contains('3') && !failed.contains("canary"), "{failed}");
        let long = sh("head -c 70000 /dev/zero | tr '\\0' x").unwrap_err();
        assert!(long.contains("longer than 65536 bytes"), "{long}");
        let words = ["sleep", "600"].map(str::to_owned);
        let late = of_program(&words, Duration::from_millis(50)).unwrap_err();
        assert!(late.contains("takes longer"), "{late}");
        let missing = of_program(&["/nothing/here".to_owned()], LIMIT).unwrap_err();
        assert!(missing.contains("does not start"), "{missing}");
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        std::fs::write(&path, "canary-2\n").unwrap();
        for (mode, refused) in [(0o640, true), (0o604, true), (0o600, false), (0o400, false)] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            match of_file(&path) {
                Ok(value) => assert!(!refused && value == "canary-2\n", "{mode:o}"),
                Err((why, remedy)) => {
                    assert!(refused && why.contains("read by others") && remedy.starts_with("chmod 600"), "{why}");
                    assert!(!why.contains("canary"));
                }
            }
        }
        // Neither is waited for.
        let pipe = dir.path().join("pipe");
        assert!(Command::new("mkfifo").args(["-m", "600"]).arg(&pipe).status().unwrap().success());
        for path in [pipe.as_path(), dir.path()] {
            let (why, _) = of_file(path).unwrap_err();
            assert!(why.contains("is no file"), "{why}");
        }
    }
}
