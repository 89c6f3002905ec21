//! Builds the first-party plugins for wasm32-wasip2 and hands their paths to the program, which embeds them.
//!
//! A nested cargo with a target folder of its own: sharing the outer one would wait for a lock that this build
//! holds. Its environment is cleaned, so that flags meant for the host do not reach the guests.

use std::{
    env,
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
    process::Command,
};

const TARGET: &str = "wasm32-wasip2";
const PLUGINS: &[&str] =
    &["standard-personality", "news", "mood-swings", "encounters", "sma-cross", "impulse", "dca", "grid", "momentum"];

fn main() {
    let here = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let root = here.join("../..");
    for path in ["plugins", "sdk/rust", "wit", "Cargo.lock", "Cargo.toml"] {
        println!("cargo::rerun-if-changed={}", root.join(path).display());
    }
    println!("cargo::rerun-if-changed=build.rs");
    if let Err(reason) = build(&root) {
        println!("cargo::error={reason}");
        std::process::exit(1);
    }
}

fn build(root: &Path) -> Result<(), String> {
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?);
    let target = target_folder(&out).join("plugins");
    let root = root.canonicalize().map_err(|error| format!("{}: {error}", root.display()))?;
    let tools = tools(&root)?;
    let mut command = Command::new(&tools.cargo);
    command.current_dir(&root);
    for (name, _) in env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        let kept = name == "CARGO_HOME" || name.starts_with("CARGO_NET_") || name.starts_with("CARGO_REGISTR");
        let foreign =
            name.starts_with("RUSTC") || name == "RUSTFLAGS" || name.starts_with("CARGO") || name == "RUSTDOCFLAGS";
        if foreign && !kept {
            command.env_remove(name);
        }
    }
    // The same bytes wherever the project lies: no path of this machine in a panic message.
    let home = env::var("CARGO_HOME").unwrap_or_else(|_| format!("{}/.cargo", env::var("HOME").unwrap_or_default()));
    let remap = format!("--remap-path-prefix={}=/puppet --remap-path-prefix={home}=/cargo", root.display());
    command.env("RUSTFLAGS", remap);
    match &tools.rustc {
        Some(rustc) => command.env("RUSTC", rustc),
        None => command.env_remove("RUSTUP_TOOLCHAIN"),
    };
    command.args(["build", "--locked", "--profile", "guest", "--target", TARGET, "--target-dir"]).arg(&target);
    for plugin in PLUGINS {
        command.args(["-p", plugin]);
    }
    let output = command.output().map_err(|error| format!("cannot start cargo for the plugins: {error}"))?;
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        for line in stderr.lines() {
            println!("cargo::warning={line}");
        }
        return Err("the first-party plugins do not build; see the lines above".to_owned());
    }
    for plugin in PLUGINS {
        let file = target.join(TARGET).join("guest").join(format!("{}.wasm", plugin.replace('-', "_")));
        if !file.exists() {
            return Err(format!("{} was not built", file.display()));
        }
        let name = plugin.replace('-', "_").to_uppercase();
        println!("cargo::rustc-env=PUPPET_PLUGIN_{name}={}", file.display());
    }
    Ok(())
}

/// The outer target folder: above `<profile>/build/<crate>/out`.
fn target_folder(out: &Path) -> PathBuf {
    out.ancestors().nth(4).map_or_else(|| out.to_path_buf(), Path::to_path_buf)
}

/// Who builds the plugins.
struct Tools {
    cargo: OsString,
    /// None where rustup chooses.
    rustc: Option<OsString>,
}

/// Those of this build; where they cannot build for the target (fuzzing wants a nightly, and not every nightly has it),
/// those that rust-toolchain.toml names.
fn tools(root: &Path) -> Result<Tools, String> {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let Err(reason) = have_target(&rustc) else {
        return Ok(Tools { cargo: env::var_os("CARGO").unwrap_or_else(|| "cargo".into()), rustc: Some(rustc) });
    };
    let mut named = Command::new("rustc");
    named.current_dir(root).env_remove("RUSTUP_TOOLCHAIN");
    if has_target(&mut named) { Ok(Tools { cargo: "cargo".into(), rustc: None }) } else { Err(reason) }
}

/// Whether a compiler has the target's standard library.
fn has_target(rustc: &mut Command) -> bool {
    let output = rustc.args(["--print", "target-libdir", "--target", TARGET]).output();
    let path = output.ok().and_then(|output| String::from_utf8(output.stdout).ok());
    path.is_some_and(|path| !path.trim().is_empty() && Path::new(path.trim()).exists())
}

/// The target's standard library is there, or is added where rustup may.
fn have_target(rustc: &OsStr) -> Result<(), String> {
    let installed = || has_target(&mut Command::new(rustc));
    if installed() {
        return Ok(());
    }
    let added = Command::new("rustup").args(["target", "add", TARGET]).status();
    if added.is_ok_and(|status| status.success()) && installed() {
        return Ok(());
    }
    Err(format!("plugins need the target {TARGET}: run `rustup target add {TARGET}`, then build again"))
}
