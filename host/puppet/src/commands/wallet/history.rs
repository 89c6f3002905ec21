//! `wallet history`: what happened on a purse.

use puppet_api::operations::PastPlace;
use puppet_store::TradeStore;
use puppet_types::Timestamp;

use super::{check_known, names};
use crate::{
    cli::WalletHistory,
    credentials, moment,
    output::{List, Output, Table},
    records,
    setup::Setup,
    trouble::Result,
    wallets::past::{self, Row},
};

/// Runs it.
pub async fn run(setup: &Setup, args: &WalletHistory, out: Output) -> Result<()> {
    let since =
        args.since.as_deref().map(|text| moment::since(text, Timestamp::from_system(), "--since")).transpose()?;
    let secrets = credentials::secrets(setup)?;
    let rows = records::if_there(setup).await?;
    check_known(&args.name, &names(setup, &secrets, rows.as_ref()).await?)?;
    let most = usize::try_from(args.last).unwrap_or(usize::MAX);
    let mut items = Vec::new();
    if let Some(rows) = &rows {
        let store: &dyn TradeStore = &**rows;
        (items, _) = past::page(store, &args.name, PastPlace::default(), (most, since)).await?;
    }
    if out.json {
        return out.object(&List { schema: "puppet.wallet-history/1", items, next: None });
    }
    if items.is_empty() {
        out.note("nothing has happened there");
        return Ok(());
    }
    let mut table = Table::new(&["when", "what", "", "rule"]);
    for Row { at, kind, what, rule, signature, fee_lamports, .. } in items {
        let fee = fee_lamports.map_or_else(String::new, |fee| format!(", fee at most {fee} lamports"));
        let signature = signature.map_or_else(String::new, |signature| format!(" ({signature}{fee})"));
        table.row([at.to_string(), kind.to_owned(), format!("{what}{signature}"), rule.unwrap_or_default()]);
    }
    table.print(out)
}
