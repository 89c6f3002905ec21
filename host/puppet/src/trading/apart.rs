//! Desks whose wallets are one: names are the operator's, and the money is where the key is. Two of them on one key would each
//! keep books of all of it, and two risk engines would let through twice what the operator allows.

use puppet_packs::SecretsFile;

use super::wanted::Wanted;
use crate::{
    setup::Setup,
    trouble::{Result, Trouble},
    wallets,
};

/// Refuses two desks on one key. A key that cannot be read is told where it is used.
pub fn check<'w>(setup: &Setup, secrets: &SecretsFile, wanted: impl Iterator<Item = &'w Wanted>) -> Result<()> {
    let addresses = wanted
        .filter_map(Wanted::wallet)
        .filter_map(|name| Some((name, wallets::key(setup, secrets, name).ok()?.address())));
    let addresses: Vec<_> = addresses.collect();
    for (n, (name, address)) in addresses.iter().enumerate() {
        let mut before = addresses.iter().take(n);
        if let Some((other, _)) = before.find(|(other, of)| other != name && of == address) {
            let message = format!("the wallets `{other}` and `{name}` are one: both have the key of {address}");
            let remedy = "let one of the two desks trade, or give it a wallet of its own (`puppet wallet new`)";
            return Err(Trouble::input("same-wallet", message, remedy));
        }
    }
    Ok(())
}
