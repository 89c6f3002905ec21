//! Operations that answer what a test prepared, and remember what they were asked.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use puppet_engine::{Verdict, Word};
use puppet_types::{AgentId, Capability, Digest, EffectId, InvocationId, PackId};
use serde_json::{Map, Value, json};

use crate::operations::{
    AgentOperations, AgentWord, Answer, CompareTerms, ConfigOperations, GrantChanges, GrantOperations, InstallTerms,
    JournalOperations, NewAgent, PackOperations, PastPlace, RemoveTerms, Said, Trade, TradingOperations, WalletWord,
    Wish,
};

/// Answers by the name of the method.
#[derive(Default)]
pub struct Stub {
    answers: Mutex<BTreeMap<&'static str, Answer>>,
    asked: Mutex<Vec<(&'static str, Value)>>,
}

impl Stub {
    /// From now on this method answers so.
    pub fn will(&self, method: &'static str, answer: Answer) {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner).insert(method, answer);
    }

    /// What was asked so far: the method, and its arguments as JSON.
    pub fn asked(&self) -> Vec<(&'static str, Value)> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn told(&self, method: &'static str, arguments: Value) -> Answer {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).push((method, arguments));
        let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.get(method).cloned().unwrap_or_else(|| panic!("no test prepared `{method}`"))
    }
}

fn millis(wait: Option<Duration>) -> Value {
    wait.map_or(Value::Null, |wait| json!(u64::try_from(wait.as_millis()).unwrap()))
}

#[async_trait]
impl AgentOperations for Stub {
    async fn agents(&self) -> Answer {
        self.told("agents", Value::Null)
    }
    async fn agent(&self, agent: &AgentId) -> Answer {
        self.told("agent", json!(agent))
    }
    async fn make_agent(&self, new: NewAgent) -> Answer {
        self.told("make_agent", json!(format!("{new:?}")))
    }
    async fn change_agent(&self, agent: &AgentId, word: AgentWord) -> Answer {
        self.told("change_agent", json!([agent, format!("{word:?}")]))
    }
    async fn send(&self, wish: Wish, wait: Option<Duration>) -> Answer {
        self.told(
            "send",
            json!({ "kind": wish.kind, "payload": wish.payload, "to": wish.to, "delay_ms": wish.delay_ms,
                "source": wish.source, "key": wish.key, "wait_ms": millis(wait) }),
        )
    }
    async fn say(&self, said: Said, wait: Option<Duration>) -> Answer {
        self.told(
            "say",
            json!({ "by": said.by, "text": said.text, "to": said.to, "in_reply_to": said.in_reply_to,
                "wait_ms": millis(wait) }),
        )
    }
    async fn budgets(&self) -> Answer {
        self.told("budgets", Value::Null)
    }
    async fn decide(&self, effect: &EffectId, digest: Option<Digest>, verdict: Verdict) -> Answer {
        self.told("decide", json!([effect, digest, format!("{verdict:?}")]))
    }
    async fn outbox(&self, effect: &EffectId, word: Word) -> Answer {
        self.told("outbox", json!([effect, word]))
    }
    async fn halt(&self, reason: Option<String>) -> Answer {
        self.told("halt", json!(reason))
    }
    async fn resume(&self) -> Answer {
        self.told("resume", Value::Null)
    }
}

#[async_trait]
impl PackOperations for Stub {
    async fn packs(&self) -> Answer {
        self.told("packs", Value::Null)
    }
    async fn install(&self, archive: Bytes, terms: InstallTerms) -> Answer {
        let InstallTerms { allow_unsigned, force_downgrade, wait } = terms;
        self.told("install", json!([archive.len(), allow_unsigned, force_downgrade, millis(wait)]))
    }
    async fn remove(&self, pack: &PackId, terms: RemoveTerms) -> Answer {
        self.told("remove", json!([pack, terms.version, terms.with_agent]))
    }
    async fn rollback(&self, pack: &PackId, version: Option<&str>, wait: Option<Duration>) -> Answer {
        self.told("rollback", json!([pack, version, millis(wait)]))
    }
    async fn plugins(&self) -> Answer {
        self.told("plugins", Value::Null)
    }
    async fn plugin(&self, pack: &PackId) -> Answer {
        self.told("plugin", json!(pack))
    }
    async fn release(&self, pack: &PackId) -> Answer {
        self.told("release", json!(pack))
    }
    async fn compare(&self, pack: &PackId, terms: CompareTerms) -> Answer {
        let CompareTerms { old, new, agent, last } = terms;
        self.told("compare", json!([pack, old, new, agent, last]))
    }
    async fn swaps(&self, pack: &PackId) -> Answer {
        self.told("swaps", json!(pack))
    }
}

#[async_trait]
impl GrantOperations for Stub {
    async fn grants(&self) -> Answer {
        self.told("grants", Value::Null)
    }
    async fn grant(&self, pack: &PackId) -> Answer {
        self.told("grant", json!(pack))
    }
    async fn approve_grant(&self, pack: &PackId, digest: Digest) -> Answer {
        self.told("approve_grant", json!([pack, digest]))
    }
    async fn set_grant(&self, pack: &PackId, changes: GrantChanges) -> Answer {
        self.told("set_grant", json!([pack, format!("{changes:?}")]))
    }
    async fn revoke_grant(&self, pack: &PackId, capability: Option<Capability>) -> Answer {
        self.told("revoke_grant", json!([pack, capability]))
    }
}

#[async_trait]
impl JournalOperations for Stub {
    async fn replay(&self, invocation: &InvocationId) -> Answer {
        self.told("replay", json!(invocation))
    }
}

#[async_trait]
impl TradingOperations for Stub {
    async fn wallets(&self) -> Answer {
        self.told("wallets", Value::Null)
    }
    async fn wallet_approvals(&self, all: bool) -> Answer {
        self.told("wallet_approvals", json!(all))
    }
    async fn decide_swap(&self, hash: &str, is_yes: bool) -> Answer {
        self.told("decide_swap", json!([hash, is_yes]))
    }
    async fn wallet_word(&self, wallet: &str, word: WalletWord) -> Answer {
        self.told("wallet_word", json!([wallet, format!("{word:?}")]))
    }
    async fn trade(&self, agent: &AgentId, trade: Trade, wait: Option<Duration>) -> Answer {
        let Trade { market, side, amount, max_slippage_bps, reason, key } = trade;
        self.told(
            "trade",
            json!({ "agent": agent, "market": market, "side": side, "amount": amount, "reason": reason,
                "max_slippage_bps": max_slippage_bps, "key": key, "wait_ms": millis(wait) }),
        )
    }
    async fn traded(&self, agent: &AgentId, trade: &str) -> Answer {
        self.told("traded", json!([agent, trade]))
    }
    async fn trading_stats(&self, agent: &AgentId) -> Answer {
        self.told("trading_stats", json!(agent))
    }
    async fn trading_balance(&self, agent: &AgentId) -> Answer {
        self.told("trading_balance", json!(agent))
    }
    async fn transactions(&self, agent: &AgentId, from: PastPlace, limit: usize) -> Answer {
        self.told("transactions", json!([agent, from, limit]))
    }
}

#[async_trait]
impl ConfigOperations for Stub {
    async fn config(&self) -> Answer {
        self.told("config", Value::Null)
    }
    async fn set_config(&self, changes: Map<String, Value>) -> Answer {
        self.told("set_config", json!(changes))
    }
}
