//! `wallet halt` and `wallet resume`: one purse, or all.

use serde::Serialize;

use super::{Heard, check_known, names, say};
use crate::{
    cli::WhichPurse,
    commands::halt::check_reason,
    control, credentials,
    output::{List, Output},
    records,
    setup::Setup,
    trouble::Result,
    wallets::{
        standing::{Standing, kept_of},
        stop,
        words::Word,
    },
};

/// What became of a word about one purse.
#[derive(Debug, Serialize)]
pub struct Row {
    name: String,
    #[serde(flatten)]
    standing: Standing,
    /// A desk has heard it: a halt also one that is being opened. Else it holds once there is one that is open.
    heard: bool,
}

/// Runs `wallet halt`.
pub async fn halt(setup: &Setup, which: &WhichPurse, reason: Option<String>, out: Output) -> Result<()> {
    speak(setup, which, Word::Halt { reason }, out).await
}

/// Runs `wallet resume`.
pub async fn resume(setup: &Setup, which: &WhichPurse, out: Output) -> Result<()> {
    speak(setup, which, Word::Resume, out).await
}

/// Says a word of one purse, or of all: `puppet.wallet-word/1`, and why nothing is traded at all, where that is so.
pub async fn spoken(setup: &Setup, which: Option<&str>, word: Word) -> Result<(List<Row>, Option<String>)> {
    if let Word::Halt { reason: Some(reason) } = &word {
        check_reason(reason)?;
    }
    let secrets = credentials::secrets(setup)?;
    let rows = records::if_there(setup).await?;
    let mut names = names(setup, &secrets, rows.as_ref()).await?;
    // One that is still being opened for the first time has no books yet.
    names.extend(control::desks(setup).await?.into_iter().map(|desk| desk.purse));
    names.sort();
    names.dedup();
    drop(rows);
    let purses = match which {
        Some(name) => {
            check_known(name, &names)?;
            vec![name.to_owned()]
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
    Ok((List { schema: "puppet.wallet-word/1", items, next: None }, of_all))
}

async fn speak(setup: &Setup, which: &WhichPurse, word: Word, out: Output) -> Result<()> {
    let (heard, of_all) = spoken(setup, which.name.as_deref(), word).await?;
    if out.json {
        return out.object(&heard);
    }
    let items = heard.items;
    if items.is_empty() {
        out.note("there is no wallet yet");
    }
    for Row { name, standing, heard } in &items {
        let reason = standing.reason.as_ref().map_or_else(String::new, |reason| format!(" ({reason})"));
        let later = if *heard { "" } else { ", once its desk is open" };
        out.line(format!("{}: {}{reason}{later}", out.bold(name), styled(standing, out)))?;
    }
    if let Some(reason) = of_all {
        out.note(format!("nothing is traded at all, though: {reason}"));
    }
    Ok(())
}

/// As people read it.
fn styled(standing: &Standing, out: Output) -> String {
    match standing.state {
        "active" => out.good(standing.state),
        "reducing" => out.odd(standing.state),
        _ => out.bad(standing.state),
    }
}
