//! Who fetches pages for packs: under the rules of `[http]`, with its credentials.

use std::{collections::BTreeMap, sync::Arc};

use puppet_http::{Credential, Fetcher};
use puppet_packs::SecretsFile;

use crate::{
    config::HttpCredential,
    credentials,
    output::Output,
    setup::Setup,
    trouble::{Result, Trouble},
};

/// See the head of this file. A credential that has no key here is left out with a note: what names it is denied.
///
/// # Errors
/// A key cannot be read, or cannot be sent.
pub fn of(setup: &Setup, secrets: &SecretsFile, out: Output) -> Result<Arc<Fetcher>> {
    let http = &setup.config.http;
    let mut usable = BTreeMap::new();
    for (name, credential) in &http.credentials {
        let HttpCredential { hosts, header, prefix, key_source, key } = credential;
        let (key, place) = credentials::of_source(setup, secrets, key_source, key.as_ref())?;
        let Some(key) = key else {
            out.note(format!("http: {place} is not set: requests with the credential `{name}` are denied"));
            continue;
        };
        let (hosts, header, prefix) = (hosts.clone(), header.clone(), prefix.clone());
        usable.insert(name.clone(), Credential { hosts, header, prefix, key });
    }
    let fetcher = Fetcher::new(http.rules.clone(), usable).map_err(|error| match error {
        puppet_http::Unusable::Client(_) => Trouble::internal(error),
        puppet_http::Unusable::Credential(_) => {
            Trouble::input("credential", error.to_string(), "check its header, prefix and key")
        }
    })?;
    Ok(Arc::new(fetcher))
}
