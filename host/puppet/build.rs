//! Builds the first-party plugins for wasm32-wasip2 and hands their paths to the program, which embeds them.
//!
//! A nested cargo with a target folder of its own: sharing the outer one would wait for a lock that this build
//! holds. Its environment is cleaned, so that flags meant for the host do not reach the guests.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

const TARGET: &str = "wasm32-wasip2";
const PLUGINS: &[&str] = &["standard-personality", "news", "mood-swings", "encounters"];

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
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    have_target(&rustc)?;
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?);
    let target = target_folder(&out).join("plugins");
    let root = root.canonicalize().map_err(|error| format!("{}: {error}", root.display()))?;
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
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
    command.env("RUSTFLAGS", remap).env("RUSTC", &rustc);
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

/// The target's standard library is there, or is added where rustup may.
fn have_target(rustc: &std::ffi::OsStr) -> Result<(), String> {
    let installed = || {
        let output = Command::new(rustc).args(["--print", "target-libdir", "--target", TARGET]).output().ok()?;
        let path = PathBuf::from(String::from_utf8(output.stdout).ok()?.trim());
        path.exists().then_some(())
    };
    if installed().is_some() {
        return Ok(());
    }
    let added = Command::new("rustup").args(["target", "add", TARGET]).status();
    if added.is_ok_and(|status| status.success()) && installed().is_some() {
        return Ok(());
    }
    Err(format!("plugins need the target {TARGET}: run `rustup target add {TARGET}`, then build again"))
}
