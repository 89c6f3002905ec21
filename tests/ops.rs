//! What `docs/ops/` starts a host with is what the program takes: the unit, the image and its health check.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    client::Client,
    support::{Running, run},
};

fn ops(file: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/ops").join(file)).unwrap()
}

/// What stands behind the beginning of a line, in this order.
fn lines<'t>(text: &'t str, beginning: &str) -> Vec<&'t str> {
    text.lines().filter_map(|line| line.strip_prefix(beginning)).map(str::trim).collect()
}

/// The words of a list in JSON.
fn words(list: &str) -> Vec<String> {
    serde_json::from_str(list).unwrap_or_else(|error| panic!("{error}: {list}"))
}

/// A host that is started as a file says; the folder is its home.
fn started(folder: &Path, args: &[&str]) -> Running {
    run(folder, &["init", "."]).exits(0);
    assert_eq!(args.first(), Some(&"run"), "{args:?}");
    let more: Vec<&str> = args.iter().skip(1).copied().collect();
    Running::start(folder, &folder.join(".puppet"), &more)
}

#[test]
fn the_image_starts_a_host_that_is_healthy_by_its_own_check() {
    let file = ops("Containerfile");
    let joined = file.replace("\\\n", " ");
    let [entry, arguments, check] =
        ["ENTRYPOINT ", "CMD ", "HEALTHCHECK "].map(|beginning| lines(&joined, beginning)[0]);
    assert_eq!(words(entry), ["/usr/local/bin/puppet"]);
    let folder = tempfile::tempdir().unwrap();
    let arguments = words(arguments);
    let host = started(folder.path(), &arguments.iter().map(String::as_str).collect::<Vec<_>>());
    let data = folder.path().join(".puppet");
    let asked = words(check.split_once(" CMD ").unwrap().1.trim());
    let healthy = |port: &str| {
        let mut command = Command::new(&asked[0]);
        command.args(&asked[1..]).env_clear().env("ENGINE_PORT", port).status().unwrap().success()
    };
    if Path::new(&asked[0]).exists() {
        let port = Client::of(&data, None).port();
        assert!(healthy(&port), "{asked:?}");
        assert_eq!(host.stop(), 0);
        assert!(!healthy(&port), "nobody answers any more");
    } else {
        println!("skipped: there is no {} here", asked[0]);
    }
    // What it serves on where nobody says otherwise: that page is made from the settings.
    let settings = ops("../reference/configuration.md");
    let listen = settings.lines().find(|line| line.starts_with("| `listen` |")).unwrap();
    assert!(listen.contains(":3000`") && lines(&file, "EXPOSE ") == ["3000"], "{listen}");
}

#[test]
fn the_unit_starts_and_ends_a_host_and_systemd_reads_it() {
    let file = ops("puppet-engine.service");
    let start = lines(&file, "ExecStart=")[0];
    let (program, arguments) = start.split_once(' ').unwrap();
    assert!(program.ends_with("/puppet"));
    let folder = tempfile::tempdir().unwrap();
    let host = started(folder.path(), &arguments.split(' ').collect::<Vec<_>>());
    assert_eq!(host.stop(), 0, "it ends by itself at {}", lines(&file, "KillSignal=")[0]);
    // Which ends are not started again.
    assert_eq!(lines(&file, "RestartPreventExitStatus="), ["2 3"]);
    std::fs::write(folder.path().join("puppet.toml"), "[nonsense]\n").unwrap();
    run(folder.path(), &["run"]).exits(2);
    let unit = folder.path().join("puppet-engine.service");
    std::fs::write(&unit, file.replace(program, env!("CARGO_BIN_EXE_puppet"))).unwrap();
    match Command::new("systemd-analyze").arg("verify").arg(&unit).output() {
        Ok(said) => assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr)),
        Err(_) => println!("skipped: there is no systemd-analyze here"),
    }
}

#[test]
fn the_files_beside_them_are_there() {
    let folder: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/ops");
    let compose = ops("compose.yml");
    let root = folder.join("../..");
    for line in compose.lines().map(str::trim) {
        if let Some(file) = line.strip_prefix("dockerfile: ") {
            assert!(root.join(file).is_file(), "{file}");
        }
        if let Some(file) =
            line.strip_prefix("- ./").and_then(|line| line.split(':').next()).filter(|file| file.contains('.'))
        {
            assert!(folder.join(file).is_file(), "{file}");
        }
    }
    assert!(compose.contains("127.0.0.1:3000:3000") && compose.contains("mongo-user.js"));
    // Both name the variable that the configuration's example takes the address of the database from.
    let guide = std::fs::read_to_string(folder.join("../ops.md")).unwrap();
    assert!(compose.contains("PUPPET_DATABASE") && guide.contains("PUPPET_DATABASE"));
}
