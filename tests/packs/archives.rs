//! Archives made, signed, tampered with, and told apart.

use std::{fs, os::unix::fs::PermissionsExt as _};

use super::Desk;
use crate::support::{finish, list, puppet};

#[test]
fn the_same_folder_is_the_same_archive_and_what_is_left_out_is_named() {
    let desk = Desk::new();
    desk.pack("lamp", "0.1.0", 2, "");
    desk.write("lamp/src/lib.rs", "code");
    let first = desk.run(&["pack", "build", "lamp", "--json"]).exits(0).json();
    assert_eq!(first["file"], "lamp-0.1.0.puppet");
    assert_eq!(list(&first, "left_out"), &["src/"]);
    let paths: Vec<&str> = list(&first, "files").iter().map(|file| file["path"].as_str().unwrap()).collect();
    assert_eq!(paths, ["README.md", "lamp.wasm", "pack.toml", "persona.toml", "prompts/system.md"]);
    // Written by another, at another time, with other rights.
    let readme = desk.path().join("lamp/README.md");
    let text = fs::read(&readme).unwrap();
    fs::remove_file(&readme).unwrap();
    fs::write(&readme, text).unwrap();
    fs::set_permissions(&readme, fs::Permissions::from_mode(0o755)).unwrap();
    let second = desk.run(&["pack", "build", "lamp", "-o", "again.puppet", "--json"]).exits(0).json();
    assert_eq!(first["digest"], second["digest"]);
    let bytes = |name: &str| fs::read(desk.path().join(name)).unwrap();
    assert!(bytes("lamp-0.1.0.puppet") == bytes("again.puppet"));
    // The folder is the same pack as its archive.
    for path in ["lamp", "again.puppet"] {
        let seen = desk.run(&["pack", "inspect", path, "--json"]).exits(0).json();
        assert_eq!(seen["digest"], first["digest"]);
        let asks = list(&seen, "asks");
        assert!(asks.contains(&"may post up to 2 times an hour as @lamp".into()), "{asks:?}");
    }
    let same = desk.run(&["pack", "diff", "lamp", "again.puppet"]).exits(0);
    assert_eq!(same.stdout, "the two are the same\n");
}

#[test]
fn a_signature_is_by_the_publisher_and_over_all_of_it() {
    let desk = Desk::new();
    let (key, other) = (desk.keys("ann.key"), desk.keys("bob.key"));
    assert_eq!(fs::metadata(desk.path().join("ann.key")).unwrap().permissions().mode() & 0o777, 0o600);
    let again = desk.run(&["pack", "keygen", "ann.key", "--unencrypted"]).exits(2);
    assert!(again.stderr.contains("file-exists"), "{}", again.stderr);
    let alone = desk.run(&["pack", "keygen", "eve.key"]).exits(2);
    assert!(alone.stderr.contains("set PUPPET_KEY_PASSWORD") && !desk.path().join("eve.key").exists());

    let archive = desk.built("lamp", "0.1.0", 2, &format!("publisher = \"{key}\""));
    let refused = desk.run(&["pack", "sign", &archive, "--key", "bob.key"]).exits(3);
    assert!(refused.stderr.contains("other-publisher") && refused.stderr.contains(&other), "{}", refused.stderr);
    let unsigned = desk.run(&["pack", "inspect", &archive, "--json"]).exits(0).json();
    let signed = desk.run(&["pack", "sign", &archive, "--key", "ann.key", "--json"]).exits(0).json();
    assert_eq!((&signed["signer"], &signed["digest"]), (&key.as_str().into(), &unsigned["digest"]));
    let seen = desk.run(&["pack", "inspect", &archive, "--json"]).exits(0).json();
    assert_eq!((&seen["signer"], &unsigned["signer"]), (&key.as_str().into(), &serde_json::Value::Null));
    // Signed already: it stays as it is.
    let before = fs::read(desk.path().join(&archive)).unwrap();
    desk.run(&["pack", "sign", &archive, "--key", "ann.key"]).exits(0);
    assert!(before == fs::read(desk.path().join(&archive)).unwrap());

    // A folder is signed in place, and a change of it is told.
    desk.run(&["pack", "sign", "lamp", "--key", "ann.key"]).exits(0);
    assert!(desk.path().join("lamp/MANIFEST.minisig").is_file());
    desk.run(&["pack", "build", "lamp", "-o", "signed.puppet"]).exits(0);
    let seen = desk.run(&["pack", "inspect", "signed.puppet", "--json"]).exits(0).json();
    assert_eq!((&seen["signer"], &seen["digest"]), (&key.as_str().into(), &unsigned["digest"]));
    desk.write("lamp/README.md", "# Another");
    let changed = desk.run(&["pack", "inspect", "lamp"]).exits(2);
    assert!(changed.stderr.contains("bad-signature") && changed.stderr.contains("sign it anew"), "{}", changed.stderr);
}

#[test]
fn a_password_opens_the_key() {
    let desk = Desk::new();
    let with =
        |password: &str, args: &[&str]| finish(puppet(desk.path()).env("PUPPET_KEY_PASSWORD", password).args(args));
    let made = with("correct horse", &["pack", "keygen", "ann.key", "--json"]).exits(0).json();
    assert_eq!(made["encrypted"], true);
    let archive = desk.built("lamp", "0.1.0", 2, &format!("publisher = {}", made["publisher"]));
    let wrong = with("battery", &["pack", "sign", &archive, "--key", "ann.key"]).exits(2);
    assert!(wrong.stderr.contains("the password does not open the key"), "{}", wrong.stderr);
    with("correct horse", &["pack", "sign", &archive, "--key", "ann.key"]).exits(0);
}

/// One byte of each kind of place: header, listing, file, padding, signature, end.
#[test]
fn an_archive_that_was_tampered_with_is_refused() {
    let desk = Desk::new();
    let key = desk.keys("ann.key");
    let archive = desk.built("lamp", "0.1.0", 2, &format!("publisher = \"{key}\""));
    desk.run(&["pack", "sign", &archive, "--key", "ann.key"]).exits(0);
    let whole = fs::read(desk.path().join(&archive)).unwrap();
    let find = |what: &[u8]| whole.windows(what.len()).position(|part| part == what).unwrap();
    let signature = find(b"untrusted comment");
    for (at, code) in [
        (0, "bad-archive"),
        (find(b"puppet-pack 1"), "bad-archive"),
        (find(b" lamp.wasm\n") + 1, "bad-archive"),
        (find(b"# Lamp"), "wrong-digest"),
        (find(b"\0asm"), "wrong-digest"),
        (find(b"# Lamp") + 100, "bad-archive"),
        (signature + 60, "bad-signature"),
        (
            whole[signature..].windows(8).position(|part| part == b"\ntrusted").unwrap() + signature + 30,
            "bad-signature",
        ),
        (whole.len() - 1, "bad-archive"),
    ] {
        let mut torn = whole.clone();
        torn[at] ^= 1;
        desk.write("torn.puppet", &torn);
        let refused = desk.run(&["pack", "inspect", "torn.puppet"]).exits(2);
        assert!(refused.stderr.contains(&format!("error[{code}]")), "{at}: {}", refused.stderr);
    }
    desk.write("torn.puppet", &whole[..whole.len() / 2]);
    assert!(desk.run(&["pack", "inspect", "torn.puppet"]).exits(2).stderr.contains("ends too soon"));
    desk.write("torn.puppet", b"\x1f\x8b\x08\0");
    assert!(desk.run(&["pack", "inspect", "torn.puppet"]).exits(2).stderr.contains("compressed (gzip)"));
}

#[test]
fn two_packs_are_told_apart() {
    let desk = Desk::new();
    let old = desk.built("lamp", "0.1.0", 2, "");
    desk.write("lamp/CHANGELOG.md", "- brighter\n");
    let new = desk.built("lamp", "0.2.0", 5, "");
    let told = desk.run(&["pack", "diff", &old, &new, "--json"]).exits(1).json();
    let files: Vec<(&str, &str)> = list(&told, "files")
        .iter()
        .map(|file| (file["path"].as_str().unwrap(), file["change"].as_str().unwrap()))
        .collect();
    assert_eq!(files, [("CHANGELOG.md", "added"), ("README.md", "changed"), ("pack.toml", "changed")]);
    assert_eq!(list(&told, "widened"), &["tweet.posts/hour: asks for 5, requested 2 before"]);
    assert!(list(&told, "narrowed").is_empty());
    let said = desk.run(&["pack", "diff", &new, &old]).exits(1);
    for line in
        ["removed CHANGELOG.md", "asks for less: tweet.posts/hour: requested 5 before, asks for 2", "  + # Lamp 0.1.0"]
    {
        assert!(said.stdout.contains(line), "{}", said.stdout);
    }
}

/// What the manifest says and what is there agree, or one line says what does not.
#[test]
fn a_pack_that_is_not_what_it_says_is_refused() {
    let desk = Desk::new();
    for (more, code, said) in [
        (
            "kinds = [\"personality\"]\ncontract = \"^0.9\"",
            "other-contract",
            "needs host with plugin contract ^0.9: this one serves 0.1.0 and 0.1.1 and 0.2.0",
        ),
        (
            "kinds = [\"personality\"]\ndigest = \"sha256:0000000000000000000000000000000000000000000000000000000000000000\"",
            "wrong-digest",
            "the component is sha256:",
        ),
        ("[requests.events]\nreason = \"It calls.\"", "component", "events"),
    ] {
        desk.pack("lamp", "0.1.0", 2, more);
        let refused = desk.run(&["pack", "inspect", "lamp"]).exits(2);
        assert!(
            refused.stderr.contains(&format!("error[{code}]")) && refused.stderr.contains(said),
            "{}",
            refused.stderr
        );
    }
    desk.pack("lamp", "0.1.0", 2, "kinds = [\"personality\"]");
    // A pack that runs a plugin of the program, in a folder of the operator's.
    let text = |more: &str| {
        let head = "id = \"ember\"\nversion = \"0.1.0\"\nplugin = \"standard-personality\"\n";
        format!("{head}persona = \"persona.toml\"\n{more}\n")
    };
    desk.write("agents/ember/persona.toml", "");
    let other = format!("digest = \"sha256:{}\"", "0".repeat(64));
    for (more, code) in [(&*other, "wrong-digest"), ("contract = \"^0.9\"", "other-contract")] {
        desk.write("agents/ember/pack.toml", text(more));
        for args in [&["agent", "list"][..], &["simulate", "--agents", "agents", "--out", "out"]] {
            let refused = desk.run(args).exits(2);
            assert!(refused.stderr.contains(&format!("error[{code}]")), "{args:?}: {}", refused.stderr);
        }
    }
    desk.write("lamp/lamp.wasm", super::component("news"));
    assert!(desk.run(&["pack", "inspect", "lamp"]).exits(2).stderr.contains("error[component]"));
    desk.write("lamp/assets/run", b"\x7fELF\x02\x01\x01");
    assert!(desk.run(&["pack", "build", "lamp"]).exits(2).stderr.contains("error[native-code]"));
    assert!(!desk.path().join("lamp-0.1.0.puppet").exists());
}
