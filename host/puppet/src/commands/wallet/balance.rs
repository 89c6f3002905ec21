//! `wallet balance`: what is in wallets and purses of paper.

mod told;

use super::{check_known, names, network};
use crate::{
    cli::WalletBalance,
    credentials,
    output::Output,
    records,
    setup::Setup,
    trouble::Result,
    wallets::{self, books, held, standing::kept_of},
};

/// Runs it. What the books say is shown also where the chain does not answer; then that is the error.
pub async fn run(setup: &Setup, args: &WalletBalance, out: Output) -> Result<()> {
    let secrets = credentials::secrets(setup)?;
    let rows = records::if_there(setup).await?;
    let all = names(setup, &secrets, rows.as_ref()).await?;
    if let Some(name) = &args.name {
        check_known(name, &all)?;
    }
    let wanted = args.name.as_ref().map_or(all, |name| vec![name.clone()]);
    if args.i_understand {
        let live = wanted.iter().filter(|name| !books::is_paper(name) && wallets::key(setup, &secrets, name).is_ok());
        for name in live {
            let (said, _) = kept_of(rows.as_ref(), name).await?;
            network(setup, name, true, &said).await?;
        }
    }
    drop(rows);
    let (items, failed) = held::of(setup, wanted).await?;
    told::tell(&items, out)?;
    failed.map_or(Ok(()), Err)
}
