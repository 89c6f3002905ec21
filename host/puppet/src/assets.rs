//! The images of agents, out of the packs that are installed: read when a post with one leaves, and compared with the digest
//! of the pack once more.

use std::sync::Arc;

use async_trait::async_trait;
use puppet_packs::{AgentSpec, Installed};
use puppet_store::Store;
use puppet_tweet::{Images, PublishError};
use puppet_types::EffectId;

use crate::agents;

/// The assets of the packs of a data folder.
pub struct Assets {
    pub installed: Installed,
    /// Knows whose an effect is.
    pub store: Arc<dyn Store>,
}

#[async_trait]
impl Images for Assets {
    async fn image(&self, effect: &EffectId, asset: &str) -> Result<Vec<u8>, PublishError> {
        let gone = || PublishError::Refused("whoever decided it lives here no more".to_owned());
        let agent = self.store.effect(effect).await?.ok_or_else(gone)?.agent;
        let row = self.store.agent(&agent).await?.ok_or_else(gone)?;
        let spec = agents::spec_of(&row).map_err(|trouble| PublishError::Refused(trouble.message))?;
        let (installed, asset) = (self.installed.clone(), asset.to_owned());
        let read = tokio::task::spawn_blocking(move || of_pack(&installed, &spec, &asset));
        read.await.map_err(|error| PublishError::Unavailable(error.to_string()))?
    }
}

/// Of the version that the agent is of; of several with its number the one that runs.
fn of_pack(installed: &Installed, spec: &AgentSpec, asset: &str) -> Result<Vec<u8>, PublishError> {
    let AgentSpec { pack, pack_version, .. } = spec;
    let unread = |error: puppet_packs::InstallError| PublishError::Unavailable(format!("image `{asset}`: {error}"));
    let entries = installed.entries().map_err(unread)?;
    let of_agent = entries.iter().filter(|entry| entry.id == *pack && entry.version.to_string() == *pack_version);
    let refused = |why: &str| PublishError::Refused(format!("image `{asset}`: `{pack}` {pack_version} {why}"));
    let entry = of_agent.max_by_key(|entry| entry.state.runs()).ok_or_else(|| refused("is not installed"))?;
    let bundle = installed.bundle(entry).map_err(unread)?;
    let bytes = bundle.contents.get(&format!("assets/{asset}"));
    bytes.map(<[u8]>::to_vec).ok_or_else(|| refused("has no such asset"))
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use puppet_packs::{Pack, Source, State};
    use puppet_types::Timestamp;

    use super::*;

    fn written(dir: &Path, version: &str, image: &[u8]) -> AgentSpec {
        fs::create_dir_all(dir.join("assets/in")).unwrap();
        let pack = format!(
            "id = \"lamp\"\nversion = \"{version}\"\nplugin = \"standard-personality\"\npersona = \"persona.toml\"\n"
        );
        fs::write(dir.join("pack.toml"), pack).unwrap();
        fs::write(dir.join("persona.toml"), "goals = [\"shine\"]\n").unwrap();
        fs::write(dir.join("assets/in/a.png"), image).unwrap();
        AgentSpec::from_pack(&Pack::open(dir).unwrap()).unwrap()
    }

    #[test]
    fn an_image_is_that_of_the_version_that_an_agent_is_of() {
        let (folder, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let installed = Installed::at(data.path());
        let mut specs = Vec::new();
        for (version, image, state) in [("0.1.0", b"old", State::Kept), ("0.2.0", b"new", State::Current)] {
            specs.push(written(folder.path(), version, image));
            let staged = installed.stage(folder.path(), Source::Folder).unwrap();
            installed.publish(staged, state, Timestamp::from_millis(1), None).unwrap();
        }
        let [old, new] = [0, 1].map(|n| of_pack(&installed, &specs[n], "in/a.png").unwrap());
        assert_eq!((&*old, &*new), (&b"old"[..], &b"new"[..]));

        let said = |spec: &AgentSpec, asset: &str| of_pack(&installed, spec, asset).unwrap_err().to_string();
        assert!(said(&specs[1], "b.png").contains("`lamp` 0.2.0 has no such asset"));
        assert!(said(&specs[1], "../pack.toml").contains("no such asset"));
        let other = AgentSpec { pack_version: "0.3.0".to_owned(), ..specs[1].clone() };
        assert!(said(&other, "in/a.png").contains("is not installed"));

        // What somebody put there since is not posted.
        let entry = installed.entries().unwrap().into_iter().find(|entry| entry.state == State::Current).unwrap();
        fs::write(installed.folder(&entry).join("assets/in/a.png"), "another").unwrap();
        assert!(said(&specs[1], "in/a.png").contains("is not what was installed"));
    }
}
