//! The world of a pack: what its kind exports, and of what it may import the interfaces and functions that it asks for. A
//! tool that imports whole interfaces then imports no more than the operator is asked for.

use std::collections::BTreeMap;

use crate::sdk;

/// Functions by interface; an empty list is all of them.
pub type Wanted = BTreeMap<String, Vec<String>>;

/// One file of the folder that a tool reads as `wit/`: `world.wit`, or below `deps/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its path.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// The name of the world.
pub const WORLD: &str = "pack";

/// Packages that have to be there so that others can name them.
const BEHIND: &[(&str, &str)] = &[
    ("log-0.1.0", "frozen/log-0.1.0/log.wit"),
    ("llm-0.1.0", "frozen/llm-0.1.0/llm.wit"),
    ("tweet-0.1.0", "frozen/tweet-0.1.0/tweet.wit"),
];

/// Packages of their own: folder, file.
const PACKAGES: &[&str] =
    &["agent", "log", "llm", "tweet", "memory", "schedule", "state", "events", "market", "wallet", "http", "types"];

/// Functions that need no grant: they come with their interface.
const FREE: &[&str] = &["weighted-length"];

/// The files of a world of this kind (`personality`, `event-generator`, `trading-strategy`), with `agent` and `log` and what
/// is wanted beside them; `migrates` where it carries state over.
pub fn world(kind: &str, wanted: &Wanted, migrates: bool) -> Vec<File> {
    let mut imports = String::new();
    let mut files = Vec::new();
    let strategy = kind == "trading-strategy";
    let comes_along: &[&str] = if strategy { &["log"] } else { &["agent", "log"] };
    for name in PACKAGES {
        let Some(text) = sdk::wit(&format!("{name}/{name}.wit")) else { continue };
        let all = Vec::new();
        // What a generator returns goes through `events` without an import.
        let implied = *name == "events" && kind == "event-generator";
        let functions = if comes_along.contains(name) { Some(&all) } else { wanted.get(*name).filter(|_| !implied) };
        if let Some(functions) = functions
            && *name != "types"
        {
            let version = version(text);
            imports.push_str(&format!("    import puppet:{name}/{name}@{version};\n"));
            files.push(File { path: format!("deps/{name}/{name}.wit"), text: narrowed(text, functions) });
            continue;
        }
        files.push(File { path: format!("deps/{name}/{name}.wit"), text: text.to_owned() });
    }
    for (folder, file) in BEHIND {
        if let Some(text) = sdk::wit(file) {
            let name = folder.split('-').next().unwrap_or_default();
            files.push(File { path: format!("deps/{folder}/{name}.wit"), text: text.to_owned() });
        }
    }
    for name in ["plugin", "migration", "trading"] {
        if let Some(text) = sdk::wit(&format!("{name}/{name}.wit")) {
            files.push(File { path: format!("deps/{name}/{name}.wit"), text: text.to_owned() });
        }
    }
    let export = match kind {
        "event-generator" => "puppet:plugin/generator@0.1.0",
        "trading-strategy" => "puppet:trading/strategy@0.1.0",
        _ => "puppet:plugin/handler@0.1.0",
    };
    if strategy {
        imports.push_str("    import puppet:trading/portfolio@0.1.0;\n");
    }
    let migration = if migrates { "    export puppet:migration/migration@0.1.0;\n" } else { "" };
    let text =
        format!("package puppet:pack@0.1.0;\n\nworld {WORLD} {{\n{imports}    export {export};\n{migration}}}\n");
    files.push(File { path: "world.wit".to_owned(), text });
    files
}

/// The version of a package, of its first line that names it.
fn version(text: &str) -> &str {
    let line = text.lines().find(|line| line.starts_with("package ")).unwrap_or_default();
    line.split_once('@').map_or("", |(_, version)| version.trim_end_matches(';'))
}

/// An interface without the functions that are not named; none named: as it is. Types stay, and so does what needs no grant.
pub fn narrowed(text: &str, functions: &[String]) -> String {
    if functions.is_empty() {
        return text.to_owned();
    }
    let mut kept = String::with_capacity(text.len());
    // Comments wait for what they are about.
    let mut comments = String::new();
    let mut dropping = false;
    for line in text.lines() {
        let bare = line.trim();
        if dropping {
            dropping = !bare.ends_with(';');
            continue;
        }
        if bare.starts_with("///") {
            comments.push_str(line);
            comments.push('\n');
            continue;
        }
        let function = bare.split_once(": func(").map(|(name, _)| name.trim_start_matches('%'));
        match function {
            Some(name) if !FREE.contains(&name) && !functions.iter().any(|wanted| wanted == name) => {
                comments.clear();
                dropping = !bare.ends_with(';');
            }
            _ => {
                kept.push_str(&comments);
                comments.clear();
                kept.push_str(line);
                kept.push('\n');
            }
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(list: &[(&str, &[&str])]) -> Wanted {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        list.iter().map(|(name, functions)| ((*name).to_owned(), names(functions))).collect()
    }

    fn file<'a>(files: &'a [File], path: &str) -> &'a str {
        &files.iter().find(|file| file.path == path).unwrap_or_else(|| panic!("{path}")).text
    }

    #[test]
    fn what_is_not_asked_for_is_not_imported() {
        let files = world("personality", &wanted(&[("tweet", &["post"]), ("state", &[])]), false);
        let world = file(&files, "world.wit");
        let imported = ["agent/agent@", "log/log@", "tweet/tweet@", "state/state@"];
        assert!(imported.iter().all(|name| world.contains(&format!("import puppet:{name}"))), "{world}");
        assert!(!world.contains("llm") && !world.contains("memory"), "{world}");
        assert!(world.contains("export puppet:plugin/handler@0.1.0;"), "{world}");
        let tweet = file(&files, "deps/tweet/tweet.wit");
        assert!(tweet.contains("post: func(") && !tweet.contains("reply: func("), "{tweet}");
        assert!(tweet.contains("record post-item"), "types stay");
        assert!(tweet.contains("weighted-length: func("), "nobody grants that");
        assert!(file(&files, "deps/state/state.wit").contains("put: func("));
        assert!(file(&files, "deps/llm/llm.wit").contains("complete: func("), "others name it");
    }

    #[test]
    fn what_a_generator_returns_needs_no_import() {
        let files = world("event-generator", &wanted(&[("events", &["emit"]), ("schedule", &["every"])]), false);
        let text = file(&files, "world.wit");
        assert!(text.contains("puppet:schedule/") && !text.contains("puppet:events/"), "{text}");
        assert!(text.contains("export puppet:plugin/generator@0.1.0;"), "{text}");
    }

    #[test]
    fn a_strategy_sees_its_portfolio_and_the_log() {
        let world = world("trading-strategy", &Wanted::new(), true);
        let text = file(&world, "world.wit");
        assert!(text.contains("puppet:trading/portfolio@0.1.0") && text.contains("puppet:log/log@"), "{text}");
        assert!(!text.contains("agent"), "{text}");
        assert!(text.contains("export puppet:migration/migration@0.1.0;"), "{text}");
    }

    #[test]
    fn a_function_over_several_lines_goes_with_its_comment() {
        let text = "interface x {\n    /// One.\n    one: func(\n        a: u32,\n    ) -> u32;\n    /// Two.\n    two: func();\n}\n";
        assert_eq!(narrowed(text, &["two".to_owned()]), "interface x {\n    /// Two.\n    two: func();\n}\n");
    }
}
