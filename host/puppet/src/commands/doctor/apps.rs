//! `doctor`: whether X takes the bearer tokens of apps, and lets them stream. Nothing of it is charged.

use std::collections::BTreeMap;

use puppet_packs::SecretsFile;
use puppet_tweet::Listening;

use super::{Check, NO_KEY, check, of_trouble};
use crate::{networks, setup::Setup};

pub(super) async fn apps(setup: &Setup, secrets: &SecretsFile) -> Vec<Check> {
    let x = &setup.config.tweet.x;
    let (mut checks, mut bearers) = (Vec::new(), BTreeMap::new());
    for (name, app) in &x.apps {
        match networks::bearer((setup, secrets), app) {
            Ok(None) => {}
            Ok(Some(Ok(bearer))) => drop(bearers.insert(name.clone(), bearer)),
            Ok(Some(Err(wanted))) => {
                let detail = format!("nothing is read with the app `{name}`: {wanted} is not set");
                checks.push(check("posts", "warn", detail, NO_KEY));
            }
            Err(trouble) => checks.push(of_trouble("posts", "fail", &trouble)),
        }
    }
    let asked = match networks::made(setup, BTreeMap::new(), bearers) {
        Ok(x) => x.check_apps().await,
        Err(trouble) => {
            checks.push(of_trouble("posts", "fail", &trouble));
            return checks;
        }
    };
    checks.extend(asked.into_iter().map(|(name, asked)| match asked {
        Ok(true) => check("posts", "ok", format!("X knows the app `{name}`, which may stream"), ""),
        Ok(false) => {
            let detail =
                format!("X does not let the app `{name}` stream: its plan has no streams, or it is in no project");
            match x.mentions.by {
                Some(Listening::Stream) => {
                    check("posts", "fail", detail, "see in X's developer portal what its plan has")
                }
                _ => check("posts", "ok", detail, ""),
            }
        }
        Err(fault) => {
            let status = if fault.passes() { "warn" } else { "fail" };
            check("posts", status, format!("the app `{name}`: {fault}"), fault.remedy_of_app(&name))
        }
    }));
    checks
}
