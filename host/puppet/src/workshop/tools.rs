//! The tools that build components: whether they are here, and of a version that is known to work.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use serde::Serialize;

use crate::trouble::{Result, Trouble};

/// The version of componentize-py that the Python SDK is made for.
pub const COMPONENTIZE_PY: &str = "0.25";
/// The version of jco that the JavaScript SDK is made for.
pub const JCO: &str = "1.35";
/// What Rust is built for.
pub const TARGET: &str = "wasm32-wasip2";

/// A tool that was used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tool {
    /// Its name.
    pub name: String,
    /// Its version, as it says it.
    pub version: String,
    /// The program.
    #[serde(skip)]
    pub program: PathBuf,
}

/// cargo and rustc, with the target.
pub fn cargo(dir: &Path) -> Result<Tool> {
    let version = says(Command::new("cargo").arg("--version").current_dir(dir));
    let Some(version) = version else {
        let remedy = "install Rust with rustup, then: rustup target add wasm32-wasip2";
        return Err(missing("cargo", "builds Rust", remedy));
    };
    let asked = says(Command::new("rustc").args(["--print", "target-libdir", "--target", TARGET]).current_dir(dir));
    if !asked.is_some_and(|folder| Path::new(&folder).is_dir()) {
        return Err(missing(TARGET, "is what plugins in Rust are built for", "rustup target add wasm32-wasip2"));
    }
    let version = version.split_whitespace().nth(1).unwrap_or_default().to_owned();
    Ok(Tool { name: "cargo".to_owned(), version, program: "cargo".into() })
}

/// componentize-py: that of `.venv` in the pack's folder before the one on the path.
pub fn componentize_py(dir: &Path) -> Result<Tool> {
    let get = format!("python3 -m venv .venv && .venv/bin/pip install 'componentize-py=={COMPONENTIZE_PY}.*'");
    found(dir, ".venv/bin/componentize-py", "componentize-py", COMPONENTIZE_PY, "builds Python", &get)
}

/// jco: that of `node_modules` in the pack's folder before the one on the path.
pub fn jco(dir: &Path) -> Result<Tool> {
    let get = format!("npm install --save-dev @bytecodealliance/jco@{JCO}");
    found(dir, "node_modules/.bin/jco", "jco", JCO, "builds JavaScript", &get)
}

fn found(dir: &Path, beside: &str, name: &str, wanted: &str, what: &str, get: &str) -> Result<Tool> {
    let own = dir.join(beside);
    let program = match own.canonicalize() {
        Ok(_) => std::path::absolute(&own).unwrap_or(own),
        Err(_) => PathBuf::from(name),
    };
    let Some(said) = says(Command::new(&program).arg("--version").current_dir(dir)) else {
        return Err(missing(name, what, get));
    };
    let version = said.split_whitespace().last().unwrap_or_default().to_owned();
    if !version.starts_with(&format!("{wanted}.")) {
        let message = format!("{name} is {version} here, and components are built with {wanted}");
        return Err(Trouble::input("tool-version", message, get));
    }
    Ok(Tool { name: name.to_owned(), version, program })
}

fn missing(name: &str, what: &str, get: &str) -> Trouble {
    Trouble::unreachable("missing-tool", format!("`{name}` {what}, and it is not here"), get)
}

/// The first line of what a program prints; none where it is not there, or fails.
fn says(command: &mut Command) -> Option<String> {
    let output = command.output().ok().filter(|output| output.status.success())?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    Some(text.lines().next().unwrap_or_default().trim().to_owned())
}
