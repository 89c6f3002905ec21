//! What `doctor` says of trading: the switches that stop it, wallets and their keys, desks that do not trade, and swaps that
//! wait for a yes.

use puppet_store::Store;
use puppet_types::{Timestamp, counted};

use super::{Check, check, of_trouble};
use crate::{
    control, credentials, records,
    setup::Setup,
    trouble::Result,
    wallets::{
        self,
        approvals::{self, Standing},
        stop, words,
    },
};

/// All of them.
pub async fn trading(setup: &Setup) -> Vec<Check> {
    let mut checks = vec![switch(setup)];
    // A folder that cannot be opened is told by its own check.
    let rows = records::if_there(setup).await.ok().flatten();
    let store = rows.as_ref().map(|rows| &**rows as &dyn Store);
    checks.push(wallets(setup, store).await.unwrap_or_else(|trouble| of_trouble("wallets", "fail", &trouble)));
    checks.extend(desks(setup).await);
    if let Some(store) = store {
        checks.push(asked(store).await.unwrap_or_else(|trouble| of_trouble("swaps", "fail", &trouble)));
    }
    checks
}

/// The file that stops everything; `puppet halt` has a check of its own.
fn switch(setup: &Setup) -> Check {
    match stop::file(&setup.data) {
        None => check("trading", "ok", "no file stops it", ""),
        Some(reason) => {
            let remedy = format!("remove {} to let it go on", setup.data.join(stop::FILE).display());
            check("trading", "warn", format!("nothing is traded: {reason}"), remedy)
        }
    }
}

/// Keys that are named are there and are keys. Programs are run.
async fn wallets(setup: &Setup, store: Option<&dyn Store>) -> Result<Check> {
    let secrets = credentials::secrets(setup)?;
    let known = wallets::known(setup, &secrets);
    if known.is_empty() {
        return Ok(check("wallets", "skipped", "there is none", "`puppet wallet new NAME` makes one"));
    }
    let (mut wrong, mut halted) = (Vec::new(), Vec::new());
    for name in known.keys() {
        wrong.extend(wallets::key(setup, &secrets, name).err().map(|trouble| trouble.message));
        if let Some(store) = store
            && words::of(store, name).await?.halt.is_some()
        {
            halted.push(name.as_str());
        }
    }
    if !wrong.is_empty() {
        return Ok(check(
            "wallets",
            "warn",
            wrong.join("; "),
            "put the keys there, or take the entries out of [trading]",
        ));
    }
    if !halted.is_empty() {
        let detail = format!("halted: {}", halted.join(", "));
        return Ok(check("wallets", "warn", detail, "`puppet wallet resume NAME` lets one trade again"));
    }
    Ok(check("wallets", "ok", format!("{} with a key", counted(known.len(), "wallet", "wallets")), ""))
}

/// The desks of a running host: none is stopped or halted, or waits to be opened. A host that does not answer has a check of its own.
async fn desks(setup: &Setup) -> Option<Check> {
    let desks = control::desks(setup).await.ok().filter(|desks| !desks.is_empty())?;
    let told = |state: &str| {
        let of_it = desks.iter().filter(|desk| desk.state == state);
        let of_it = of_it.filter_map(|desk| Some(format!("{} is {state}: {}", desk.name, desk.reason.as_ref()?)));
        of_it.collect::<Vec<_>>()
    };
    let (stopped, halted, opening) = (told("stopped"), told("halted"), told("opening"));
    let purses = desks.iter().filter(|desk| desk.state == "stopped");
    let resume: Vec<_> = purses.map(|desk| format!("`puppet wallet resume {}`", desk.purse)).collect();
    if !stopped.is_empty() {
        let remedy = format!("mend what it says, and let it go on: {}", resume.join(", "));
        return Some(check("desks", "fail", [stopped, halted, opening].concat().join("; "), remedy));
    }
    let remedy = match (halted.is_empty(), opening.is_empty()) {
        (true, true) => {
            return Some(check("desks", "ok", format!("{} in the host", counted(desks.len(), "desk", "desks")), ""));
        }
        (false, _) => "`puppet wallet resume NAME` lets a purse trade again",
        (true, false) => "it is tried again by itself; `puppet wallet resume NAME` tries it at once",
    };
    Some(check("desks", "warn", [halted, opening].concat().join("; "), remedy))
}

/// Swaps that wait for a person.
async fn asked(store: &dyn Store) -> Result<Check> {
    let asked = approvals::all(store, Timestamp::from_system()).await?;
    let waiting: Vec<_> = asked.iter().filter(|(_, standing)| *standing == Standing::Waiting).collect();
    let Some(first) = waiting.iter().map(|(asked, _)| asked.expires_at).min() else {
        return Ok(check("swaps", "ok", "none waits for approval", ""));
    };
    let detail =
        format!("{} for approval, the first until {first}", counted(waiting.len(), "swap waits", "swaps wait"));
    Ok(check("swaps", "warn", detail, "`puppet wallet approvals` shows them"))
}
