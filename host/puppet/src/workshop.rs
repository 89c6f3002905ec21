//! A pack as its author has it: a folder with source, a component that is built, and what builds it.

mod making;
mod tools;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use puppet_author::{narrow::Wanted, sdk};
use puppet_grants::ceiling;
use puppet_packs::{Build, Component, Manifest};
use puppet_sandbox::Inspection;

use crate::{
    agents::of_pack,
    files,
    output::Output,
    trouble::{Exit, Result, Trouble},
};

pub use tools::Tool;

/// See the head of this file.
pub struct Workshop {
    /// Its folder.
    pub dir: PathBuf,
    /// Its `pack.toml`.
    pub manifest: Manifest,
}

/// A component that was built.
pub struct Built {
    /// Where it is.
    pub component: PathBuf,
    /// What it says of itself.
    pub inspection: Inspection,
    /// What built it.
    pub tools: Vec<Tool>,
}

impl Workshop {
    /// Opens a pack's folder. Its component need not be there.
    pub fn open(dir: &Path) -> Result<Self> {
        let file = dir.join("pack.toml");
        let text = files::text(&file).map_err(|error| {
            let remedy = "name the folder of a pack; `puppet new NAME` begins one";
            Trouble::input("bad-pack", format!("cannot be read: {error}"), remedy).in_file(&file)
        })?;
        let manifest = Manifest::parse(&text, &file).map_err(of_pack)?;
        Ok(Self { dir: dir.to_owned(), manifest })
    }

    /// How it is built; none where its component comes from elsewhere.
    pub fn build_of(&self) -> Option<&Build> {
        self.manifest.workshop.build.as_ref()
    }

    /// The file of its component.
    pub fn component(&self) -> Option<PathBuf> {
        match &self.manifest.component {
            Component::File(name) => Some(self.dir.join(name)),
            Component::BuiltIn(_) => None,
        }
    }

    /// Builds the component anew. What the tools say goes to stderr, unless `out` is for scripts.
    pub fn build(&self, out: Output) -> Result<Built> {
        let pack = self.dir.join("pack.toml");
        let (Some(build), Some(component)) = (self.build_of(), self.component()) else {
            let remedy = "write [build] with lang and kind, and component = \"….wasm\"";
            return Err(failed("pack.toml does not say how it is built", remedy).in_file(&pack).of_field("build"));
        };
        self.unpack()?;
        let (bytes, tools) = making::make(self, build, out)?;
        let inspection = puppet_sandbox::inspect(&bytes).map_err(|error| {
            let remedy = "look at what it exports: the SDK's macro or base class of this kind makes it";
            failed(format!("what was built is no plugin: {error}"), remedy).in_file(&component)
        })?;
        files::replace(&component, &bytes, None).map_err(|error| {
            failed(format!("cannot be written: {error}"), "look at the rights of the folder").in_file(&component)
        })?;
        Ok(Built { component, inspection, tools })
    }

    /// The SDK beside it.
    fn unpack(&self) -> Result<()> {
        let folder = self.dir.join(sdk::FOLDER);
        sdk::unpack(&self.dir).map(drop).map_err(|error| {
            failed(format!("cannot be written: {error}"), "look at the rights of the pack's folder").in_file(&folder)
        })
    }

    /// What it asks for, as a world is cut by it.
    pub fn wanted(&self) -> Wanted {
        let mut wanted: Wanted = BTreeMap::new();
        for (capability, request) in &self.manifest.requests {
            let functions: Vec<String> = match ceiling(*capability) {
                // What an operator grants by one word may be several functions.
                Some(most) if !request.operations.is_empty() => most
                    .operations
                    .iter()
                    .filter(|name| request.operations.contains(**name))
                    .map(|name| (*name).to_owned())
                    .collect(),
                _ => Vec::new(),
            };
            wanted.insert(capability.name().to_owned(), functions);
        }
        wanted
    }
}

/// A build that did not come to an end.
pub fn failed(message: impl Into<String>, remedy: impl Into<String>) -> Trouble {
    let mut trouble = Trouble::input("build-failed", message, remedy);
    trouble.exit = Exit::Failed;
    trouble
}
