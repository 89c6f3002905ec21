//! What is installed, over publishes, crashes and damage.

use std::{fs, path::Path};

use super::*;

fn at(n: i64) -> Timestamp {
    Timestamp::from_millis(n * 1_000)
}

/// A folder that is a pack of this version, with so much in it.
fn pack(folder: &Path, version: &str, readme: &str) -> PathBuf {
    let dir = folder.join(format!("src-{version}-{}", readme.len()));
    fs::create_dir_all(&dir).unwrap();
    let text = format!("id = \"lamp\"\nversion = \"{version}\"\nplugin = \"standard-personality\"\n");
    fs::write(dir.join("pack.toml"), text).unwrap();
    fs::write(dir.join("README.md"), readme).unwrap();
    dir
}

struct Scene {
    folder: tempfile::TempDir,
    installed: Installed,
}

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let installed = Installed::at(&folder.path().join("data"));
        Self { folder, installed }
    }
    fn install(&self, version: &str, readme: &str, state: State, n: i64) -> Result<Entry, InstallError> {
        let staged = self.installed.stage(&pack(self.folder.path(), version, readme), Source::Archive)?;
        self.installed.publish(staged, state, at(n), None)
    }
    fn states(&self) -> Vec<(String, &'static str)> {
        let entries = self.installed.entries().unwrap();
        entries.iter().map(|entry| (entry.version.to_string(), entry.state.name())).collect()
    }
    fn packs(&self) -> PathBuf {
        self.folder.path().join("data/packs")
    }
    fn lock(&self) -> PathBuf {
        self.folder.path().join("data").join(LOCK)
    }
}

fn said(all: &[(&str, &'static str)]) -> Vec<(String, &'static str)> {
    all.iter().map(|(version, state)| ((*version).to_owned(), *state)).collect()
}

#[test]
fn a_version_is_published_and_opens() {
    let scene = Scene::new();
    assert_eq!(scene.installed.entries().unwrap(), []);
    let first = scene.install("0.1.0", "one", State::Current, 1).unwrap();
    assert!(scene.installed.folder(&first).ends_with(format!("lamp/0.1.0-{}", &first.digest.hex()[..12])));
    assert_eq!(scene.installed.open(&first).unwrap().manifest.version, Version::new(0, 1, 0));
    assert!(scene.installed.bytes(&first).unwrap() > 10);
    use std::os::unix::fs::PermissionsExt as _;
    let mode = fs::metadata(scene.installed.folder(&first).join("README.md")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o644);
    let text = fs::read_to_string(scene.lock()).unwrap();
    assert!(text.starts_with("# Which packs are installed") && text.contains("[[pack]]\nid = \"lamp\""), "{text}");
    // Again: nothing changes.
    for state in [State::Current, State::Next, State::Waiting] {
        assert_eq!(scene.install("0.1.0", "one", state, 9).unwrap(), first);
    }
    assert_eq!(fs::read_to_string(scene.lock()).unwrap(), text);
    assert_eq!(names(&scene.packs().join(STAGING)).unwrap(), Vec::<String>::new());
}

#[test]
fn one_version_runs_and_one_is_next() {
    let scene = Scene::new();
    scene.install("0.1.0", "one", State::Current, 1).unwrap();
    scene.install("0.2.0", "two", State::Waiting, 2).unwrap();
    scene.install("0.3.0", "three", State::Next, 3).unwrap();
    assert_eq!(scene.states(), said(&[("0.1.0", "current"), ("0.2.0", "refused"), ("0.3.0", "next")]));
    scene.install("0.4.0", "four", State::Current, 4).unwrap();
    let all = [("0.1.0", "kept"), ("0.2.0", "refused"), ("0.3.0", "refused"), ("0.4.0", "current")];
    assert_eq!(scene.states(), said(&all));
    let reason = scene.installed.entries().unwrap()[2].reason.clone().unwrap();
    assert_eq!(reason, "0.4.0 took its place before it ran");
}

#[test]
fn another_content_of_a_version_and_an_older_one_are_refused() {
    let scene = Scene::new();
    scene.install("0.2.0", "two", State::Current, 1).unwrap();
    let error = scene.install("0.2.0", "other", State::Next, 2).unwrap_err();
    assert_eq!(error.code(), "same-version");
    let error = scene.install("0.1.0", "one", State::Next, 2).unwrap_err();
    assert_eq!(
        (error.code(), error.to_string().as_str()),
        ("downgrade", "`lamp` 0.1.0 is older than the 0.2.0 that runs")
    );
    assert_eq!(scene.states(), said(&[("0.2.0", "current")]));
    let mut staged = scene.installed.stage(&pack(scene.folder.path(), "0.1.0", "one"), Source::Archive).unwrap();
    staged.may_downgrade = true;
    scene.installed.publish(staged, State::Next, at(3), None).unwrap();
    // Who works in a folder changes it without another version.
    let staged = scene.installed.stage(&pack(scene.folder.path(), "0.2.0", "other"), Source::Folder).unwrap();
    scene.installed.publish(staged, State::Next, at(4), None).unwrap();
    assert_eq!(scene.installed.entries().unwrap().len(), 3);
}

#[test]
fn what_a_crash_left_is_swept_and_what_is_being_written_stays() {
    let scene = Scene::new();
    let first = scene.install("0.1.0", "one", State::Current, 1).unwrap();
    let staged = scene.installed.stage(&pack(scene.folder.path(), "0.2.0", "two"), Source::Archive).unwrap();
    // Renamed, and the lock file not yet: nobody knows it.
    let lost = scene.packs().join("lamp/0.9.0-000000000000");
    let torn = scene.packs().join(STAGING).join("new_torn");
    for folder in [&lost, &torn, &scene.packs().join("nobody/1.0.0-000000000000")] {
        fs::create_dir_all(folder).unwrap();
        fs::write(folder.join("pack.toml"), "half").unwrap();
    }
    drop(scene.installed.stage(&pack(scene.folder.path(), "0.3.0", "three"), Source::Archive).unwrap());
    assert!(!lost.exists() && !torn.exists() && !scene.packs().join("nobody").exists());
    assert_eq!(names(&scene.packs().join(STAGING)).unwrap().len(), 1, "the one that is being written");
    scene.installed.open(&first).unwrap();
    scene.installed.publish(staged, State::Next, at(2), None).unwrap();
    assert_eq!(scene.states(), said(&[("0.1.0", "current"), ("0.2.0", "next")]));
}

#[test]
fn an_archive_that_came_over_a_connection_lies_there_for_as_long_as_it_is_looked_at() {
    let scene = Scene::new();
    let staging = scene.packs().join(STAGING);
    let received = scene.installed.receive(b"anything").unwrap();
    assert_eq!(fs::read(received.path()).unwrap(), b"anything");
    assert!(scene.installed.stage(received.path(), Source::Archive).is_err(), "it is no archive");
    fs::write(staging.join("received_torn"), "half").unwrap();
    drop(scene.installed.stage(&pack(scene.folder.path(), "0.2.0", "two"), Source::Archive).unwrap());
    assert_eq!(names(&staging).unwrap().len(), 1, "what a stopped program left is swept, and what is looked at stays");
    drop(received);
    assert_eq!(names(&staging).unwrap(), Vec::<String>::new());
}

#[test]
fn a_lock_file_that_does_not_read_back_is_told_with_its_line_and_never_written_over() {
    let scene = Scene::new();
    let entry = scene.install("0.1.0", "one", State::Current, 1).unwrap();
    let good = fs::read_to_string(scene.lock()).unwrap();
    for (bad, line, said) in [
        (good.replace("state = \"current\"", "state = \"currant\""), 4, "`currant` is no state"),
        (good.replace("id = \"lamp\"", "id = \"../lamp\""), 4, "`../lamp` is no id"),
        (good.replace("source =", "sauce ="), 8, "unknown field"),
        (
            format!("{good}{}", good.split_once("[[pack]]").map(|(_, row)| format!("\n[[pack]]{row}")).unwrap()),
            12,
            "twice",
        ),
        (good.replace("[[pack]]", "[[pack]"), 4, ""),
    ] {
        fs::write(scene.lock(), &bad).unwrap();
        let failed = [
            scene.installed.entries().err().unwrap(),
            scene.install("0.2.0", "two", State::Next, 2).err().unwrap(),
            scene.installed.change(|_| Ok(())).err().unwrap(),
            scene.installed.sweep(0).err().unwrap(),
        ];
        for error in failed {
            let InstallError::Lock { line: found, message, .. } = &error else { panic!("{error:?}") };
            assert!(*found == Some(line) && message.contains(said), "{found:?}: {message}");
        }
        assert_eq!(fs::read_to_string(scene.lock()).unwrap(), bad);
    }
    fs::write(scene.lock(), &good).unwrap();
    scene.installed.open(&entry).unwrap();
}

#[test]
fn what_was_changed_on_the_disk_does_not_open_and_is_mended_by_another_install() {
    let scene = Scene::new();
    let entry = scene.install("0.1.0", "one", State::Current, 1).unwrap();
    let folder = scene.installed.folder(&entry);
    let damages: [fn(&Path); 4] = [
        |folder| fs::write(folder.join("README.md"), "two").unwrap(),
        |folder| fs::write(folder.join("more.txt"), "x").unwrap(),
        |folder| fs::remove_file(folder.join("README.md")).unwrap(),
        |folder| fs::remove_file(folder.join("pack.toml")).unwrap(),
    ];
    for damage in damages {
        damage(&folder);
        assert!(scene.installed.open(&entry).is_err());
        scene.install("0.1.0", "one", State::Current, 2).unwrap();
        scene.installed.open(&entry).unwrap();
    }
}

#[test]
fn old_versions_go_and_what_runs_stays() {
    let scene = Scene::new();
    for n in 1..=5 {
        scene.install(&format!("0.{n}.0"), &"x".repeat(n * 100), State::Current, n as i64).unwrap();
    }
    let gone = scene.installed.sweep(2).unwrap();
    assert_eq!(gone.iter().map(|entry| entry.version.minor).collect::<Vec<_>>(), [2, 1]);
    assert_eq!(scene.states(), said(&[("0.3.0", "kept"), ("0.4.0", "kept"), ("0.5.0", "current")]));
    assert_eq!(names(&scene.packs().join("lamp")).unwrap().len(), 3);
    // The bytes of all: the oldest goes first, and what runs is not counted out.
    let entries = scene.installed.entries().unwrap();
    let bytes: u64 = entries.iter().map(|entry| scene.installed.bytes(entry).unwrap()).sum();
    let gone = scene.installed.sweep_within(9, bytes - 1).unwrap();
    assert_eq!(gone[0].version.minor, 3);
    scene.installed.sweep_within(9, 0).unwrap();
    assert_eq!(scene.states(), said(&[("0.5.0", "current")]));
    scene.installed.forget(|entry| entry.id.as_str() == "lamp").unwrap();
    assert!(scene.states().is_empty() && !scene.packs().join("lamp").exists());
}

#[test]
fn of_changes_that_come_at_once_none_undoes_another() {
    let scene = Scene::new();
    scene.install("0.1.0", "one", State::Current, 1).unwrap();
    std::thread::scope(|threads| {
        for n in 2..10 {
            let scene = &scene;
            threads.spawn(move || {
                scene.install(&format!("0.{n}.0"), &"x".repeat(n), State::Kept, n as i64).unwrap();
            });
        }
    });
    assert_eq!(scene.installed.entries().unwrap().len(), 9);
    let error = scene.installed.change(|entries| {
        entries.clear();
        let (message, remedy) = ("no".to_owned(), String::new());
        Err::<(), _>(InstallError::Refused { code: "no", message, remedy })
    });
    assert!(error.is_err() && scene.installed.entries().unwrap().len() == 9);
}
