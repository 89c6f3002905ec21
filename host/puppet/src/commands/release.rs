//! `plugins release PACK`: the operator lets a plugin run again that its strikes hold back. Through the running host
//! where there is one; otherwise in the folder, for the next.

use puppet_engine::forgiven;
use puppet_types::{PackId, counted};
use serde::Serialize;

use crate::{
    control::{Folder, Hosted, Request},
    firstparty, inventory,
    output::Output,
    setup::Setup,
    trouble::{Result, Trouble},
};

/// Runs it.
pub async fn run(setup: &Setup, pack: &str, out: Output) -> Result<()> {
    let told = release(setup, pack).await?;
    if out.json {
        return out.object(&told);
    }
    let Told { pack, was, strikes, .. } = told;
    if strikes == 0 && was == "live" {
        return out.line(format!("{pack} runs, and has no strikes: there was nothing to release"));
    }
    out.line(format!("{pack} may run: it was {was}, with {}", counted(strikes, "strike", "strikes")))
}

/// `puppet.release/1`.
#[derive(Serialize)]
pub struct Told {
    schema: &'static str,
    pack: PackId,
    /// How it stood before.
    was: &'static str,
    /// Forgiven.
    strikes: u32,
}

/// Lets it run again.
pub async fn release(setup: &Setup, pack: &str) -> Result<Told> {
    let hosted = inventory::hosted(setup).await?;
    let pack = known(pack, &hosted)?;
    // Before, so that the answer says what there was to release.
    let of_pack = hosted.versions.into_iter().find(|running| running.pack == pack && running.serves);
    let stands = of_pack.map(|running| running.stands).unwrap_or_default();
    let mut folder = Folder::of(setup);
    if folder.ask(&Request::Release { pack: pack.clone() }).await?.is_none() {
        let store = folder.rows().await?;
        store.apply(forgiven(store.strikes().await?, &pack)?).await?;
    }
    let (was, strikes) = (stands.name(), stands.strikes.unwrap_or(0));
    Ok(Told { schema: "puppet.release/1", pack, was, strikes })
}

fn known(pack: &str, hosted: &Hosted) -> Result<PackId> {
    let id = PackId::new(pack);
    let built_in = firstparty::plugins().into_iter().map(|plugin| plugin.manifest.id);
    let known: Vec<PackId> = built_in.chain(hosted.versions.iter().map(|running| running.pack.clone())).collect();
    if known.contains(&id) {
        return Ok(id);
    }
    let names: Vec<&str> = known.iter().map(PackId::as_str).collect();
    let remedy = crate::config::remedy(pack, &names);
    Err(Trouble::input("unknown-plugin", format!("there is no plugin `{pack}`"), remedy).missing())
}
