//! Why a component is not accepted: one clear line each, with the thing by name and the remedy.

use puppet_types::{Breach, Capability};

use crate::{LimitError, Skew};

/// Why bytes are not a component that this host runs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LoadError {
    /// Ends in the middle.
    #[error("the component is truncated at byte {at}: copy or build it again")]
    Truncated {
        /// Where the bytes end.
        at: usize,
    },
    /// ELF, Mach-O, PE or precompiled code.
    #[error("this is native code ({format}): only WebAssembly components are accepted, never precompiled code")]
    Native {
        /// Which kind.
        format: &'static str,
    },
    /// A module, not a component.
    #[error("this is a core module, not a component: build it for `wasm32-wasip2`, or use `puppet build`")]
    CoreModule,
    /// Neither.
    #[error("this is not WebAssembly: it does not begin with `\\0asm`")]
    NotWasm,
    /// Does not validate.
    #[error("the component is not valid: {reason}")]
    Invalid {
        /// The validator's words, with the offset.
        reason: String,
    },
    /// Exports none of the worlds, or several.
    #[error("the component is of no world: export exactly one of {expected}; it exports {found}")]
    NoWorld {
        /// The exports that make a world.
        expected: String,
        /// What it exports.
        found: String,
    },
    /// An import that nobody knows.
    #[error("unknown import `{name}`: this host has no such interface")]
    UnknownImport {
        /// The import.
        name: String,
    },
    /// A version of an interface that is not served.
    #[error("{}", unserved(name, served, *skew))]
    UnservedVersion {
        /// The import, or the export that makes a world.
        name: String,
        /// The versions served, the latest last.
        served: Vec<&'static str>,
        /// Who has to move.
        skew: Skew,
    },
    /// Known, but never given to anybody.
    #[error("import `{name}` is refused: {reason}")]
    RefusedImport {
        /// The import.
        name: String,
        /// Why.
        reason: &'static str,
    },
    /// Not among what its world may import.
    #[error("import `{name}` is not allowed in the world `{world}`")]
    NotInWorld {
        /// The import.
        name: String,
        /// The world.
        world: &'static str,
    },
    /// Imported, and its pack does not ask for it.
    #[error(
        "the component imports `{capability}`, which its pack does not request: request it in pack.toml \
         (`[requests.{capability}]`), or remove the import"
    )]
    NotRequested {
        /// The interface.
        capability: Capability,
    },
    /// Its pack asks for it, and it is not imported.
    #[error(
        "the pack requests `{capability}`, which its component does not import: remove `[requests.{capability}]` \
         from pack.toml, or build the component with it"
    )]
    NotImported {
        /// The interface.
        capability: Capability,
    },
    /// Beyond a limit already by its declarations.
    #[error("the component needs more than it may have ({breach}): {detail}")]
    TooLarge {
        /// The limit.
        breach: Breach,
        /// Which, by how much.
        detail: String,
    },
    /// More bytes than a component may have.
    #[error("the component has {bytes} bytes: at most {most} (`sandbox.limits.component_bytes`)")]
    TooBig {
        /// Its size.
        bytes: u64,
        /// The limit.
        most: u64,
    },
    /// The compiler failed.
    #[error("the component does not compile: {reason}")]
    Compile {
        /// The compiler's words.
        reason: String,
    },
    /// Imports do not match what is linked.
    #[error("the component does not link: {reason}")]
    Link {
        /// The linker's words.
        reason: String,
    },
    /// A limit of the configuration.
    #[error(transparent)]
    Limit(#[from] LimitError),
}

impl LoadError {
    /// The limit that the component runs into, where it is one.
    pub fn breach(&self) -> Option<Breach> {
        match self {
            Self::TooLarge { breach, .. } => Some(*breach),
            _ => None,
        }
    }
}

/// Which host this is: releases are told by it.
const HOST: &str = env!("CARGO_PKG_VERSION");

fn unserved(name: &str, served: &[&str], skew: Skew) -> String {
    let package = name.split_once('/').map_or(name, |(package, _)| package);
    let latest = served.last().copied().unwrap_or("another");
    let all = served.join(" and ");
    match skew {
        Skew::Newer => format!(
            "`{name}` needs host > {HOST}: this host, puppet {HOST}, serves {all} of `{package}`; \
             run it on a newer host, or build against {latest}"
        ),
        Skew::Gone => format!(
            "`{name}` is not served by this host, puppet {HOST}: it serves {all} of `{package}`; build against {latest}"
        ),
    }
}
