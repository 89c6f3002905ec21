//! Completions for shells and pages for `man`.

use crate::support::run;

#[test]
fn every_shell_gets_completions_that_know_commands_and_flags() {
    let folder = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = run(folder.path(), &["completions", shell]).exits(0).stdout;
        for word in ["simulate", "allow-unsigned", "airdrop"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
    // A shell takes it: what is no script of it is an error there.
    let script = run(folder.path(), &["completions", "bash"]).exits(0).stdout;
    let file = folder.path().join("puppet.bash");
    std::fs::write(&file, format!("{script}\ncomplete -p puppet\n")).unwrap();
    let bash = std::process::Command::new("bash").arg("--norc").arg(&file).output().unwrap();
    let (told, wrong) = (String::from_utf8_lossy(&bash.stdout), String::from_utf8_lossy(&bash.stderr));
    assert!(bash.status.success() && told.contains("_puppet") && wrong.is_empty(), "{told}{wrong}");
    run(folder.path(), &["completions", "tcsh"]).exits(2);
    let json = run(folder.path(), &["completions", "bash", "--json"]).exits(2);
    assert!(json.stderr.contains("\"usage\"") && json.stdout.is_empty(), "{json:?}");
}

#[test]
fn every_command_gets_a_manual_page() {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), &["man", "--dir", "share/man1"]).exits(0);
    let page = |name: &str| std::fs::read_to_string(folder.path().join("share/man1").join(name)).unwrap();
    assert!(page("puppet.1").contains(".TH puppet 1"));
    assert!(page("puppet-agent-import.1").contains("dry\\-run"));
    assert!(!folder.path().join("share/man1/puppet-compile.1").exists(), "what a host starts by itself");
    std::fs::write(folder.path().join("taken"), "").unwrap();
    let refused = run(folder.path(), &["man", "--dir", "taken"]).exits(2);
    assert!(refused.stderr.contains("taken"), "{}", refused.stderr);
    run(folder.path(), &["man"]).exits(2);
}

#[test]
fn a_code_of_an_error_is_explained_also_where_the_configuration_is_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("puppet.toml"), "[host\n").unwrap();
    let told = run(folder.path(), &["explain", "unknown-key"]).exits(0).stdout;
    assert!(told.starts_with("unknown-key\n\n") && told.contains("docs/reference/configuration.md"), "{told}");
    assert!(!told.contains("bad-value"), "its section alone: {told}");
    let unknown = run(folder.path(), &["explain", "unknown-kye"]).exits(2);
    assert!(unknown.stderr.contains("error[bad-value]") && unknown.stderr.contains("`unknown-key`"), "{unknown:?}");
    let far = run(folder.path(), &["explain", "elephants"]).exits(2);
    assert!(far.stderr.contains("docs/reference/exit-codes.md"), "{far:?}");
    let json = run(folder.path(), &["explain", "unknown-key", "--json"]).exits(2);
    assert!(json.stderr.contains("\"usage\"") && json.stdout.is_empty(), "{json:?}");
}
