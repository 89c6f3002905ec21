//! Who writes for whom: the model that an agent asks for or the default, and after it those that are asked where it
//! cannot answer.

use std::collections::{BTreeMap, BTreeSet};

use puppet_llm::{Llm, Offline, route::Link};
use puppet_types::AgentId;

use crate::config::{self, Routing};

/// See the head of this file.
#[derive(Clone)]
pub struct Routes {
    links: BTreeMap<String, Link>,
    default: String,
    routing: Routing,
}

impl Routes {
    /// Over these, which hold `offline` too.
    pub fn new(links: BTreeMap<String, Link>, config: &config::Llm) -> Self {
        Self { links, default: config.default.clone(), routing: config.routing.clone() }
    }

    /// The one that needs nothing, for everybody.
    pub fn offline() -> Self {
        let links = BTreeMap::from([(config::Llm::OFFLINE.to_owned(), offline())]);
        Self::new(links, &config::Llm::default())
    }

    /// Names of all that can be used.
    pub fn names(&self) -> BTreeSet<String> {
        self.links.keys().cloned().collect()
    }

    /// The one of everybody who asks for none.
    pub fn default_link(&self) -> Option<&Link> {
        self.links.get(&self.default)
    }

    /// One for everybody.
    pub fn only(link: Link) -> Self {
        let config = config::Llm { default: link.name.clone(), ..config::Llm::default() };
        Self::new(BTreeMap::from([(link.name.clone(), link)]), &config)
    }

    /// The way of an agent: what it asks for where that can be used, else the default; then whoever else is configured
    /// and can be used, each once.
    pub fn of_agent(&self, agent: &AgentId, wanted: Option<&str>) -> Option<Llm> {
        let first = wanted.and_then(|name| self.links.get(name)).or_else(|| self.links.get(&self.default))?;
        let mut others: Vec<Link> = Vec::new();
        for link in self.routing.after(agent.as_str()).iter().filter_map(|name| self.links.get(name)) {
            if link.name != first.name && others.iter().all(|other| other.name != link.name) {
                others.push(link.clone());
            }
        }
        Some(Llm::chain(first.clone(), others))
    }

    /// Agents that the configuration names and that are not here, as lines for people.
    pub fn unknown<'a>(&'a self, here: &'a BTreeSet<AgentId>) -> impl Iterator<Item = String> + 'a {
        self.routing.unknown(here)
    }
}

/// The model that needs nothing.
pub fn offline() -> Link {
    let name = config::Llm::OFFLINE.to_owned();
    Link { name, provider: std::sync::Arc::new(Offline), terms: Offline::terms() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn routes(default: &str, fallback: &[&str], ember: Option<&[&str]>) -> Routes {
        let names = |list: &[&str]| list.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let mut config = config::Llm { default: default.to_owned(), ..config::Llm::default() };
        config.routing.fallback = names(fallback);
        config.routing.agents.extend(ember.map(|list| ("ember".to_owned(), names(list))));
        let of = |name: &str| {
            let mut link = offline();
            link.name = name.to_owned();
            link.terms.model = name.to_owned();
            (name.to_owned(), link)
        };
        Routes::new(["offline", "near", "far"].map(of).into(), &config)
    }

    /// Who is asked for an agent, in order.
    fn way(routes: &Routes, agent: &str, wanted: Option<&str>) -> Vec<String> {
        let llm = routes.of_agent(&AgentId::new(agent), wanted).unwrap();
        llm.models().map(str::to_owned).collect()
    }

    #[test]
    fn an_agent_is_written_for_by_what_it_asks_for_and_then_by_whoever_is_configured() {
        let all = routes("far", &["near", "gone", "far", "near", "offline"], Some(&["offline"]));
        assert_eq!(way(&all, "iris", None), ["far", "near", "offline"]);
        assert_eq!(way(&all, "iris", Some("near")), ["near", "far", "offline"]);
        assert_eq!(way(&all, "iris", Some("gone")), ["far", "near", "offline"], "the default is in its place");
        assert_eq!(way(&all, "ember", None), ["far", "offline"]);
        assert_eq!(way(&routes("far", &["offline"], Some(&[])), "ember", None), ["far"]);
        assert_eq!(way(&Routes::offline(), "iris", Some("far")), ["offline"]);
        let here = [AgentId::new("iris")].into();
        assert_eq!(all.unknown(&here).count(), 1, "nobody is called ember here");
    }
}
