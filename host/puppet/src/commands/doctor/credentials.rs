//! `doctor`: credentials of the configuration, and the secrets of the data folder.

use puppet_packs::SECRETS_FILE;

use super::{Check, check, of_trouble};
use crate::{credentials, setup::Setup};

/// Each credential that is named: that there is a value. Programs are run.
pub(super) fn of_credentials(setup: &Setup) -> Vec<Check> {
    let names = setup.config.credentials.keys();
    names
        .map(|name| match credentials::get(setup, name) {
            Ok(Some(_)) => check("credential", "ok", format!("`{name}` is there"), ""),
            Ok(None) => check(
                "credential",
                "warn",
                format!("`{name}` is not set"),
                "set the variable that `[credentials]` names for it",
            ),
            Err(trouble) => of_trouble("credential", "fail", &trouble),
        })
        .collect()
}

/// The secrets of the data folder: that they can be read, and how they lie there.
pub(super) fn secrets(setup: &Setup) -> Check {
    if !setup.data.join(SECRETS_FILE).exists() {
        return check("secrets", "skipped", "the data folder holds no secrets", "");
    }
    let file = match credentials::secrets(setup) {
        Ok(file) => file,
        Err(trouble) => return of_trouble("secrets", "fail", &trouble),
    };
    if let Some(warning) = file.warning() {
        return check("secrets", "warn", warning.message.clone(), warning.remedy.clone());
    }
    match (file.is_encrypted(), &setup.config.store.key) {
        (true, _) => check("secrets", "ok", "encrypted", ""),
        (false, None) => check("secrets", "ok", "in clear text, readable by their owner alone", ""),
        (false, Some(_)) => {
            check("secrets", "warn", "still in clear text", "the next secret that is kept encrypts them")
        }
    }
}
