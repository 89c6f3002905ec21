//! `wallet approvals`, `approve` and `reject`: a person's yes to one message, with everything that there is to decide by.

use puppet_market::Markets;
use puppet_solana::programs;
use puppet_store::SwapApproval;
use puppet_types::Timestamp;
use serde::Serialize;
use serde_json::Value;

use crate::{
    control::{self, Folder, Request},
    credentials,
    output::{List, Output},
    records,
    setup::Setup,
    trouble::{Result, Trouble},
    wallets::{
        self,
        amounts::whole,
        approvals::{self, Standing},
    },
};

/// A swap that was asked about.
#[derive(Debug, Serialize)]
pub struct Row {
    hash: String,
    swap: String,
    /// The wallet's name, where its key is known here.
    name: Option<String>,
    /// `waiting`, `approved`, `expired` or `ended`.
    state: &'static str,
    /// Why no answer is wanted any more; null where one is.
    why: Option<String>,
    expires_at: Timestamp,
    granted_at: Option<Timestamp>,
    /// What is asked: wallet, gives, amount, takes, out_amount, least_out, fee_lamports, programs, quoted_at.
    body: Value,
}

/// What waits, with `all` also what does not any more: `puppet.wallet-approvals/1`.
pub async fn asked(setup: &Setup, all: bool) -> Result<List<Row>> {
    let now = Timestamp::from_system();
    let asked = match records::if_there(setup).await? {
        Some(rows) => approvals::all(&*rows, now).await?,
        None => Vec::new(),
    };
    let names = Names::of(setup)?;
    let wanted = asked.into_iter().filter(|(_, standing)| all || standing.is_open());
    let items = wanted.map(|(asked, standing)| row(asked, &standing, &names)).collect();
    Ok(List { schema: "puppet.wallet-approvals/1", items, next: None })
}

/// Lists what waits, with `all` also what does not any more.
pub async fn list(setup: &Setup, all: bool, out: Output) -> Result<()> {
    let asked = asked(setup, all).await?;
    if out.json {
        return out.object(&asked);
    }
    let (items, names) = (asked.items, Names::of(setup)?);
    if items.is_empty() {
        out.note("no swap waits for approval");
    }
    for (n, item) in items.iter().enumerate() {
        if n > 0 {
            out.line("")?;
        }
        tell(item, &names, out)?;
        if item.state == "waiting" {
            out.line(format!("  {}", out.dim(format!("puppet wallet approve {}", item.hash))))?;
        }
    }
    Ok(())
}

/// Says yes or no to one: `puppet.wallet-approval/1`.
pub async fn decide(setup: &Setup, hash: &str, is_yes: bool) -> Result<Row> {
    let mut folder = Folder::of(setup);
    let request = Request::SwapApproval { hash: hash.to_owned(), is_yes };
    let now = Timestamp::from_system();
    let answer = match folder.ask(&request).await? {
        Some(answer) => answer,
        None => {
            drop(records::open(setup).await?);
            control::approval(folder.rows().await?, hash, is_yes, now).await?
        }
    };
    let asked: SwapApproval = serde_json::from_value(answer).map_err(Trouble::internal)?;
    let names = Names::of(setup)?;
    let mut item = row(asked, &Standing::Waiting, &names);
    (item.state, item.granted_at) = if is_yes { ("approved", Some(now)) } else { ("rejected", None) };
    Ok(item)
}

impl Row {
    /// With the name of its schema.
    pub fn shown(&self) -> Result<Value> {
        let mut value = serde_json::to_value(self).map_err(Trouble::internal)?;
        value["schema"] = "puppet.wallet-approval/1".into();
        Ok(value)
    }
}

/// Says yes or no to one, and tells it.
pub async fn say(setup: &Setup, hash: &str, is_yes: bool, out: Output) -> Result<()> {
    let item = decide(setup, hash, is_yes).await?;
    if out.json {
        return out.object(&item.shown()?);
    }
    let names = Names::of(setup)?;
    let word = if is_yes { out.good("approved") } else { out.bad("rejected") };
    out.line(format!("{word} {hash}"))?;
    tell(&item, &names, out)
}

/// Names that the operator gave.
struct Names {
    markets: Markets,
    wallets: Vec<(String, String)>,
}

impl Names {
    fn of(setup: &Setup) -> Result<Self> {
        let secrets = credentials::secrets(setup)?;
        let known = wallets::known(setup, &secrets);
        // A key that cannot be read has no address to be found by.
        let address =
            |name: &String| Some((wallets::key(setup, &secrets, name).ok()?.address().to_string(), name.clone()));
        Ok(Self { markets: wallets::markets(setup)?, wallets: known.keys().filter_map(address).collect() })
    }

    fn wallet(&self, address: &str) -> Option<String> {
        self.wallets.iter().find(|(known, _)| known == address).map(|(_, name)| name.clone())
    }

    /// `12.5 USDC (EPj…)`: the mint always stands there, since a name is ours and a mint is what moves.
    fn amount(&self, body: &Value, units: &str, mint: &str) -> String {
        let mint = text(body, mint);
        let Some(units) = body[units].as_u64() else { return format!("? of {mint}") };
        match self.markets.token(&mint) {
            Some(token) => format!("{} {} ({mint})", whole(units.into(), token.decimals), token.symbol),
            None => format!("{units} units of {mint}"),
        }
    }
}

fn row(asked: SwapApproval, standing: &Standing, names: &Names) -> Row {
    let SwapApproval { hash, swap, expires_at, granted_at, body } = asked;
    let name = body["wallet"].as_str().and_then(|address| names.wallet(address));
    Row { hash, swap, name, state: standing.name(), why: standing.why(expires_at), expires_at, granted_at, body }
}

fn tell(item: &Row, names: &Names, out: Output) -> Result<()> {
    let body = &item.body;
    let state = match item.state {
        "waiting" | "approved" => out.odd(item.state),
        other => out.bad(other),
    };
    out.line(format!("{} {state}", out.bold(&item.hash)))?;
    let wallet = text(body, "wallet");
    let wallet = item.name.as_ref().map_or_else(|| wallet.clone(), |name| format!("{name} ({wallet})"));
    let fee =
        body["fee_lamports"].as_u64().map_or_else(String::new, |fee| format!("at most {} SOL", whole(fee.into(), 9)));
    let called = body["programs"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let called: Vec<String> = called.map(program).collect();
    let left = match item.state {
        "waiting" | "approved" => format!(" (in {} s)", item.expires_at.millis_since(Timestamp::from_system()) / 1_000),
        _ => String::new(),
    };
    for (what, words) in [
        ("wallet", wallet),
        ("gives", names.amount(body, "amount", "gives")),
        ("takes", format!("about {}", names.amount(body, "out_amount", "takes"))),
        ("at least", names.amount(body, "least_out", "takes")),
        ("fee", fee),
        ("programs", called.join(", ")),
        ("swap", item.swap.clone()),
        ("quoted", text(body, "quoted_at")),
        ("until", format!("{}{left}", item.expires_at)),
        ("why", item.why.clone().unwrap_or_default()),
    ] {
        if words.is_empty() {
            continue;
        }
        out.line(format!("  {what:<9} {words}"))?;
    }
    Ok(())
}

fn text(body: &Value, key: &str) -> String {
    body[key].as_str().unwrap_or_default().to_owned()
}

/// A program by its name, where it is one that a swap may call; else by its address, marked.
fn program(address: &str) -> String {
    let known = [
        (programs::SYSTEM, "System"),
        (programs::COMPUTE_BUDGET, "Compute Budget"),
        (programs::TOKEN, "SPL Token"),
        (programs::TOKEN_2022, "Token-2022"),
        (programs::ASSOCIATED_TOKEN, "Associated Token Account"),
        (programs::JUPITER, "Jupiter"),
    ];
    let name = known.into_iter().find(|(known, _)| known.to_string() == address).map(|(_, name)| name.to_owned());
    name.unwrap_or_else(|| format!("{address} (not known here)"))
}

#[cfg(test)]
mod tests {
    use puppet_types::trade::Mint;

    use super::*;

    #[test]
    fn amounts_are_told_by_our_names_and_by_mint() {
        let names = Names { markets: Markets::built_in(), wallets: vec![("addr".to_owned(), "main".to_owned())] };
        let body = serde_json::json!({ "gives": Mint::USDC, "amount": 12_500_000, "takes": "Other", "out_amount": 7 });
        assert_eq!(names.amount(&body, "amount", "gives"), format!("12.5 USDC ({})", Mint::USDC));
        assert_eq!(names.amount(&body, "out_amount", "takes"), "7 units of Other");
        assert_eq!(names.amount(&body, "least_out", "takes"), "? of Other");
        assert_eq!((names.wallet("addr").as_deref(), names.wallet("x")), (Some("main"), None));
        assert_eq!(program(&programs::JUPITER.to_string()), "Jupiter");
        assert_eq!(program("Evi1"), "Evi1 (not known here)");
    }
}
