//! `wallet`: keys, balances, what was traded, and the operator's word on it.

mod airdrop;
pub mod approvals;
mod balance;
mod history;
pub mod list;
mod new;
pub mod word;

use puppet_packs::SecretsFile;
use puppet_solana::Acknowledged;
use puppet_store::TradeStore;
use puppet_types::Timestamp;

use crate::{
    cli::WalletCommand,
    control::{self, Folder, NoDesks, Request},
    output::Output,
    rows::Rows,
    setup::Setup,
    trouble::Result,
    wallets::{
        self, books,
        words::{Said, Word},
    },
};

/// Runs it.
pub async fn run(setup: &Setup, command: WalletCommand, out: Output) -> Result<()> {
    match command {
        WalletCommand::New(args) => new::run(setup, &args, out),
        WalletCommand::List => list::run(setup, out).await,
        WalletCommand::Balance(args) => balance::run(setup, &args, out).await,
        WalletCommand::History(args) => history::run(setup, &args, out).await,
        WalletCommand::Halt { which, reason } => word::halt(setup, &which, reason, out).await,
        WalletCommand::Resume(which) => word::resume(setup, &which, out).await,
        WalletCommand::Approvals { all } => approvals::list(setup, all, out).await,
        WalletCommand::Approve { hash } => approvals::say(setup, &hash, true, out).await,
        WalletCommand::Reject { hash } => approvals::say(setup, &hash, false, out).await,
        WalletCommand::Airdrop { name, amount } => airdrop::run(setup, &name, &amount, out).await,
    }
}

/// Names of everything that an operator may speak of: wallets with a key, and purses with books.
async fn names(setup: &Setup, secrets: &SecretsFile, rows: Option<&Rows>) -> Result<Vec<String>> {
    let mut names: Vec<String> = wallets::known(setup, secrets).into_keys().collect();
    if let Some(rows) = rows {
        let store: &dyn TradeStore = &**rows;
        names.extend(books::all(store).await?.into_iter().map(|kept| kept.name));
    }
    let desks = &setup.config.trading.desks;
    names.extend(desks.iter().filter(|(_, desk)| desk.wallet.is_none()).map(|(name, desk)| desk.purse(name)));
    names.sort();
    names.dedup();
    Ok(names)
}

/// One that an operator may speak of.
fn check_known(name: &str, names: &[String]) -> Result<()> {
    if names.iter().any(|known| known == name) {
        return Ok(());
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    Err(wallets::unknown(name, &names))
}

/// Says a word of purses: to the running host, or into the data folder for the next.
async fn say(setup: &Setup, purses: Vec<String>, word: Word) -> Result<Vec<Heard>> {
    let mut folder = Folder::of(setup);
    let request = Request::PurseWord { purses: purses.clone(), word: word.clone() };
    let answer = match folder.ask(&request).await? {
        Some(answer) => answer,
        None => control::word(folder.rows().await?, &NoDesks, &purses, &word, Timestamp::from_system()).await?,
    };
    serde_json::from_value(answer).map_err(crate::trouble::Trouble::internal)
}

/// What became of a word.
#[derive(Debug, serde::Deserialize)]
struct Heard {
    name: String,
    said: Said,
    has_heard: bool,
}

/// The network, where it may be touched for this wallet; with `understood` that is said, and kept.
async fn network(setup: &Setup, name: &str, understood: bool, said: &Said) -> Result<Acknowledged> {
    let network = setup.config.trading.network;
    if understood && !said.understands(network) {
        let heard = say(setup, vec![name.to_owned()], Word::Understood { network }).await?;
        let said = heard.into_iter().next().map(|heard| heard.said).unwrap_or_default();
        return wallets::acknowledged(network, &said, name);
    }
    wallets::acknowledged(network, said, name)
}
