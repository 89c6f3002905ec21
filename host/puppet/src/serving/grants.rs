//! What packs may do, said by the operator. Writing holds a lock of the folder, which others may hold: not on the threads that
//! answer requests.

use std::{future::Future, sync::Arc};

use async_trait::async_trait;
use puppet_api::{
    fault::Fault,
    operations::{Answer, GrantChanges, GrantOperations, GrantedAmount},
};
use puppet_types::{AgentId, Capability, Digest, PackId};

use super::{Door, fault, told};
use crate::{
    cli::GrantTerms,
    commands::grants::{self, One, asked},
    config::usd,
    output::Output,
    setup::Setup,
    trouble::Result,
};

#[async_trait]
impl GrantOperations for Door {
    async fn grants(&self) -> Answer {
        self.apart(|setup| async move { told(&grants::all(&setup).await.map_err(fault)?) }).await
    }

    async fn grant(&self, pack: &PackId) -> Answer {
        let pack = pack.clone();
        self.apart(|setup| async move { shown(grants::one(&setup, pack.as_str()).await) }).await
    }

    async fn approve_grant(&self, pack: &PackId, digest: Digest) -> Answer {
        let pack = pack.clone();
        let approved = move |setup: Arc<Setup>| async move {
            let asking = asked::one(&setup, pack.as_str()).await?;
            grants::is_of(&asking, &digest.to_string())?;
            let granted = grants::approve(&setup, &asking, &GrantTerms::default()).await?;
            grants::let_in(&setup, &asking, Output::new(true)).await?;
            Ok(granted)
        };
        self.apart(|setup| async move { shown(approved(setup).await) }).await
    }

    async fn set_grant(&self, pack: &PackId, changes: GrantChanges) -> Answer {
        let pack = pack.clone();
        let set = move |setup: Arc<Setup>| async move {
            let asking = asked::one(&setup, pack.as_str()).await?;
            grants::set(&setup, &asking, &amounts(&changes), &terms(&changes)).await
        };
        self.apart(|setup| async move { shown(set(setup).await) }).await
    }

    async fn revoke_grant(&self, pack: &PackId, capability: Option<Capability>) -> Answer {
        let pack = pack.clone();
        let revoked = move |setup: Arc<Setup>| async move {
            match asked::one(&setup, pack.as_str()).await {
                // A pack that was removed may still be granted something.
                Err(trouble) if trouble.code == "unknown-pack" && capability.is_none() => {
                    grants::forget(&setup, pack.as_str(), trouble).await.map(|()| None)
                }
                asking => grants::revoke(&setup, &asking?, capability).await.map(Some),
            }
        };
        self.apart(|setup| async move {
            match revoked(Arc::clone(&setup)).await.map_err(fault)? {
                Some(granted) => told(&One::of(&granted)),
                None => told(&serde_json::Value::Null),
            }
        })
        .await
    }
}

impl Door {
    /// Work that may wait for a lock, on a thread of its own.
    pub(super) async fn apart<F>(&self, work: impl FnOnce(Arc<Setup>) -> F + Send) -> Answer
    where
        F: Future<Output = Answer> + Send + 'static,
    {
        let work = work(Arc::clone(&self.setup));
        let runtime = tokio::runtime::Handle::current();
        tokio::task::spawn_blocking(move || runtime.block_on(work)).await.map_err(Fault::internal)?
    }
}

fn shown(granted: Result<asked::Granted>) -> Answer {
    told(&One::of(&granted.map_err(fault)?))
}

/// As the command line has them: `llm.usd/day=0.50`.
fn amounts(changes: &GrantChanges) -> Vec<String> {
    let of_amount = |GrantedAmount { capability, amount, period, granted }: &GrantedAmount| {
        let period = period.as_ref().map(|period| format!("/{period}")).unwrap_or_default();
        let quantity = if amount == "usd" { usd(*granted) } else { granted.to_string() };
        format!("{}.{amount}{period}={quantity}", capability.name())
    };
    let of_tweets = [("links", changes.links), ("mentions", changes.mentions)];
    let of_tweets = of_tweets.into_iter().filter_map(|(key, word)| Some(format!("tweet.{key}={}", word?)));
    changes.items.iter().map(of_amount).chain(of_tweets).collect()
}

fn terms(changes: &GrantChanges) -> GrantTerms {
    GrantTerms {
        mode: changes.mode.map(str::to_owned),
        agents: changes.agents.iter().flatten().map(AgentId::to_string).collect(),
        expires: changes.expires_at.map(|at| at.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_said_as_on_the_command_line() {
        let of = |amount: &str, period: Option<&str>, granted| GrantedAmount {
            capability: Capability::Llm,
            amount: amount.to_owned(),
            period: period.map(str::to_owned),
            granted,
        };
        let items = vec![of("usd", Some("day"), 500_000), of("tokens", None, 7)];
        let changes = GrantChanges { items, links: Some("strip"), ..GrantChanges::default() };
        assert_eq!(amounts(&changes), ["llm.usd/day=0.5", "llm.tokens=7", "tweet.links=strip"]);
    }
}
