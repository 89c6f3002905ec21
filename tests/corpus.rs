//! The corpus of `tests/fuzz`, replayed: what is named `taken-…` is taken, what is named `refused-…` is refused, and
//! neither they nor what is cut or flipped of them makes the program panic.

use std::path::Path;

use puppet::{firstparty, fuzz};

fn corpus(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fuzz/corpus").join(target);
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files.map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), std::fs::read(&path).unwrap())).collect()
}

#[test]
fn every_file_of_the_corpus_is_taken_or_refused_as_it_says() {
    for (target, entry) in fuzz::ENTRIES {
        let files = corpus(target);
        assert!(files.len() >= 3, "{target}");
        for (name, bytes) in files {
            let wanted = name.starts_with("taken-");
            assert!(wanted || name.starts_with("refused-"), "{target}/{name} says neither");
            assert_eq!(entry(&bytes), wanted, "{target}/{name}");
        }
    }
    // A whole component is no few hundred bytes: those that come with the program stand for it.
    assert!(firstparty::plugins().iter().all(|plugin| fuzz::component(plugin.component)));
}

#[test]
fn what_is_cut_or_flipped_makes_nobody_panic() {
    for (target, entry) in fuzz::ENTRIES {
        for (_, bytes) in corpus(target) {
            torn(&bytes, 3, entry);
        }
    }
    let plugins = firstparty::plugins();
    let component = plugins.iter().map(|plugin| plugin.component).min_by_key(|component| component.len()).unwrap();
    torn(component, component.len() / 40, fuzz::component);
    assert!((1..40).all(|part| !fuzz::component(&component[..component.len() * part / 40])), "a part is no component");
}

/// Every so many bytes: what stands before, and the whole with one bit of it turned.
fn torn(bytes: &[u8], step: usize, entry: fuzz::Entry) {
    for at in (0..bytes.len()).step_by(step) {
        entry(&bytes[..at]);
        let mut flipped = bytes.to_vec();
        flipped[at] ^= 1 << (at % 8);
        entry(&flipped);
    }
}

#[test]
fn every_entry_has_a_target() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fuzz");
    let manifest = std::fs::read_to_string(folder.join("Cargo.toml")).unwrap();
    for (target, _) in fuzz::ENTRIES {
        let function = target.replace('-', "_");
        assert!(manifest.contains(&format!("name = \"{target}\"\npath = \"fuzz_targets/{function}.rs\"")), "{target}");
        let text = std::fs::read_to_string(folder.join(format!("fuzz_targets/{function}.rs"))).unwrap();
        assert!(text.contains(&format!("puppet::fuzz::{function}(bytes)")), "{target}");
    }
    let targets = std::fs::read_dir(folder.join("fuzz_targets")).unwrap().count();
    assert_eq!(targets, fuzz::ENTRIES.len());
}
