//! `wallet list`: everything that trades or could.

use std::collections::BTreeMap;

use puppet_solana::Network;
use puppet_store::TradeStore;
use puppet_types::Timestamp;
use serde::Serialize;

use crate::{
    config::KeySource,
    control::{self, DeskStands},
    credentials,
    feed::beginning,
    output::{Output, Table},
    records,
    setup::Setup,
    trouble::Result,
    wallets::{
        self,
        books::{self, Kept},
        standing::Standing,
        stop, words,
    },
};

/// Characters of a reason in the table.
const BEGINNING: usize = 48;

/// One that trades or could.
#[derive(Debug, Serialize)]
pub struct Row {
    name: String,
    /// `live` or `paper`.
    kind: &'static str,
    address: Option<String>,
    /// Where its key is.
    key: Option<String>,
    network: Option<String>,
    #[serde(flatten)]
    standing: Standing,
    /// Of mainnet; null elsewhere.
    acknowledged: Option<bool>,
    acknowledged_at: Option<Timestamp>,
    /// When its books were written last; null where there are none.
    traded_at: Option<Timestamp>,
    problem: Option<String>,
    /// That trades on it in the host of this data folder; null where none runs, or it has none.
    desk: Option<Stands>,
}

/// `puppet.wallets/1`.
#[derive(Debug, Serialize)]
pub struct Wallets {
    schema: &'static str,
    /// Why nothing is traded at all; none where it may be.
    halted: Option<String>,
    items: Vec<Row>,
    next: Option<String>,
}

/// A desk of a running host.
#[derive(Debug, Serialize)]
struct Stands {
    name: String,
    /// `opening`, `running`, `halted`, `stopped`.
    state: String,
    /// Why it does not run.
    reason: Option<String>,
}

/// All of them; and what is worth saying beside it.
pub async fn wallets(setup: &Setup) -> Result<(Wallets, Vec<String>)> {
    let mut notes = Vec::new();
    let secrets = credentials::secrets(setup)?;
    let rows = records::if_there(setup).await?;
    let known = wallets::known(setup, &secrets);
    let mut kept: BTreeMap<String, Kept> = BTreeMap::new();
    let mut halt = None;
    if let Some(rows) = &rows {
        let store: &dyn TradeStore = &**rows;
        kept = books::all(store).await?.into_iter().map(|kept| (kept.name.clone(), kept)).collect();
        halt = rows.halted().await?;
    }
    let halted = stop::of_all(&setup.data, halt);
    // By name: the address, or why there is none.
    let addresses: BTreeMap<&String, std::result::Result<String, String>> = known
        .keys()
        .map(|name| {
            let key = wallets::key(setup, &secrets, name);
            (name, key.map(|wallet| wallet.address().to_string()).map_err(|trouble| trouble.message))
        })
        .collect();
    let running = match control::desks(setup).await {
        Ok(running) => running,
        Err(trouble) => {
            notes.push(format!("nobody says how the desks stand: {}", trouble.in_a_line()));
            Vec::new()
        }
    };
    let mut names = super::names(setup, &secrets, rows.as_ref()).await?;
    // One that is still being opened for the first time has no books yet.
    names.extend(running.iter().map(|desk| desk.purse.clone()));
    names.sort();
    names.dedup();
    let mut items = Vec::new();
    for name in names {
        let said = match &rows {
            Some(rows) => words::of(&**rows, &name).await?,
            None => words::Said::default(),
        };
        let kept = kept.get(&name);
        let is_paper = books::is_paper(&name);
        let network = setup.config.trading.network;
        let (address, problem) = match addresses.get(&name) {
            None => (None, (!is_paper).then(|| "there is no key for it".to_owned())),
            Some(Ok(address)) => (Some(address.clone()), twins(&name, address, &addresses)),
            Some(Err(why)) => (None, Some(why.clone())),
        };
        let problem = problem.or_else(|| kept.and_then(|kept| kept.books.as_ref().err().cloned()));
        let is_mainnet = !is_paper && network == Network::MainnetBeta;
        items.push(Row {
            kind: if is_paper { "paper" } else { "live" },
            address,
            key: known.get(&name).map(place),
            network: kept
                .and_then(|kept| kept.network.clone())
                .or_else(|| (!is_paper).then(|| network.name().to_owned())),
            standing: Standing::of(&said, kept, halted.is_some()),
            acknowledged: is_mainnet.then(|| said.understands(network)),
            acknowledged_at: said.understood.filter(|_| is_mainnet).map(|understood| understood.at),
            traded_at: kept.map(|kept| kept.at),
            problem,
            desk: running.iter().find(|desk| desk.purse == name).cloned().map(Stands::of),
            name,
        });
    }
    Ok((Wallets { schema: "puppet.wallets/1", halted, items, next: None }, notes))
}

/// Runs it.
pub async fn run(setup: &Setup, out: Output) -> Result<()> {
    let (wallets, notes) = wallets(setup).await?;
    notes.into_iter().for_each(|note| out.note(note));
    if out.json {
        return out.object(&wallets);
    }
    let Wallets { halted, items, .. } = wallets;
    if let Some(reason) = halted {
        out.line(out.bad(format!("nothing is traded: {reason}")))?;
    }
    if items.is_empty() {
        out.note("there is no wallet yet: `puppet wallet new NAME` makes one");
        return Ok(());
    }
    let mut table = Table::new(&["wallet", "kind", "network", "state", "desk", "address", "key", "why"]);
    for Row { name, kind, address, key, network, standing, acknowledged, problem, desk, .. } in items {
        let unsaid = (acknowledged == Some(false)).then(|| "mainnet is not acknowledged (--i-understand)".to_owned());
        let (desk, of_desk) = desk.map_or_else(Default::default, |desk| (desk.state, desk.reason));
        let why = problem.or(of_desk).or(standing.reason).or(unsaid).unwrap_or_default();
        let (network, address, key) =
            (network.unwrap_or_default(), address.unwrap_or_default(), key.unwrap_or_default());
        let state = standing.state.to_owned();
        // Whoever reads it from a file or a pipe has room for all of it.
        let why = if out.is_terminal() { beginning(&why, BEGINNING) } else { why };
        table.row([name, kind.to_owned(), network, state, desk, address, key, why]);
    }
    table.print(out)
}

impl Stands {
    fn of(DeskStands { name, state, reason, .. }: DeskStands) -> Self {
        Self { name, state, reason }
    }
}

/// That other names have the same key: what each of them is said to have is the same money.
fn twins(name: &str, address: &str, all: &BTreeMap<&String, std::result::Result<String, String>>) -> Option<String> {
    let others = all.iter().filter(|(other, of)| ***other != name && of.as_deref() == Ok(address));
    let others: Vec<String> = others.map(|(other, _)| format!("`{other}`")).collect();
    (!others.is_empty()).then(|| format!("{} has the same key: they are one wallet", others.join(", ")))
}

/// Where a key is, by name.
fn place(source: &KeySource) -> String {
    match source {
        KeySource::Environment(name) => format!("env {name}"),
        KeySource::Secret(name) => format!("secret {name}"),
        KeySource::Credential(name) => format!("credential {name}"),
        KeySource::File(path) => format!("file {}", path.display()),
    }
}
