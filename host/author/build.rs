//! Lists what authors need of this project (the interfaces, the SDKs, the beginnings of packs), so that the program carries
//! it along and writes it beside a pack.

use std::{
    env,
    fmt::Write as _,
    fs, io,
    path::{Path, PathBuf},
};

/// Never a part of an SDK.
const SKIPPED: &[&str] = &["target", "node_modules", "__pycache__", "tests", "dist", "build", ".venv"];

fn main() -> io::Result<()> {
    let here = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let root = here.join("../..").canonicalize()?;
    let mut listed = String::from("pub(super) static FILES: &[(&str, &[u8])] = &[\n");
    for folder in ["wit", "sdk/rust", "sdk/python", "sdk/js"] {
        println!("cargo::rerun-if-changed={}", root.join(folder).display());
        list(&root, &root.join(folder), SKIPPED, &mut listed)?;
    }
    listed.push_str("];\npub(super) static TEMPLATES: &[(&str, &[u8])] = &[\n");
    let templates = here.join("templates");
    println!("cargo::rerun-if-changed={}", templates.display());
    list(&templates, &templates, &[], &mut listed)?;
    listed.push_str("];\n");
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    fs::write(out.join("embedded.rs"), listed)?;
    println!("cargo::rerun-if-changed={}", root.join("Cargo.toml").display());
    fs::write(out.join("workspace.toml"), workspace(&fs::read_to_string(root.join("Cargo.toml"))?))
}

fn list(root: &Path, folder: &Path, skipped: &[&str], listed: &mut String) -> io::Result<()> {
    if !folder.is_dir() {
        return Ok(());
    }
    let mut entries =
        fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<Vec<_>>>()?;
    entries.sort();
    for path in entries {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            if !skipped.contains(&name.as_str()) && !name.ends_with(".egg-info") {
                list(root, &path, skipped, listed)?;
            }
        } else if !name.ends_with(".pyc") && name != "package-lock.json" {
            let below = path.strip_prefix(root).unwrap_or(&path).display().to_string();
            let _ = writeln!(listed, "    ({below:?}, include_bytes!({:?})),", path.display().to_string());
        }
    }
    Ok(())
}

/// The workspace that the Rust SDK is in where it stands beside a pack: what it inherits, and no more.
fn workspace(text: &str) -> String {
    const NEEDED: &[&str] = &["serde", "serde_json", "wit-bindgen"];
    let mut made = String::from("[workspace]\nresolver = \"3\"\nmembers = [\"sdk/rust\"]\n\n[workspace.lints]\n\n");
    let mut section = "";
    for line in text.lines() {
        if let Some(name) = line.strip_prefix('[') {
            section = name.trim_end_matches(']');
            if section == "workspace.package" {
                made.push_str("[workspace.package]\n");
            }
            if section == "workspace.dependencies" {
                made.push_str("\n[workspace.dependencies]\n");
            }
            continue;
        }
        let key = line.split(" = ").next().unwrap_or_default();
        let wanted = match section {
            "workspace.package" => !key.is_empty() && !line.starts_with('#'),
            "workspace.dependencies" => NEEDED.contains(&key),
            _ => false,
        };
        if wanted {
            made.push_str(line);
            made.push('\n');
        }
    }
    made
}
