//! What a component says about itself, read from its binary: its world, what it imports, whether it may.
//! Not here: what the operator granted, and what the manifest claims.

use std::collections::BTreeSet;

use puppet_types::{Breach, Capability, Digest};
use wasmparser::{CanonicalFunction, Chunk, ComponentExternalKind, Encoding, Parser, Payload, Validator, WasmFeatures};

use crate::{LoadError, wasi};

/// What a component is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum World {
    /// A character's behaviour.
    Personality,
    /// Makes things happen to agents.
    EventGenerator,
    /// Proposes trades. Not served yet: no component is of this world.
    TradingStrategy,
}

impl World {
    /// The worlds that are served.
    pub const SERVED: &'static [Self] = &[Self::Personality, Self::EventGenerator];

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
            Self::TradingStrategy => "puppet:plugin/strategy@0.1.0",
        }
    }

    /// Its function.
    pub(crate) const fn function(self) -> &'static str {
        match self {
            Self::Personality => "handle",
            Self::EventGenerator => "generate",
            Self::TradingStrategy => "on-candles",
        }
    }

    /// The most that a component of this world may import (wit/plugin).
    pub const fn may_import(self) -> &'static [Capability] {
        use Capability::{Agent, Events, Llm, Log, Memory, Schedule, State, Tweet};
        match self {
            Self::Personality => &[Agent, Log, Llm, Tweet, Memory, Schedule, State, Events],
            Self::EventGenerator => &[Agent, Log, Llm, Schedule, State],
            Self::TradingStrategy => &[Agent, Log, State],
        }
    }
}

/// What a component says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspection {
    /// What it is.
    pub world: World,
    /// The capabilities it imports.
    pub capabilities: BTreeSet<Capability>,
    /// Interfaces of WASI that it imports, with versions.
    pub wasi: BTreeSet<String>,
    /// Of its bytes.
    pub digest: Digest,
    /// Its size.
    pub bytes: u64,
}

/// The version of every interface of ours: the contract that plugins are built against.
pub const CONTRACT: &str = "0.1.0";

/// Reads a component's binary. Never panics, whatever the bytes are.
pub fn inspect(bytes: &[u8]) -> Result<Inspection, LoadError> {
    magic(bytes)?;
    let names = names(bytes)?;
    Validator::new_with_features(features()).validate_all(bytes).map_err(|error| invalid(&error))?;
    let world = world(&names.exports)?;
    let (mut capabilities, mut wasi) = (BTreeSet::new(), BTreeSet::new());
    for import in &names.imports {
        match classify(import)? {
            Import::Types => {}
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
    Ok(Inspection { world, capabilities, wasi, digest: Digest::of(bytes), bytes: bytes.len() as u64 })
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
            let quote = |names: &[&str]| names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
            let expected: Vec<&str> = World::SERVED.iter().map(|world| world.export()).collect();
            let found: Vec<&str> = exports.iter().map(String::as_str).collect();
            let found = if found.is_empty() { "nothing".to_owned() } else { quote(&found) };
            Err(LoadError::NoWorld { expected: quote(&expected), found })
        }
    }
}

enum Import {
    Types,
    Wasi,
    Capability(Capability),
}

fn classify(name: &str) -> Result<Import, LoadError> {
    let unknown = || LoadError::UnknownImport { name: name.to_owned() };
    let unserved = |served| LoadError::UnservedVersion { name: name.to_owned(), served };
    let (interface, version) = name.split_once('@').ok_or_else(unknown)?;
    if interface.starts_with("wasi:http/") {
        let reason = "plugins reach the network only through capabilities that the operator grants";
        return Err(LoadError::RefusedImport { name: name.to_owned(), reason });
    }
    if wasi::is_served(interface) {
        return if version.starts_with("0.2.") && !version.contains('-') {
            Ok(Import::Wasi)
        } else {
            Err(unserved("0.2"))
        };
    }
    let import = match interface {
        "puppet:types/types" | "puppet:plugin/outcome" => Import::Types,
        _ => {
            let (package, interface) =
                interface.strip_prefix("puppet:").and_then(|name| name.split_once('/')).ok_or_else(unknown)?;
            let capability = Capability::parse(package).filter(|_| package == interface).ok_or_else(unknown)?;
            Import::Capability(capability)
        }
    };
    if version == CONTRACT { Ok(import) } else { Err(unserved(CONTRACT)) }
}
