//! `halt` and `resume`: stops and resumes every outbox at once. Through the running host where there is one; otherwise
//! in the folder, for the next.

use puppet_store::{Change, Halt};
use puppet_types::{Timestamp, is_odd};
use serde_json::{Value, json};

use crate::{
    control::{Folder, Request},
    output::{Output, on_a_line},
    records,
    setup::Setup,
    trouble::{Result, Trouble},
};

/// Longest reason in characters.
const REASON_CHARS: usize = 500;

/// Runs `halt`.
pub async fn halt(setup: &Setup, reason: Option<String>, out: Output) -> Result<()> {
    tell(stop(setup, reason).await?, out)
}

/// Runs `resume`.
pub async fn resume(setup: &Setup, out: Output) -> Result<()> {
    go_on(setup).await?;
    tell(None, out)
}

/// Lets nothing leave from now on.
pub async fn stop(setup: &Setup, reason: Option<String>) -> Result<Option<Halt>> {
    if let Some(reason) = &reason {
        check_reason(reason)?;
    }
    let said = Halt { since: Timestamp::from_system(), reason: reason.clone() };
    let folder = Folder::of(setup);
    match folder.ask(&Request::Halt { reason }).await? {
        Some(answer) => serde_json::from_value(answer).map_err(Trouble::internal),
        None => written(setup, folder, Some(said)).await,
    }
}

/// Lets effects leave again.
pub async fn go_on(setup: &Setup) -> Result<()> {
    let folder = Folder::of(setup);
    if folder.ask(&Request::Resume).await?.is_none() {
        written(setup, folder, None).await?;
    }
    Ok(())
}

/// `docs/schemas/halt.json`.
pub fn told(halt: Option<&Halt>) -> Value {
    let (since, reason) = halt.map(|halt| (halt.since, halt.reason.as_deref())).unzip();
    json!({ "schema": "puppet.halt/1", "halted": halt.is_some(), "since": since, "reason": reason.flatten() })
}

/// What an operator gives as a reason: some words, and no page of them.
pub fn check_reason(reason: &str) -> Result<()> {
    let is_line = !reason.trim().is_empty() && !reason.chars().any(is_odd);
    let fits = is_line && reason.chars().count() <= REASON_CHARS;
    let remedy = format!("write 1 to {REASON_CHARS} characters on one line, or leave --reason out");
    let wrong = || Trouble::input("bad-value", "this is no reason", remedy).of_field("--reason");
    if fits { Ok(()) } else { Err(wrong()) }
}

/// A folder in which nothing has lived is most likely another than was meant.
async fn written(setup: &Setup, mut folder: Folder<'_>, halt: Option<Halt>) -> Result<Option<Halt>> {
    drop(records::open(setup).await?);
    let store = folder.rows().await?;
    store.apply(vec![Change::Halt(halt)]).await?;
    Ok(store.halted().await?)
}

fn tell(halt: Option<Halt>, out: Output) -> Result<()> {
    if out.json {
        return out.object(&told(halt.as_ref()));
    }
    match halt {
        Some(halt) => out.line(words(&halt)),
        None => out.line("effects leave"),
    }
}

/// A stop in words.
pub fn words(halt: &Halt) -> String {
    let reason = halt.reason.as_ref().map_or_else(String::new, |reason| format!(" ({})", on_a_line(reason)));
    format!("halted since {}{reason}: nothing leaves until `puppet resume`", halt.since)
}
