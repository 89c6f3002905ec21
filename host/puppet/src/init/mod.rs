//! `puppet init`: writes a first folder, all of it or nothing, and never over something that is there.

pub(crate) mod templates;

use std::{
    fs, io,
    io::Write as _,
    path::{Path, PathBuf},
};

use crate::trouble::{Result, Trouble};

pub use templates::FILES;

/// Writes the commented `puppet.toml`, `grants.toml` and one agent into a folder, which is made if need be.
/// Answers the files written.
///
/// # Errors
/// Names the first file that is there already, or that cannot be written; then nothing is left behind.
pub fn write(dir: &Path) -> Result<Vec<PathBuf>> {
    let paths: Vec<PathBuf> = FILES.iter().map(|(name, _)| dir.join(name)).collect();
    for path in &paths {
        match path.symlink_metadata() {
            Ok(_) => return Err(exists(path)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(unwritable(path, &error)),
        }
    }
    let mut work = Work::default();
    for (path, (_, text)) in paths.iter().zip(FILES) {
        work.prepare(path, text).map_err(|error| unwritable(path, &error))?;
    }
    work.publish()?;
    Ok(paths)
}

fn exists(path: &Path) -> Trouble {
    Trouble::input("file-exists", "is there already; nothing was written", "move it away, or name another folder")
        .in_file(path)
}

fn unwritable(path: &Path, error: &io::Error) -> Trouble {
    Trouble::input("cannot-write", format!("cannot be written: {error}"), "check the folder, or name another one")
        .in_file(path)
}

/// What was made so far; what is in here when it is dropped is taken back.
#[derive(Default)]
struct Work {
    folders: Vec<PathBuf>,
    temporary: Vec<(PathBuf, PathBuf)>,
    published: Vec<PathBuf>,
}

impl Work {
    /// Writes a text beside its place.
    fn prepare(&mut self, path: &Path, text: &str) -> io::Result<()> {
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            self.make(folder)?;
        }
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}.tmp", std::process::id()));
        let temporary = path.with_file_name(name);
        let mut file = fs::OpenOptions::new().write(true).create_new(true).open(&temporary)?;
        self.temporary.push((temporary, path.to_owned()));
        file.write_all(text.as_bytes())?;
        file.sync_all()
    }

    fn make(&mut self, folder: &Path) -> io::Result<()> {
        if folder.is_dir() {
            return Ok(());
        }
        if let Some(parent) = folder.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            self.make(parent)?;
        }
        fs::create_dir(folder)?;
        self.folders.push(folder.to_owned());
        Ok(())
    }

    /// Puts everything in its place.
    fn publish(mut self) -> Result<()> {
        for (temporary, path) in &self.temporary {
            // Again, since the texts were written in between.
            if path.symlink_metadata().is_ok() {
                return Err(exists(path));
            }
            fs::rename(temporary, path).map_err(|error| unwritable(path, &error))?;
            self.published.push(path.clone());
        }
        self.temporary.clear();
        self.published.clear();
        self.folders.clear();
        Ok(())
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        // Best effort: the error that led here is the one to report.
        for path in self.temporary.iter().map(|(temporary, _)| temporary).chain(&self.published) {
            let _ = fs::remove_file(path);
        }
        for folder in self.folders.iter().rev() {
            let _ = fs::remove_dir(folder);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Level, grants_file};

    fn names(dir: &Path) -> Vec<String> {
        let mut found = Vec::new();
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                found.extend(names(&path));
            }
            found.push(path.display().to_string());
        }
        found.sort();
        found
    }

    /// Settings are commented out as `#key`, prose as `# Text`.
    fn uncommented(text: &str) -> String {
        let line = |line: &str| match line.strip_prefix('#') {
            Some(rest) if !rest.is_empty() && !rest.starts_with(' ') => format!("{rest}\n"),
            _ => format!("{line}\n"),
        };
        text.lines().map(line).collect()
    }

    fn template(name: &str) -> &'static str {
        FILES.iter().find(|(of, _)| *of == name).unwrap().1
    }

    #[test]
    fn a_new_folder_is_whole() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("deep/er");
        let written = write(&target).unwrap();
        assert_eq!(written.len(), FILES.len());
        for (path, (_, text)) in written.iter().zip(FILES) {
            assert_eq!(fs::read_to_string(path).unwrap(), *text);
        }
        let (config, warnings) = Config::load(Some(&target.join("puppet.toml")), &|_| None).unwrap();
        assert!(warnings.is_empty(), "{warnings:?}");
        assert_eq!(config.llm.default, "offline");
        assert!(!names(&target).iter().any(|name| name.ends_with(".tmp")));
    }

    #[test]
    fn nothing_is_overwritten_and_nothing_half_written() {
        for (name, _) in FILES {
            let dir = tempfile::tempdir().unwrap();
            let there = dir.path().join(name);
            fs::create_dir_all(there.parent().unwrap()).unwrap();
            fs::write(&there, "mine").unwrap();
            let before = names(dir.path());
            let error = write(dir.path()).unwrap_err();
            assert_eq!((error.code, error.place.file), ("file-exists", Some(there.display().to_string())));
            assert_eq!(names(dir.path()), before);
            assert_eq!(fs::read_to_string(&there).unwrap(), "mine");
        }
    }

    #[test]
    fn a_folder_that_cannot_be_made_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        // `agents` is a file, so the pack's folder cannot be made after the first files were prepared.
        fs::write(dir.path().join("agents"), "mine").unwrap();
        let before = names(dir.path());
        assert_eq!(write(dir.path()).unwrap_err().code, "cannot-write");
        assert_eq!(names(dir.path()), before);
    }

    #[test]
    fn what_was_published_is_taken_back_when_a_later_file_is_in_the_way() {
        let dir = tempfile::tempdir().unwrap();
        let (first, second) = (dir.path().join("new/first"), dir.path().join("second"));
        let mut work = Work::default();
        work.prepare(&first, "1").unwrap();
        work.prepare(&second, "2").unwrap();
        fs::write(&second, "mine").unwrap();
        assert_eq!(work.publish().unwrap_err().code, "file-exists");
        assert_eq!(names(dir.path()), [second.display().to_string()]);
        assert_eq!(fs::read_to_string(&second).unwrap(), "mine");
    }

    #[test]
    fn every_setting_shown_in_the_template_is_valid_and_most_are_the_defaults() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("puppet.toml");
        fs::write(&path, uncommented(template("puppet.toml"))).unwrap();
        let env = |name: &str| (name == "OPENAI_API_KEY").then(|| "k".to_owned());
        let (config, warnings) = Config::load(Some(&path), &env).unwrap();
        let warnings: Vec<_> = warnings.into_iter().filter(|warning| warning.level == Level::Warning).collect();
        assert!(warnings.is_empty(), "{warnings:?}");
        let defaults = Config::default();
        assert_eq!(config.generators, defaults.generators);
        assert_eq!(config.invocation, defaults.invocation);
        assert_eq!(config.host.data, dir.path().join("./.puppet"));
        // Everything shown was read: no setting stayed commented by a slip of the marker.
        // Of the places that a value may be in, one is shown; and rules as a table.
        let is_shown = |key: &str| {
            let place = ["_env", "_secret", "_credential"].iter().find(|place| key.ends_with(*place));
            !key.contains('<')
                && place.is_none_or(|place| *place == "_secret")
                && !["trading.rpc_url", "trading.risk"].contains(&key)
        };
        for field in crate::config::fields::FIELDS.iter().filter(|field| is_shown(field.key)) {
            assert_ne!(config.origin(field.key).to_string(), "default", "{} is not shown", field.key);
        }
    }

    #[test]
    fn grants_and_persona_are_what_their_readers_want() {
        let text = template("grants.toml");
        for text in [text.to_owned(), uncommented(text)] {
            let grants = grants_file::parse(&text, Path::new("grants.toml")).unwrap();
            assert!(
                grants.packs.len() == 1
                    && grants.packs[0].pack.as_str() == "ember"
                    && grants.packs[0].capabilities.len() == 5
            );
        }
        let persona: puppet_types::Persona = toml::from_str(template("agents/ember/persona.toml")).unwrap();
        let posts = &persona.behavior.post_frequency;
        assert!(posts.min_hours_between_posts < posts.max_hours_between_posts);
        assert!(persona.sample_lines.len() >= 5 && !persona.personality.interests.is_empty());
        let pack: toml::Table = toml::from_str(template("agents/ember/pack.toml")).unwrap();
        assert_eq!(pack["plugin"].as_str(), Some("standard-personality"));
        assert!(FILES.iter().any(|(name, _)| *name == format!("agents/ember/{}", pack["persona"].as_str().unwrap())));
    }
}
