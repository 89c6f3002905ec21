//! The demo without a terminal: characters post, answer each other, and the program ends by itself.

use std::time::Instant;

use crate::support::{finish, puppet};

#[test]
fn characters_live_without_a_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let started = Instant::now();
    let ran = finish(puppet(folder.path()).args(["demo", "--for", "20s", "--plain"])).exits(0);
    assert!(started.elapsed().as_secs() >= 20);
    assert!(ran.stdout.lines().any(|line| line.contains(" post ")), "{}", ran.stdout);
    assert!(ran.stdout.lines().any(|line| line.contains(" reply ")), "{}", ran.stdout);
    let likes: Vec<&str> = ran.stdout.lines().filter(|line| line.contains(" like")).collect();
    assert!(likes.iter().any(|line| line.split(" like ").nth(1).is_some_and(|of| of.starts_with('@'))), "{likes:?}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is left behind");
}
