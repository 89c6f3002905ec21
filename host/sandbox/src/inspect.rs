//! What a component says about itself, read from its binary: its world, what it imports, whether it may.
//! Not here: what the operator granted, and what the manifest claims.

use std::collections::BTreeSet;

use puppet_types::{Breach, Capability, Digest};
use semver::Version;
use wasmparser::{CanonicalFunction, Chunk, ComponentExternalKind, Encoding, Parser, Payload, Validator, WasmFeatures};

use crate::{LoadError, shape, versions, wasi};

/// What a component is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum World {
    /// A character's behaviour.
    Personality,
    /// Makes things happen to agents.
    EventGenerator,
    /// Proposes orders.
    TradingStrategy,
}

impl World {
    /// The worlds that are served.
    pub const SERVED: &'static [Self] = &[Self::Personality, Self::EventGenerator, Self::TradingStrategy];

    /// kebab-case.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Personality => "personality",
            Self::EventGenerator => "event-generator",
            Self::TradingStrategy => "trading-strategy",
        }
    }

    /// The export that makes a component one of this world.
    pub(crate) const fn export(self) -> &'static str {
        match self {
            Self::Personality => "puppet:plugin/handler@0.1.0",
            Self::EventGenerator => "puppet:plugin/generator@0.1.0",
            Self::TradingStrategy => "puppet:trading/strategy@0.1.0",
        }
    }

    /// Its functions, each with its shape; the first is the one that makes it work.
    pub(crate) const fn functions(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Personality => shape::PERSONALITY,
            Self::EventGenerator => shape::GENERATOR,
            Self::TradingStrategy => shape::STRATEGY,
        }
    }

    /// The most that a component of this world may import (wit/plugin, wit/trading). What else a strategy sees is its
    /// portfolio, which is no capability: nobody is asked for it.
    pub const fn may_import(self) -> &'static [Capability] {
        use Capability::{Agent, Events, Http, Llm, Log, Market, Memory, Schedule, State, Tweet, Wallet};
        match self {
            Self::Personality => &[Agent, Log, Llm, Tweet, Memory, Schedule, State, Events, Market, Wallet, Http],
            Self::EventGenerator => &[Agent, Log, Llm, Schedule, State, Http],
            Self::TradingStrategy => &[Log],
        }
    }
}

/// What a component of any world may export beside its own function.
pub(crate) const MIGRATION: &str = "puppet:migration/migration@0.1.0";

/// What a component says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspection {
    /// What it is.
    pub world: World,
    /// The capabilities it imports.
    pub capabilities: BTreeSet<Capability>,
    /// Interfaces of WASI that it imports, with versions.
    pub wasi: BTreeSet<String>,
    /// The latest version of any package of ours that it was built against.
    pub contract: String,
    /// Whether it carries over state that another version wrote.
    pub migrates: bool,
    /// Of its bytes.
    pub digest: Digest,
    /// Its size.
    pub bytes: u64,
}

/// Reads a component's binary. Never panics, whatever the bytes are.
pub fn inspect(bytes: &[u8]) -> Result<Inspection, LoadError> {
    magic(bytes)?;
    let names = names(bytes)?;
    Validator::new_with_features(features()).validate_all(bytes).map_err(|error| invalid(&error))?;
    let world = world(&names.exports)?;
    let migrates = migrates(&names.exports)?;
    let (mut capabilities, mut wasi) = (BTreeSet::new(), BTreeSet::new());
    let mut contract = versioned(world.export()).map_or(Version::new(0, 0, 0), |(_, version)| version);
    for import in &names.imports {
        let (kind, version) = classify(import)?;
        if !matches!(kind, Import::Wasi) {
            contract = contract.max(version);
        }
        match kind {
            Import::Types => {}
            Import::Portfolio if world == World::TradingStrategy => {}
            Import::Portfolio => {
                return Err(LoadError::NotInWorld { name: import.clone(), world: world.name() });
            }
            Import::Wasi => {
                wasi.insert(import.clone());
            }
            Import::Capability(capability) if world.may_import().contains(&capability) => {
                capabilities.insert(capability);
            }
            Import::Capability(_) => {
                return Err(LoadError::NotInWorld { name: import.clone(), world: world.name() });
            }
        }
    }
    if names.makes_resources {
        let detail = "resources of its own (`resource.new`): at most 0".to_owned();
        return Err(LoadError::TooLarge { breach: Breach::TooManyHandles, detail });
    }
    let (digest, bytes) = (Digest::of(bytes), bytes.len() as u64);
    Ok(Inspection { world, capabilities, wasi, contract: contract.to_string(), migrates, digest, bytes })
}

/// The first bytes tell what kind of file it is.
fn magic(bytes: &[u8]) -> Result<(), LoadError> {
    const NATIVE: &[(&[u8], &str)] = &[
        (b"\x7fELF", "ELF"),
        (b"\xcf\xfa\xed\xfe", "Mach-O"),
        (b"\xce\xfa\xed\xfe", "Mach-O"),
        (b"\xfe\xed\xfa\xcf", "Mach-O"),
        (b"\xfe\xed\xfa\xce", "Mach-O"),
        (b"\xca\xfe\xba\xbe", "Mach-O"),
        (b"MZ", "PE"),
    ];
    if let Some((_, format)) = NATIVE.iter().find(|(magic, _)| bytes.starts_with(magic)) {
        return Err(LoadError::Native { format });
    }
    const WASM: &[u8] = b"\0asm";
    let head = &bytes[..bytes.len().min(WASM.len())];
    if !WASM.starts_with(head) {
        return Err(LoadError::NotWasm);
    }
    if bytes.len() < 8 {
        return Err(LoadError::Truncated { at: bytes.len() });
    }
    Ok(())
}

#[derive(Default)]
struct Names {
    imports: Vec<String>,
    exports: Vec<String>,
    makes_resources: bool,
}

/// Imports and exports of the outermost component.
fn names(bytes: &[u8]) -> Result<Names, LoadError> {
    let mut names = Names::default();
    // Of what the present one lies in, and where that goes on.
    let mut parsers: Vec<(Parser, usize)> = Vec::new();
    let mut parser = Parser::new(0);
    parser.set_features(features());
    let mut at = 0;
    let mut is_first = true;
    loop {
        while let Some((outer, _)) = parsers.pop_if(|(_, end)| *end == at) {
            parser = outer;
        }
        let rest = bytes.get(at..).unwrap_or_default();
        let payload = match parser.parse(rest, false).map_err(|error| invalid(&error))? {
            Chunk::NeedMoreData(_) if parsers.is_empty() && rest.is_empty() && !is_first => return Ok(names),
            Chunk::NeedMoreData(_) => return Err(LoadError::Truncated { at: bytes.len() }),
            Chunk::Parsed { payload, consumed } => {
                at += consumed;
                payload
            }
        };
        let is_outermost = parsers.is_empty();
        match payload {
            Payload::Version { encoding: Encoding::Module, .. } if is_first => return Err(LoadError::CoreModule),
            Payload::ComponentImportSection(section) if is_outermost => {
                for import in section {
                    names.imports.push(import.map_err(|error| invalid(&error))?.name.name.to_owned());
                }
            }
            Payload::ComponentExportSection(section) if is_outermost => {
                for export in section {
                    let export = export.map_err(|error| invalid(&error))?;
                    let is_type = export.kind == ComponentExternalKind::Type;
                    if !is_type {
                        names.exports.push(export.name.name.to_owned());
                    }
                }
            }
            Payload::ComponentCanonicalSection(section) => {
                for function in section {
                    let function = function.map_err(|error| invalid(&error))?;
                    names.makes_resources |= matches!(function, CanonicalFunction::ResourceNew { .. });
                }
            }
            Payload::ModuleSection { parser: inner, unchecked_range: range }
            | Payload::ComponentSection { parser: inner, unchecked_range: range } => {
                parsers.push((std::mem::replace(&mut parser, inner), range.end));
            }
            _ => {}
        }
        is_first = false;
    }
}

/// What the one configuration of wasmtime accepts, as near as the validator can say it; the compiler has the last word.
fn features() -> WasmFeatures {
    let mut features = WasmFeatures::default();
    for proposal in [WasmFeatures::MEMORY64, WasmFeatures::THREADS, WasmFeatures::RELAXED_SIMD] {
        features.remove(proposal);
    }
    features
}

fn invalid(error: &wasmparser::BinaryReaderError) -> LoadError {
    LoadError::Invalid { reason: error.to_string() }
}

fn world(exports: &[String]) -> Result<World, LoadError> {
    let mut worlds = World::SERVED.iter().filter(|world| exports.iter().any(|name| name == world.export()));
    match (worlds.next(), worlds.next()) {
        (Some(world), None) => Ok(*world),
        _ => {
            // A handler of another version is one that this host does not serve.
            for package in ["plugin", "trading"] {
                let prefix = format!("puppet:{package}/");
                for export in exports.iter().filter(|name| name.starts_with(&prefix)) {
                    served(export, package, &version_of(export)?)?;
                }
            }
            let quote = |names: &[&str]| names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
            let expected: Vec<&str> = World::SERVED.iter().map(|world| world.export()).collect();
            let found: Vec<&str> = exports.iter().map(String::as_str).collect();
            let found = if found.is_empty() { "nothing".to_owned() } else { quote(&found) };
            Err(LoadError::NoWorld { expected: quote(&expected), found })
        }
    }
}

/// Whether it exports the way from one state to another.
fn migrates(exports: &[String]) -> Result<bool, LoadError> {
    for export in exports.iter().filter(|name| name.starts_with("puppet:migration/")) {
        served(export, "migration", &version_of(export)?)?;
    }
    Ok(exports.iter().any(|name| name == MIGRATION))
}

enum Import {
    Types,
    Portfolio,
    Wasi,
    Capability(Capability),
}

/// Interface and version of a name like `puppet:llm/llm@0.1.0`.
fn versioned(name: &str) -> Option<(&str, Version)> {
    let (interface, version) = name.split_once('@')?;
    Some((interface, Version::parse(version).ok()?))
}

fn version_of(name: &str) -> Result<Version, LoadError> {
    versioned(name).map(|(_, version)| version).ok_or_else(|| LoadError::UnknownImport { name: name.to_owned() })
}

/// Whether this host serves that version of a package of ours.
fn served(name: &str, package: &str, version: &Version) -> Result<(), LoadError> {
    let served = versions::versions(package);
    versions::check(version, &served).map_err(|skew| LoadError::UnservedVersion { name: name.to_owned(), served, skew })
}

fn classify(name: &str) -> Result<(Import, Version), LoadError> {
    let unknown = || LoadError::UnknownImport { name: name.to_owned() };
    let (interface, version) = versioned(name).ok_or_else(unknown)?;
    if interface.starts_with("wasi:http/") {
        let reason = "plugins reach the network only through capabilities that the operator grants";
        return Err(LoadError::RefusedImport { name: name.to_owned(), reason });
    }
    if wasi::is_served(interface) {
        return match (version.major, version.minor, version.pre.is_empty()) {
            (0, 2, true) => Ok((Import::Wasi, version)),
            _ => {
                let skew = versions::check(&version, &["0.2.0"]).err().unwrap_or(versions::Skew::Newer);
                Err(LoadError::UnservedVersion { name: name.to_owned(), served: vec!["0.2"], skew })
            }
        };
    }
    let (package, interface) =
        interface.strip_prefix("puppet:").and_then(|name| name.split_once('/')).ok_or_else(unknown)?;
    let import = match (package, interface) {
        ("types", "types") | ("plugin", "outcome") | ("trading", "types") => Import::Types,
        ("trading", "portfolio") => Import::Portfolio,
        _ => Import::Capability(Capability::parse(package).filter(|_| package == interface).ok_or_else(unknown)?),
    };
    // A capability that no version is served of is one that no world may import: that is said elsewhere.
    if !versions::versions(package).is_empty() {
        served(name, package, &version)?;
    }
    Ok((import, version))
}
