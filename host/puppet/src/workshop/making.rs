//! How a component of each language is made: the command, and where it leaves what it made.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use puppet_author::{narrow, sdk};
use puppet_packs::{Build, Lang, MAX_COMPONENT_BYTES};

use super::{
    Workshop, failed,
    tools::{self, TARGET, Tool},
};
use crate::{files, output::Output, trouble::Result};

/// Makes the component. Answers its bytes, and what made it.
pub fn make(pack: &Workshop, build: &Build, out: Output) -> Result<(Vec<u8>, Vec<Tool>)> {
    if let [program, arguments @ ..] = &build.command[..] {
        let component = pack.component().unwrap_or_default();
        run(Command::new(program).args(arguments), &pack.dir, program, out)?;
        return Ok((made(&component)?, Vec::new()));
    }
    match build.lang {
        Lang::Rust => rust(pack, out),
        Lang::Python => python(pack, build, out),
        Lang::Js => js(pack, build, out),
    }
}

fn rust(pack: &Workshop, out: Output) -> Result<(Vec<u8>, Vec<Tool>)> {
    let dir = &pack.dir;
    let tool = tools::cargo(dir)?;
    let name = crate_name(dir)?;
    let target = dir.join("target");
    let mut command = Command::new(&tool.program);
    command.args(["build", "--release", "--lib", "--target", TARGET, "--target-dir", "target"]);
    // What is meant for programs of this machine is not meant for plugins.
    for name in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_TARGET", "CARGO_TARGET_DIR"] {
        command.env_remove(name);
    }
    run(&mut command, dir, "cargo", out)?;
    let bytes = made(&target.join(TARGET).join("release").join(format!("{}.wasm", name.replace('-', "_"))))?;
    Ok((bytes, vec![tool]))
}

/// The name of the library: `[lib] name`, else that of the package.
fn crate_name(dir: &Path) -> Result<String> {
    let file = dir.join("Cargo.toml");
    let wrong = |message: String| failed(message, "a pack in Rust is a crate: `puppet new` shows one").in_file(&file);
    let text = files::text(&file).map_err(|error| wrong(format!("cannot be read: {error}")))?;
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| wrong(error.message().to_owned()))?;
    let name = |section: &str| Some(table.get(section)?.get("name")?.as_str()?.to_owned());
    name("lib").or_else(|| name("package")).ok_or_else(|| wrong("names no package".to_owned()))
}

fn python(pack: &Workshop, build: &Build, out: Output) -> Result<(Vec<u8>, Vec<Tool>)> {
    let tool = tools::componentize_py(&pack.dir)?;
    let entry = build.entry.as_deref().unwrap_or("app.py");
    let source = there(pack, entry)?;
    let module = entry.strip_suffix(".py").unwrap_or(entry).replace('/', ".");
    world(pack, build)?;
    let folder = PathBuf::from(sdk::FOLDER);
    let left = folder.join("component.wasm");
    let mut command = Command::new(&tool.program);
    command.arg("-d").arg(folder.join("world")).args(["-w", narrow::WORLD, "componentize", "-p", "."]);
    command.arg("-p").arg(folder.join("sdk/python")).arg(&module).arg("-o").arg(&left);
    exports(&source, pack, build)?;
    run(&mut command, &pack.dir, "componentize-py", out)?;
    Ok((made(&pack.dir.join(left))?, vec![tool]))
}

fn js(pack: &Workshop, build: &Build, out: Output) -> Result<(Vec<u8>, Vec<Tool>)> {
    let tool = tools::jco(&pack.dir)?;
    let entry = build.entry.as_deref().unwrap_or("app.js");
    let source = there(pack, entry)?;
    world(pack, build)?;
    exports(&source, pack, build)?;
    let folder = PathBuf::from(sdk::FOLDER);
    let left = folder.join("component.wasm");
    let mut command = Command::new(&tool.program);
    command.arg("componentize").arg(entry).arg("--wit").arg(folder.join("world")).args(["--world-name", narrow::WORLD]);
    command.args(["--backend", "quickjs", "--backend-qjs-disable-async", "-o"]).arg(&left);
    run(&mut command, &pack.dir, "jco", out)?;
    Ok((made(&pack.dir.join(left))?, vec![tool]))
}

/// The text of the file with the exports.
fn there(pack: &Workshop, entry: &str) -> Result<String> {
    let path = pack.dir.join(entry);
    files::text(&path).map_err(|error| {
        let remedy = "name the file with the plugin as [build] entry of pack.toml";
        failed(format!("cannot be read: {error}"), remedy).in_file(&path)
    })
}

/// What the tool would leave out without a word, or end over with a trace of its own.
fn exports(source: &str, pack: &Workshop, build: &Build) -> Result<()> {
    let (python, js) = match build.kind.name() {
        "event-generator" => ("class Generator", "generator"),
        "trading-strategy" => ("class Strategy", "strategy"),
        _ => ("class Handler", "handler"),
    };
    let is_there = match build.lang {
        Lang::Python => source.contains(python),
        _ => source.lines().any(|line| line.contains("export") && line.contains(js)),
    };
    if is_there {
        return Ok(());
    }
    let (expected, path) = match build.lang {
        Lang::Python => (format!("`{python}(…)`"), build.entry.as_deref().unwrap_or("app.py")),
        _ => (format!("`export const {js} = …`"), build.entry.as_deref().unwrap_or("app.js")),
    };
    let message = format!("a pack of the kind `{}` exports {expected}, and it is not there", build.kind.name());
    Err(failed(message, "write it under that name; `puppet new` shows one").in_file(&pack.dir.join(path)))
}

/// Writes the world that the pack asks for.
fn world(pack: &Workshop, build: &Build) -> Result<()> {
    let folder = pack.dir.join(sdk::FOLDER).join("world");
    let written = || -> std::io::Result<()> {
        match fs::remove_dir_all(&folder) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        for file in narrow::world(build.kind.name(), &pack.wanted(), false) {
            let path = folder.join(&file.path);
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent)?;
            }
            fs::write(path, file.text)?;
        }
        Ok(())
    };
    written().map_err(|error| failed(format!("cannot be written: {error}"), "look at its rights").in_file(&folder))
}

/// Runs a tool in the pack's folder. What it says goes to stderr.
fn run(command: &mut Command, dir: &Path, name: &str, out: Output) -> Result<()> {
    command.current_dir(dir).stdin(Stdio::null());
    let show = |bytes: &[u8]| out.note(String::from_utf8_lossy(bytes).trim_end());
    let started = |error: std::io::Error| {
        failed(format!("`{name}` cannot be started: {error}"), "install it, or mend [build] command")
    };
    if out.json || !crate::output::stderr_has_colour() {
        let output = command.output().map_err(started)?;
        if output.status.success() {
            return Ok(());
        }
        show(&output.stdout);
        show(&output.stderr);
        return Err(ended(name, output.status));
    }
    // On a terminal people see how far it is, in the tool's own way.
    let status = command.stdout(std::io::stderr()).status().map_err(started)?;
    if status.success() { Ok(()) } else { Err(ended(name, status)) }
}

fn ended(name: &str, status: std::process::ExitStatus) -> crate::trouble::Trouble {
    let how = status.code().map_or_else(|| "it was ended".to_owned(), |code| format!("exit code {code}"));
    failed(format!("`{name}` said no: {how}"), "what it said stands above")
}

fn made(path: &Path) -> Result<Vec<u8>> {
    files::bytes(path, MAX_COMPONENT_BYTES).map_err(|error| {
        failed(format!("was not made: {error}"), "see that [build] and Cargo.toml say the same").in_file(path)
    })
}
