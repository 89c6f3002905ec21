//! `doctor`: what else a host would refuse at its start, or leave as it was, asked as the host asks it.

use super::{Check, check, of_trouble};
use crate::{
    commands::run::kept_secret,
    credentials, records,
    setup::Setup,
    trading::{Wanted, apart},
    trouble::Result,
};

pub(super) fn start(setup: &Setup) -> Vec<Check> {
    let mut checks = agents(setup);
    checks.extend(desks(setup).err().map(|trouble| of_trouble("desks", "fail", &trouble)));
    checks.extend(kept_secret(&setup.data).err().map(|trouble| of_trouble("data folder", "fail", &trouble)));
    checks
}

/// Packs and agent files beside the configuration.
fn agents(setup: &Setup) -> Vec<Check> {
    let (found, unfit) = match records::fit(setup) {
        Ok(found) => found,
        Err(trouble) => return vec![of_trouble("agents folder", "fail", &trouble)],
    };
    let unfit: Vec<Check> = unfit
        .iter()
        .map(|(path, trouble)| {
            let of = of_trouble("agents folder", "fail", trouble);
            // The folder, where the fault names no file of it.
            let at = if trouble.place.file.is_some() { String::new() } else { format!("{}: ", path.display()) };
            Check { detail: format!("{at}{}: a host leaves it as it was", of.detail), ..of }
        })
        .collect();
    match (unfit.is_empty(), found.specs.is_empty()) {
        (true, true) => Vec::new(),
        (true, false) => vec![check("agents folder", "ok", "all of it can be taken up", "")],
        _ => unfit,
    }
}

/// Those of the configuration.
fn desks(setup: &Setup) -> Result<()> {
    let wanted = Wanted::configured(setup)?;
    // What is wrong with secrets has a check of its own.
    match credentials::secrets(setup) {
        Ok(secrets) => apart::check(setup, &secrets, wanted.iter()),
        Err(_) => Ok(()),
    }
}
