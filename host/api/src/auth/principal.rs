//! Who asks: a key, a session or, where that is open, a client of the original. Handlers take it as an argument.

use std::{collections::BTreeSet, sync::Arc};

use axum::{extract::FromRequestParts, http::request::Parts};
use puppet_types::AgentId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::fault::{Fault, Result};

/// What somebody may do. Each may do what those before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Look.
    Viewer,
    /// Speak for agents, stop and start them.
    Operator,
    /// Install, grant, configure, make keys.
    Admin,
}

impl Role {
    /// All, the least first.
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Operator, Self::Admin];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }

    /// By name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }
}

/// How somebody showed who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PrincipalKind {
    /// With a key.
    Key,
    /// With the cookie of a session.
    Session,
    /// Not at all: a client of the original, where that is open.
    Legacy,
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// The id of the key, also where a session was begun with it; `legacy:<address>`.
    pub id: String,
    /// How they showed it.
    pub kind: PrincipalKind,
    /// The name that the key was given.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// To whom it is bound; none: to nobody, everything is seen.
    pub agents: Option<Arc<BTreeSet<AgentId>>>,
    /// The session, where there is one.
    pub session: Option<Arc<str>>,
}

impl Principal {
    /// Whether this agent exists for them.
    pub fn sees(&self, agent: &AgentId) -> bool {
        self.agents.as_ref().is_none_or(|agents| agents.contains(agent))
    }

    /// The agents that they are bound to, as the store is asked for rows; none: everybody's.
    pub fn among(&self) -> Option<BTreeSet<AgentId>> {
        self.agents.as_deref().cloned()
    }

    /// Whether they are bound to some agents.
    pub fn is_scoped(&self) -> bool {
        self.agents.is_some()
    }

    /// Refuses an agent that does not exist for them, in the words for one that does not exist at all.
    ///
    /// # Errors
    /// 404 `unknown-agent`.
    pub fn must_see(&self, agent: &AgentId) -> Result<()> {
        if self.sees(agent) { Ok(()) } else { Err(Fault::unknown_agent(agent)) }
    }
}

impl<S: Sync> FromRequestParts<S> for Principal {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| Fault::internal("a route for anyone asks who asks"))
    }
}
