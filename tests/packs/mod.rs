//! Packs on their way from an author's folder to an operator's data folder: built, signed, looked into, compared.

mod archives;
mod installed;

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::support::{Ran, run};

/// What an author works in, and an operator's folder beside it.
pub struct Desk {
    folder: tempfile::TempDir,
}

/// The component of a plugin that comes with the program.
fn component(plugin: &str) -> &'static [u8] {
    let all = puppet::firstparty::plugins();
    all.into_iter().find(|one| one.manifest.id.as_str() == plugin).unwrap().component
}

/// Requests of what brings the component of the standard personality, but for `tweet`.
const REQUESTS: &str = "[requests.llm]\namounts = { \"usd/day\" = \"0.10\" }\nreason = \"It thinks.\"\n\
                        [requests.memory]\nreason = \"It remembers.\"\n[requests.schedule]\nreason = \"It waits.\"\n\
                        [requests.state]\nreason = \"It knows when it spoke.\"\n";

impl Desk {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }
    pub fn path(&self) -> &Path {
        self.folder.path()
    }
    pub fn run(&self, args: &[&str]) -> Ran {
        run(self.path(), args)
    }
    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    /// The folder of a pack with a component of its own, that may post so often an hour.
    pub fn pack(&self, id: &str, version: &str, posts: u32, more: &str) -> PathBuf {
        self.write(&format!("{id}/lamp.wasm"), component("standard-personality"));
        let text = format!(
            "id = \"{id}\"\nversion = \"{version}\"\ndescription = \"A lamp.\"\ncomponent = \"lamp.wasm\"\npersona = \"persona.toml\"\n{more}\n\
             {REQUESTS}[requests.tweet]\namounts = {{ \"posts/hour\" = {posts} }}\nreason = \"It shines.\"\n"
        );
        self.write(&format!("{id}/pack.toml"), text);
        self.write(&format!("{id}/persona.toml"), "custom_system_prompt = { file = \"prompts/system.md\" }\n");
        self.write(&format!("{id}/prompts/system.md"), "You are a lamp.\n");
        self.write(&format!("{id}/README.md"), format!("# Lamp {version}\n"));
        self.path().join(id)
    }

    /// Its archive.
    pub fn built(&self, id: &str, version: &str, posts: u32, more: &str) -> String {
        self.pack(id, version, posts, more);
        let name = format!("{id}-{version}-{posts}-{}.puppet", more.len());
        self.run(&["pack", "build", id, "-o", &name]).exits(0);
        name
    }

    /// The same with another component: what is granted is bound to it.
    pub fn built_otherwise(&self, id: &str, version: &str, posts: u32) -> String {
        self.pack(id, version, posts, "");
        // A section of its own, which changes nothing but the digest.
        let note: &[u8] = b"\0\x05\x04note";
        self.write(&format!("{id}/lamp.wasm"), [component("standard-personality"), note].concat());
        let name = format!("{id}-{version}-otherwise.puppet");
        self.run(&["pack", "build", id, "-o", &name]).exits(0);
        name
    }

    /// A pair of keys; answers the public one.
    pub fn keys(&self, name: &str) -> String {
        let made = self.run(&["pack", "keygen", name, "--unencrypted", "--json"]).exits(0).json();
        made["publisher"].as_str().unwrap().to_owned()
    }
}
