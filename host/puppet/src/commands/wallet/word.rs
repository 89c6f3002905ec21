//! `wallet halt` and `wallet resume`: one purse, or all.

use serde::Serialize;

use super::{Heard, Standing, check_known, kept_of, names, say};
use crate::{
    cli::WhichPurse,
    commands::halt::check_reason,
    control, credentials,
    output::{List, Output},
    records,
    setup::Setup,
    trouble::Result,
    wallets::{stop, words::Word},
};

#[derive(Serialize)]
struct Row {
    name: String,
    #[serde(flatten)]
    standing: Standing,
    /// A desk has heard it: a halt also one that is being opened. Else it holds once there is one that is open.
    heard: bool,
}

/// Runs `wallet halt`.
pub async fn halt(setup: &Setup, which: &WhichPurse, reason: Option<String>, out: Output) -> Result<()> {
    if let Some(reason) = &reason {
        check_reason(reason)?;
    }
    speak(setup, which, Word::Halt { reason }, out).await
}

/// Runs `wallet resume`.
pub async fn resume(setup: &Setup, which: &WhichPurse, out: Output) -> Result<()> {
    speak(setup, which, Word::Resume, out).await
}

async fn speak(setup: &Setup, which: &WhichPurse, word: Word, out: Output) -> Result<()> {
    let secrets = credentials::secrets(setup)?;
    let rows = records::if_there(setup).await?;
    let mut names = names(setup, &secrets, rows.as_ref()).await?;
    // One that is still being opened for the first time has no books yet.
    names.extend(control::desks(&setup.data).await?.into_iter().map(|desk| desk.purse));
    names.sort();
    names.dedup();
    drop(rows);
    let purses = match &which.name {
        Some(name) => {
            check_known(name, &names)?;
            vec![name.clone()]
        }
        None => names,
    };
    let heard = if purses.is_empty() { Vec::new() } else { say(setup, purses, word).await? };
    let rows = records::if_there(setup).await?;
    let halt = match &rows {
        Some(rows) => rows.halted().await?,
        None => None,
    };
    let of_all = stop::of_all(&setup.data, halt);
    let mut items = Vec::new();
    for Heard { name, said, has_heard } in heard {
        let (_, kept) = kept_of(rows.as_ref(), &name).await?;
        let standing = Standing::of(&said, kept.as_ref(), of_all.is_some());
        items.push(Row { standing, name, heard: has_heard });
    }
    if out.json {
        return out.object(&List { schema: "puppet.wallet-word/1", items, next: None });
    }
    if items.is_empty() {
        out.note("there is no wallet yet");
    }
    for Row { name, standing, heard } in &items {
        let reason = standing.reason.as_ref().map_or_else(String::new, |reason| format!(" ({reason})"));
        let later = if *heard { "" } else { ", once its desk is open" };
        out.line(format!("{}: {}{reason}{later}", out.bold(name), standing.styled(out)))?;
    }
    if let Some(reason) = of_all {
        out.note(format!("nothing is traded at all, though: {reason}"));
    }
    Ok(())
}
