//! Rights written down as data: operations, amounts and kinds of events per capability. A replay makes rights of them
//! again: what a plugin was told may depend on them.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use puppet_types::{AgentId, Capability, PackId};
use serde::{Deserialize, Serialize};

use crate::{Amount, Ledger, Request, Requests, Right, Rights, Web};

/// The right to one capability.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Granted {
    /// Names of functions.
    pub operations: BTreeSet<String>,
    /// The least of the budgets that count it, by key (`posts/hour`); dollars in millionths.
    pub amounts: BTreeMap<String, u64>,
    /// Kinds of events beyond the pack's own.
    pub kinds: BTreeSet<String>,
    /// What it may reach of the web; left out where that is nothing.
    #[serde(default, skip_serializing_if = "Web::is_empty")]
    pub web: Web,
}

impl Granted {
    fn of(right: &Right) -> Self {
        let operations = right.operations().iter().map(|name| (*name).to_owned()).collect();
        let mut amounts = BTreeMap::new();
        for (amount, period, limit) in right.limits() {
            let least = amounts.entry(amount.key(period)).or_insert(limit);
            *least = limit.min(*least);
        }
        Self { operations, amounts, kinds: right.kinds().clone(), web: right.web().clone() }
    }

    fn as_request(&self) -> Request {
        // A key that is none any more counts nothing here.
        let amount = |(key, limit): (&String, &u64)| Some((Amount::parse_key(key).ok()?, *limit));
        Request {
            operations: self.operations.clone(),
            amounts: self.amounts.iter().filter_map(amount).collect(),
            kinds: self.kinds.clone(),
            web: self.web.clone(),
            ..Request::default()
        }
    }
}

impl Rights {
    /// As data.
    pub fn granted_all(&self) -> BTreeMap<Capability, Granted> {
        let right = |capability| Some((capability, Granted::of(self.get(capability)?)));
        self.capabilities().filter_map(right).collect()
    }

    /// And back, for a pack and an agent, on counters of their own.
    pub fn of_granted(granted: &BTreeMap<Capability, Granted>, pack: &PackId, agent: &AgentId) -> Self {
        // A request that names no operation asks for all of them.
        let some = granted.iter().filter(|(_, granted)| !granted.operations.is_empty());
        let requests: Requests = some.map(|(capability, granted)| (*capability, granted.as_request())).collect();
        Self::from_requests(&requests, pack, agent, &Arc::new(Ledger::default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Period;

    #[test]
    fn rights_read_back_from_what_was_written_of_them() {
        let request = Request {
            operations: ["post".to_owned()].into(),
            amounts: [((Amount::Posts, Period::Hour), 2)].into(),
            ..Request::default()
        };
        let events = Request { kinds: ["weather.rain".to_owned()].into(), ..Request::default() };
        let requests = [(Capability::Tweet, request), (Capability::Events, events)].into();
        let (pack, agent) = ("p".into(), "a".into());
        let rights = Rights::from_requests(&requests, &pack, &agent, &Arc::new(Ledger::default()));
        let written = rights.granted_all();
        let tweet = &written[&Capability::Tweet];
        assert_eq!((&tweet.operations, tweet.amounts["posts/hour"]), (&["post".to_owned()].into(), 2));
        let text = serde_json::to_string(&written).unwrap();
        let read: BTreeMap<Capability, Granted> = serde_json::from_str(&text).unwrap();
        let back = Rights::of_granted(&read, &pack, &agent);
        assert_eq!(back.granted_all(), written);
        assert!(back.get(Capability::Events).unwrap().kinds().contains("weather.rain"));
        let nothing = [(Capability::Tweet, Granted::default())].into();
        assert!(Rights::of_granted(&nothing, &pack, &agent).get(Capability::Tweet).is_none());
    }
}
