//! What is asked to change of a grant, read into what the operation takes: a word that is none is refused before anybody looks.

use puppet_types::{AgentId, Capability, Timestamp};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    fault::{Fault, Result},
    operations::{GrantChanges, GrantedAmount},
    shape,
};

/// One amount, as the items of a grant have it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = GrantedAmount)]
struct Item {
    /// `llm`, `tweet`, …
    #[schema(value_type = shape::CapabilityName)]
    capability: String,
    /// `tokens`, `usd`, `posts`, …
    #[schema(pattern = "^[a-z_]+$")]
    amount: String,
    /// `hour` or `day`; null for what there may be at once.
    period: Option<Period>,
    /// So much in the item's `unit`: `usd` in millionths of a dollar.
    granted: u64,
}

#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = GrantPeriod)]
enum Period {
    Hour,
    Day,
}

#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = GrantLinks)]
enum Links {
    Allow,
    Strip,
    Refuse,
}

impl Links {
    const fn name(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Strip => "strip",
            Self::Refuse => "refuse",
        }
    }
}

#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = GrantMode)]
enum Mode {
    Live,
    Approve,
    DryRun,
}

impl Mode {
    const fn name(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Approve => "approve",
            Self::DryRun => "dry-run",
        }
    }
}

/// What is to change; what is not named stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = GrantChanges)]
pub(super) struct Changes {
    /// Amounts.
    #[serde(default)]
    items: Vec<Item>,
    /// What becomes of links in its texts.
    links: Option<Links>,
    /// Of names with `@`.
    mentions: Option<Links>,
    /// Whether its decisions leave.
    mode: Option<Mode>,
    /// For these agents alone.
    #[schema(min_items = 1, value_type = Option<Vec<shape::AgentId>>)]
    agents: Option<Vec<String>>,
    /// When it ends, RFC 3339.
    #[schema(format = DateTime)]
    expires_at: Option<String>,
}

impl Changes {
    /// As the operation takes it.
    pub(super) fn read(self) -> Result<GrantChanges> {
        let bad =
            |field: &str, message: String, remedy: &str| Fault::input("bad-value", message, remedy).of_field(field);
        let item = |Item { capability, amount, period, granted }: Item| {
            let message = format!("`{capability}` is no capability");
            let capability =
                Capability::parse(&capability).ok_or_else(|| bad("items", message, "take one of the grant's items"))?;
            let is_word = !amount.is_empty() && amount.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
            if !is_word {
                return Err(bad("items", format!("`{amount}` is no amount"), "take one of the grant's items"));
            }
            let period = period.map(|period| match period {
                Period::Hour => "hour".to_owned(),
                Period::Day => "day".to_owned(),
            });
            Ok(GrantedAmount { capability, amount, period, granted })
        };
        let agents = self.agents.map(|agents| {
            if agents.is_empty() {
                return Err(bad("agents", "it is for nobody".to_owned(), "name agents, or leave it out"));
            }
            let agent = |id: String| {
                let not = |_| bad("agents", format!("`{id}` is no id of an agent"), "use ids of `GET /api/v1/agents`");
                AgentId::parse(&id).map_err(not)
            };
            agents.into_iter().map(agent).collect::<Result<Vec<_>>>()
        });
        let expires_at = self.expires_at.map(|at| {
            let remedy = "write a time like 2027-01-31T00:00:00Z";
            Timestamp::parse(&at).ok_or_else(|| bad("expires_at", "it is no time".to_owned(), remedy))
        });
        let changes = GrantChanges {
            items: self.items.into_iter().map(item).collect::<Result<_>>()?,
            links: self.links.map(Links::name),
            mentions: self.mentions.map(Links::name),
            mode: self.mode.map(Mode::name),
            agents: agents.transpose()?,
            expires_at: expires_at.transpose()?,
        };
        if changes == GrantChanges::default() {
            return Err(Fault::input("bad-value", "nothing is to be changed", "name what is to change"));
        }
        Ok(changes)
    }
}
