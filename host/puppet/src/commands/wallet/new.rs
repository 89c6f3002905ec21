//! `wallet new`: a key is made, or taken over, and kept. Its address is all that is printed.

use std::io::{self, IsTerminal as _, Read as _};

use puppet_packs::SecretsFile;
use puppet_solana::{KeyError, KeySource, Wallet};
use puppet_types::{Secret, scrub};
use serde_json::json;

use crate::{
    cli::WalletNew,
    config::Trading,
    credentials,
    output::Output,
    setup::Setup,
    trouble::{Result, Trouble},
    wallets,
};

/// Bytes of stdin that are read: no key is longer.
const MOST: u64 = 4_096;

/// Runs it.
pub fn run(setup: &Setup, args: &WalletNew, out: Output) -> Result<()> {
    let name = args.name.as_str();
    if !Trading::is_name(name) {
        let remedy = format!("use 1 to {} letters, digits, `-` and `_`, a letter or digit first", Trading::NAME_BYTES);
        return Err(Trouble::input("bad-value", format!("`{name}` is no name of a wallet"), remedy).of_field("NAME"));
    }
    let mut secrets = credentials::secrets(setup)?;
    if let Some(source) = wallets::known(setup, &secrets).get(name) {
        let place = match source {
            crate::config::KeySource::Environment(variable) => format!("its key is in {variable}"),
            crate::config::KeySource::Secret(secret) => format!("its key is the secret `{secret}`"),
            crate::config::KeySource::Credential(credential) => format!("its key is the credential `{credential}`"),
            crate::config::KeySource::File(path) => format!("its key is in {}", path.display()),
        };
        let message = format!("there is a wallet `{name}` already: {place}");
        return Err(Trouble::input("wallet-exists", message, "choose another name: no key is written over"));
    }
    let wallet = if args.import { imported(args, out)? } else { Wallet::generate().map_err(Trouble::internal)? };
    if let Some(path) = args.file.as_deref().filter(|_| !args.import) {
        wallet.write(path).map_err(|error| match error {
            KeyError::File { kind: io::ErrorKind::AlreadyExists, .. } => {
                Trouble::input("file-exists", "is there already", "name another file: no key is written over")
                    .in_file(path)
            }
            error => Trouble::input("cannot-write", error.to_string(), "name another file").in_file(path),
        })?;
    }
    let secret = wallet.text();
    scrub::learn([&secret]);
    secrets.set(&wallets::secret_name(name), secret);
    secrets.save().map_err(credentials::of_secrets)?;
    tell(name, &wallet, args, &secrets, out)
}

/// The key that somebody has.
fn imported(args: &WalletNew, out: Output) -> Result<Wallet> {
    let wrong = |error: KeyError| {
        let remedy = "give it as base58, as a JSON array (solana-keygen), as hex, or as a list of bytes";
        Trouble::input("wallet-key", error.to_string(), remedy)
    };
    if let Some(path) = &args.file {
        return Wallet::read(path).map_err(|error| wrong(error).in_file(path));
    }
    let text = if io::stdin().is_terminal() && out.can_ask() {
        out.asks_secretly("key: ")?
    } else {
        let mut text = String::new();
        let read = io::stdin().lock().take(MOST + 1).read_to_string(&mut text);
        read.map_err(|_| wrong(KeyError::Form(KeySource::Named("stdin".to_owned()))))?;
        Secret::new(text)
    };
    scrub::learn([&text]);
    Wallet::parse(text.expose(), KeySource::Named("stdin".to_owned())).map_err(wrong)
}

fn tell(name: &str, wallet: &Wallet, args: &WalletNew, secrets: &SecretsFile, out: Output) -> Result<()> {
    let address = wallet.address().to_string();
    if out.json {
        let made = json!({
            "name": name, "address": address, "secret": wallets::secret_name(name), "imported": args.import,
            "encrypted": secrets.is_encrypted(),
        });
        return out.object_of("puppet.wallet-new/1", &made);
    }
    out.line(format!("{} {address}", out.bold(name)))?;
    if !secrets.is_encrypted() {
        out.note(
            "its key lies in secrets.toml of the data folder in clear text, readable by you alone; \
             [store] key = \"CREDENTIAL\" encrypts it (docs/security.md)",
        );
    }
    if let Some(path) = args.file.as_ref().filter(|_| !args.import) {
        out.note(format!("a copy of the key is in {}: keep it away from here", path.display()));
    } else if !args.import {
        out.note("there is no other copy of the key: `puppet backup` copies the data folder with its secrets");
    }
    Ok(())
}
