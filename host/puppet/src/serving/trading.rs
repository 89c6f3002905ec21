//! Wallets, and a person's yes to what is signed with them.

use std::time::Duration;

use async_trait::async_trait;
use puppet_api::operations::{Answer, PastPlace, Told, Trade, TradingOperations, WalletWord};
use puppet_types::AgentId;
use serde_json::json;

use super::{
    Door, fault, told,
    trades::{Seat, no_stats},
    with_notes,
};
use crate::{
    commands::wallet::{approvals, list, word},
    wallets::{held, past, words::Word},
};

#[async_trait]
impl TradingOperations for Door {
    async fn wallets(&self) -> Answer {
        let (wallets, notes) = list::wallets(&self.setup).await.map_err(fault)?;
        with_notes(&wallets, notes)
    }

    async fn wallet_approvals(&self, all: bool) -> Answer {
        told(&approvals::asked(&self.setup, all).await.map_err(fault)?)
    }

    async fn decide_swap(&self, hash: &str, is_yes: bool) -> Answer {
        let decided = approvals::decide(&self.setup, hash, is_yes).await.map_err(fault)?;
        told(&decided.shown().map_err(fault)?)
    }

    async fn wallet_word(&self, wallet: &str, word: WalletWord) -> Answer {
        let word = match word {
            WalletWord::Halt { reason } => Word::Halt { reason },
            WalletWord::Resume => Word::Resume,
        };
        let (heard, of_all) = word::spoken(&self.setup, Some(wallet), word).await.map_err(fault)?;
        with_notes(&heard, of_all.into_iter().map(|why| format!("nothing is traded at all, though: {why}")).collect())
    }

    async fn trade(&self, agent: &AgentId, trade: Trade, wait: Option<Duration>) -> Answer {
        let seat = Seat::of(&self.setup, agent).map_err(fault)?;
        Ok(Told::new(seat.trade(trade, wait).await.map_err(fault)?))
    }

    async fn traded(&self, agent: &AgentId, trade: &str) -> Answer {
        let seat = Seat::of(&self.setup, agent).map_err(fault)?;
        Ok(Told::new(seat.traded(trade).await.map_err(fault)?))
    }

    async fn trading_stats(&self, agent: &AgentId) -> Answer {
        match Seat::find(&self.setup, agent).map_err(fault)? {
            Some(seat) => Ok(Told::new(seat.stats().await.map_err(fault)?)),
            None => Ok(Told::new(no_stats(agent))),
        }
    }

    async fn trading_balance(&self, agent: &AgentId) -> Answer {
        let seat = Seat::of(&self.setup, agent).map_err(fault)?;
        let (items, _) = held::of(&self.setup, vec![seat.purse]).await.map_err(fault)?;
        told(&json!({ "schema": "puppet.wallet-balance/1", "items": items, "next": null }))
    }

    async fn transactions(&self, agent: &AgentId, from: PastPlace, limit: usize) -> Answer {
        let seat = Seat::of(&self.setup, agent).map_err(fault)?;
        let page = past::page(seat.store(), &seat.purse, from, (limit, None)).await.map_err(fault)?;
        told(&json!({ "schema": "puppet.wallet-history/1", "items": page.0, "next": page.1 }))
    }
}
