//! What is looked at without running anything.

use std::path::Path;

use puppet_grants::ceiling;
use puppet_sandbox::World;
use puppet_types::Capability;

use super::Finding;
use crate::{
    files,
    trouble::{Place, Result},
    workshop::{Built, Workshop, failed},
};

/// A component that comes from elsewhere, as it is there.
pub fn there(workshop: &Workshop) -> Result<Built> {
    let Some(component) = workshop.component() else {
        let message = "runs a plugin that comes with puppet, and brings none of its own";
        return Err(failed(message, "check a pack with component = \"….wasm\"").in_file(&workshop.dir));
    };
    let bytes = files::bytes(&component, puppet_packs::MAX_COMPONENT_BYTES).map_err(|error| {
        failed(format!("cannot be read: {error}"), "build it; or write [build], and puppet does").in_file(&component)
    })?;
    let inspection = puppet_sandbox::inspect(&bytes)
        .map_err(|error| failed(error.to_string(), "build it with an SDK").in_file(&component))?;
    Ok(Built { component, inspection, tools: Vec::new() })
}

/// All findings, in no order.
pub fn of(workshop: &Workshop, built: &Built) -> Vec<Finding> {
    let mut findings = Vec::new();
    world(workshop, built, &mut findings);
    requests(workshop, built, &mut findings);
    documents(workshop, &mut findings);
    if let Some(most) = workshop.manifest.workshop.budget.bytes.filter(|most| built.inspection.bytes > *most) {
        let message = format!("the component has {} bytes, and {most} are the most", built.inspection.bytes);
        findings.push(error("too-big", &message, "budget.bytes", workshop, "make it smaller, or raise [budget] bytes"));
    }
    let host = env!("CARGO_PKG_VERSION");
    if let Some(range) = &workshop.manifest.claims.contract
        && let Ok(version) = semver::Version::parse(&built.inspection.contract)
        && !range.matches(&version)
    {
        let message = format!("says `{range}`, and the component was built against {version} (puppet {host})");
        // The least that a part of the range takes.
        let least =
            |of: &semver::Comparator| semver::Version::new(of.major, of.minor.unwrap_or(0), of.patch.unwrap_or(0));
        let is_older = range.comparators.iter().any(|of| version < least(of));
        let code = if is_older { "old-contract" } else { "newer-contract" };
        let remedy = format!("write contract = \"^{version}\", or build it against the version that is meant");
        findings.push(error(code, &message, "contract", workshop, &remedy));
    }
    findings
}

fn world(workshop: &Workshop, built: &Built, findings: &mut Vec<Finding>) {
    let is = built.inspection.world.name();
    if let Some(build) = workshop.build_of().filter(|build| build.kind.name() != is) {
        let message = format!("says `{}`, and the component is of the world `{is}`", build.kind.name());
        findings.push(error("world-mismatch", &message, "build.kind", workshop, &format!("write kind = \"{is}\"")));
    }
    let kinds = &workshop.manifest.claims.kinds;
    if !kinds.is_empty() && !kinds.iter().any(|kind| kind.name() == is) {
        let message = format!("does not name `{is}`, which the component is");
        findings.push(error("world-mismatch", &message, "kinds", workshop, &format!("write kinds = [\"{is}\"]")));
    }
}

fn requests(workshop: &Workshop, built: &Built, findings: &mut Vec<Finding>) {
    let requests = &workshop.manifest.requests;
    for capability in &built.inspection.capabilities {
        if !capability.comes_with_every_plugin() && !requests.contains_key(capability) {
            let name = capability.name();
            let message = format!("the component imports `{name}`, and the pack does not ask for it");
            let remedy = format!("write [requests.{name}] with operations and a reason, or do not call it");
            findings.push(error("import-not-requested", &message, "requests", workshop, &remedy));
        }
    }
    for (capability, request) in requests {
        let name = capability.name();
        let field = format!("requests.{name}");
        // What a generator returns goes through `events` without an import.
        let implied = *capability == Capability::Events && built.inspection.world == World::EventGenerator;
        if !built.inspection.capabilities.contains(capability) && !implied {
            let message = format!("asks for `{name}`, and the component does not import it");
            findings.push(error(
                "request-not-imported",
                &message,
                &field,
                workshop,
                "take it out: nobody grants gladly",
            ));
        }
        if request.reason.trim().is_empty() {
            let remedy = "write reason = \"…\": operators read it before they grant";
            findings.push(warning("no-reason", "says not why", &field, workshop, remedy));
        }
        if request.operations.is_empty() && ceiling(*capability).is_some_and(|most| most.operations.len() > 1) {
            let message = format!("asks for all of `{name}`");
            let remedy = "name the operations that it uses: operations = [\"…\"]";
            findings.push(warning("function-not-requested", &message, &field, workshop, remedy));
        }
    }
}

fn documents(workshop: &Workshop, findings: &mut Vec<Finding>) {
    let manifest = &workshop.manifest;
    if manifest.license.is_none() {
        let remedy = "write license = \"MIT\", or another SPDX expression";
        findings.push(warning("no-licence", "says not who may use it", "license", workshop, remedy));
    }
    if manifest.description.trim().is_empty() {
        let remedy = "write description = \"…\": a line about what it does";
        findings.push(warning("no-description", "says not what it is", "description", workshop, remedy));
    }
    if !is_there(&workshop.dir, "README") {
        let remedy = "write README.md: what it does, what it may be set to, what it asks for";
        findings.push(warning("no-readme", "there is no README", "", workshop, remedy));
    }
    let settings = manifest.settings.as_object();
    if settings.is_some_and(|settings| !settings.is_empty()) && manifest.declares.is_empty() {
        let message = "has settings that are not declared";
        let remedy = "write [setting.NAME] with type and doc, so that a slip of an operator is found";
        findings.push(warning("setting-undeclared", message, "settings", workshop, remedy));
    }
    for setting in manifest.declares.iter().filter(|setting| setting.doc.trim().is_empty()) {
        let field = format!("setting.{}", setting.name);
        findings.push(warning("setting-undeclared", "says not what it does", &field, workshop, "write doc = \"…\""));
    }
}

fn is_there(dir: &Path, stem: &str) -> bool {
    let named = |entry: std::fs::DirEntry| entry.file_name().to_string_lossy().to_uppercase().starts_with(stem);
    std::fs::read_dir(dir).is_ok_and(|entries| entries.flatten().any(named))
}

/// Something that keeps the pack from working, or from being what it says.
pub fn error(code: &'static str, message: &str, field: &str, workshop: &Workshop, remedy: &str) -> Finding {
    finding("error", code, message, field, workshop, remedy)
}

/// Something that those who use it will miss.
pub fn warning(code: &'static str, message: &str, field: &str, workshop: &Workshop, remedy: &str) -> Finding {
    finding("warning", code, message, field, workshop, remedy)
}

fn finding(
    level: &'static str,
    code: &'static str,
    message: &str,
    field: &str,
    workshop: &Workshop,
    remedy: &str,
) -> Finding {
    let file = workshop.dir.join("pack.toml");
    let line = line_of(&file, field);
    let place =
        Place { file: Some(file.display().to_string()), line, field: (!field.is_empty()).then(|| field.to_owned()) };
    Finding { code, level, message: message.to_owned(), place, remedy: remedy.to_owned() }
}

/// The line of a key or a table of `pack.toml`.
fn line_of(file: &Path, field: &str) -> Option<usize> {
    let text = files::text(file).ok().filter(|_| !field.is_empty())?;
    let (table, key) = field.rsplit_once('.').unwrap_or(("", field));
    let header =
        |line: &str, name: &str| line.trim().strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) == Some(name);
    let lines: Vec<&str> = text.lines().collect();
    if let Some(at) = lines.iter().position(|line| header(line, field)) {
        return Some(at + 1);
    }
    let from = if table.is_empty() { 0 } else { lines.iter().position(|line| header(line, table))? };
    let is_key = |line: &&str| line.split('=').next().is_some_and(|name| name.trim() == key);
    lines[from..].iter().position(is_key).map(|at| from + at + 1)
}
