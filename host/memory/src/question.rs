//! The vector of a recall's question. There may be none: without money, or a model that answers in time, a recall
//! goes by words, importance and recency alone. It never fails for want of a vector.

use std::time::Duration;

use puppet_grants::{Charge, Failure, Used};
use puppet_store::Vector;
use puppet_types::{AgentId, CallError, Code};

use crate::{
    embedding::hashed_vector,
    model::NOTHING,
    recall::{Method, Query, Recaller},
};

/// Longest wait for the vector of a question; also no longer than half of what is left to its invocation.
pub const QUESTION_WAIT: Duration = Duration::from_secs(10);

/// Whether a question may be embedded, and how long.
pub(crate) struct Means {
    /// Why it may not.
    pub funds: Result<(), CallError>,
    /// What is left to the invocation.
    pub left: Option<Duration>,
}

impl Means {
    /// Outside an invocation.
    pub const FREE: Self = Self { funds: Ok(()), left: None };
}

impl Recaller {
    /// The vector of a question where it needs one and can have it, and what that took; what is not named there is
    /// not known.
    pub(crate) async fn vector_of(
        &self,
        agent: &AgentId,
        query: &Query,
        means: Means,
    ) -> (Option<Vector>, Vec<Charge>) {
        if query.method == Method::Keyword {
            return (None, NOTHING.to_vec());
        }
        let Some((embedder, model)) = &self.embedder else {
            return (Some(hashed_vector(&query.text)), Vec::new());
        };
        let without = |reason: &CallError, used: &[Charge]| {
            tracing::warn!(%agent, %reason, "a recall goes without likeness: its question has no vector");
            (None, used.to_vec())
        };
        if let Err(why) = means.funds {
            return without(&why, &NOTHING);
        }
        let wait = means.left.map_or(QUESTION_WAIT, |left| QUESTION_WAIT.min(left / 2));
        let texts = [query.text.clone()];
        match tokio::time::timeout(wait, embedder.embed(&texts)).await {
            Ok(Ok(answer)) => match answer.value.into_iter().next() {
                Some(numbers) => (Some(Vector { model: model.clone(), numbers }), answer.used),
                None => without(&CallError::new(Code::ProviderUnavailable, "the answer is empty"), &answer.used),
            },
            Ok(Err(Failure { error, used })) => match used {
                Used::Nothing => without(&error, &NOTHING),
                Used::Told(used) => without(&error, &used),
                Used::Unknown => without(&error, &[]),
            },
            // It may have been answered, and billed, after all.
            Err(_) => without(&CallError::new(Code::Timeout, "no answer in time"), &[]),
        }
    }
}
