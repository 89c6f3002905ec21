//! What a pack asks for beyond what it was granted, or beyond what another version asks for, in words.

use puppet_grants::{Amount, CEILINGS, Period};
use puppet_types::{Capability, Timestamp};

use super::{
    asked::{Asking, Item},
    words,
};
use crate::config::grants_file::{Granted as GrantedCapability, PackGrant};

/// What something is held against, as it is told.
#[derive(Clone, Copy)]
pub enum Before {
    /// What the operator granted.
    Granted,
    /// What another version requests.
    Requested,
}

impl Before {
    fn not(self) -> &'static str {
        match self {
            Self::Granted => "not granted",
            Self::Requested => "not requested before",
        }
    }
    fn so_much(self, amount: &str) -> String {
        match self {
            Self::Granted => format!("was granted {amount}"),
            Self::Requested => format!("requested {amount} before"),
        }
    }
    fn no_longer(self) -> &'static str {
        match self {
            Self::Granted => "granted, no longer asked for",
            Self::Requested => "requested before, no longer asked for",
        }
    }
}

/// What another version asks for beyond what this one asks for, and the other way.
pub fn between(old: &Asking, new: &Asking) -> (Vec<String>, Vec<String>) {
    let was = old.rights();
    let mut grant = PackGrant::of(&old.pack);
    for capability in was.capabilities() {
        let operations = CEILINGS.iter().find(|most| most.capability == capability);
        let operations = operations.into_iter().flat_map(|most| most.operations.iter());
        let may = |name: &&&str| was.get(capability).is_some_and(|right| right.allows(name));
        let lines = was.lines(Timestamp::default()).into_iter().filter(|line| line.key.capability == capability);
        let amounts = lines.map(|line| ((line.key.amount, line.key.period), line.limit)).collect();
        let operations = operations.filter(may).map(|name| (*name).to_owned()).collect();
        let web = was.get(capability).map(|right| right.web().clone()).unwrap_or_default();
        grant
            .capabilities
            .insert(capability, GrantedCapability { operations: Some(operations), amounts, web, ..Default::default() });
    }
    let (mut widened, narrowed) = new.compared(&grant, &new.items_under(&grant), Before::Requested);
    widened.extend(new.kinds_beyond(old));
    (widened, narrowed)
}

impl Asking {
    /// What it asks for beyond a grant, whatever that is bound to, and what it was granted beyond what it asks for.
    pub fn against(&self, grant: &PackGrant) -> (Vec<String>, Vec<String>) {
        self.compared(grant, &self.items_under(grant), Before::Granted)
    }

    /// Thing by thing, with what a grant leaves of it.
    fn items_under(&self, grant: &PackGrant) -> Vec<Item> {
        let mut left = self.requests.clone();
        left.retain(|capability, request| {
            let Some(granted) = grant.capabilities.get(capability) else { return false };
            request.web = request.web.both(&granted.web);
            request.cut(*capability, granted.operations.as_ref(), &granted.amounts)
        });
        self.items_of(&left)
    }

    /// Kinds of events that it may send, and the other may not.
    pub fn kinds_beyond(&self, other: &Self) -> Vec<String> {
        let kinds =
            |of: &Self| of.requests.get(&Capability::Events).map(|request| request.kinds.clone()).unwrap_or_default();
        let (mine, others) = (kinds(self), kinds(other));
        mine.difference(&others).map(|kind| format!("events: asks to send `{kind}`")).collect()
    }

    /// What is asked beyond a grant, and what is granted beyond what is asked.
    pub fn compared(&self, grant: &PackGrant, items: &[Item], before: Before) -> (Vec<String>, Vec<String>) {
        let mut widened = Vec::new();
        let rights = self.rights();
        for (capability, granted) in &grant.capabilities {
            if let Some(asked) = rights.get(*capability) {
                let beyond = asked.web().beyond(&granted.web).into_iter();
                widened
                    .extend(beyond.map(|what| format!("{capability}: asks for `{what}`, which was {}", before.not())));
            }
            let (Some(allowed), Some(asked)) = (&granted.operations, rights.get(*capability)) else { continue };
            let all = CEILINGS.iter().filter(|most| most.capability == *capability);
            let beyond = all
                .flat_map(|most| most.operations.iter())
                .filter(|name| asked.allows(name) && !allowed.contains(**name));
            widened.extend(beyond.map(|name| format!("{capability}: asks for `{name}`, which was {}", before.not())));
        }
        for item in items {
            let granted = Capability::parse(item.capability).and_then(|of| grant.capabilities.get(&of));
            let name = item.capability;
            match (granted, item.amount) {
                (None, ..) => widened.push(format!("{name}: asked for, {}", before.not())),
                (Some(_), Some(amount)) if item.requested.is_some_and(|asked| Some(asked) > item.granted) => {
                    let key = item.period.map_or_else(|| amount.to_owned(), |period| format!("{amount}/{period}"));
                    let [asked, has] = [item.requested, item.granted].map(|n| words::quantity(amount, n.unwrap_or(0)));
                    widened.push(format!("{name}.{key}: asks for {asked}, {}", before.so_much(&has)));
                }
                _ => {}
            }
        }
        widened.dedup();
        let mut narrowed = Vec::new();
        for (capability, granted) in &grant.capabilities {
            if !self.requests.contains_key(capability) {
                narrowed.push(format!("{capability}: {}", before.no_longer()));
                continue;
            }
            if let Some(asked) = rights.get(*capability) {
                let beyond = granted.web.beyond(asked.web()).into_iter();
                narrowed.extend(beyond.map(|what| format!("{capability} `{what}`: {}", before.no_longer())));
            }
            for ((amount, period), most) in &granted.amounts {
                let asked = items.iter().find(|item| is(item, *capability, *amount, *period));
                // What it does not ask for by itself is bounded, not granted.
                if let Some(asked) = asked.and_then(|item| item.requested).filter(|asked| most > asked) {
                    let key = format!("{capability}.{}", amount.key(*period));
                    let [most, asked] = [*most, asked].map(|n| words::quantity(amount.name(), n));
                    narrowed.push(format!("{key}: {}, asks for {asked}", before.so_much(&most)));
                }
            }
        }
        (widened, narrowed)
    }
}

fn is(item: &Item, capability: Capability, amount: Amount, period: Period) -> bool {
    item.capability == capability.name() && item.amount == Some(amount.name()) && item.period == period.name()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use puppet_packs::Pack;
    use puppet_sandbox::World;
    use puppet_types::Digest;

    use super::*;
    use crate::vetting::Runs;

    fn asking(requests: &str) -> Asking {
        let text = format!("id = \"lamp\"\nversion = \"0.1.0\"\ncomponent = \"lamp.wasm\"\n{requests}");
        let pack = Pack::from_texts(Path::new("lamp"), &text, None).unwrap();
        let runs = Runs {
            plugin: pack.manifest.id.clone(),
            world: World::Personality,
            component: Digest::of(b"lamp"),
            imports: Vec::new(),
            requests: pack.manifest.requests.clone(),
            declares: Vec::new(),
        };
        Asking::of_pack(&pack, &runs, Digest::of(b"pack"))
    }

    /// "may like up to 60 times an hour" is not what somebody is asked who looks at a pack that never likes.
    #[test]
    fn amounts_of_operations_that_are_not_asked_for_are_not_told() {
        let said = |capability: &str, operations: &str| {
            let pack = asking(&format!("[requests.{capability}]\noperations = [{operations}]\n"));
            pack.plain().join("; ")
        };
        assert_eq!(
            said("tweet", "\"post\", \"reply\", \"timeline\""),
            "may spend up to $5.00 a day on X; may post up to 12 times an hour; may post up to 100 times a day; may reply up to 60 times an hour"
        );
        assert_eq!(said("tweet", "\"timeline\""), "may read posts");
        assert_eq!(said("memory", "\"recent\", \"pin\""), "may use its agent's memory");
        let recalls = said("memory", "\"recall\"");
        assert!(recalls.starts_with("may have memories embedded") && !recalls.contains("keep"), "{recalls}");
        assert_eq!(said("schedule", "\"list\", \"cancel\""), "may look at its timers and cancel them");
        assert!(said("llm", "\"embed\"").contains("tokens a day"));
    }

    /// Nor are they where the operator granted other operations than those.
    #[test]
    fn amounts_of_operations_that_are_not_granted_are_not_told() {
        let pack = asking("[requests.tweet]\noperations = [\"post\", \"like\"]\n");
        let granted = asking("[requests.tweet]\noperations = [\"post\"]\n");
        let items = pack.items_of(&granted.requests);
        let amounts: Vec<Option<&str>> = items.iter().map(|item| item.amount).collect();
        assert_eq!(amounts, [Some("usd"), Some("posts"), Some("posts")]);
    }

    #[test]
    fn whatever_is_asked_for_beyond_is_told() {
        const POSTS: &str = "[requests.tweet]\noperations = [\"post\"]\namounts = { \"posts/hour\" = 2 }\n";
        let kinds = |kinds: &str| format!("[requests.events]\nkinds = [{kinds}]\n");
        // (old, new, more, less)
        let http = |hosts: &str| format!("[requests.http]\nhosts = [{hosts}]\n");
        let table: [(String, String, Vec<&str>, Vec<&str>); 8] = [
            (POSTS.into(), POSTS.into(), vec![], vec![]),
            (String::new(), POSTS.into(), vec!["tweet: asked for, not requested before"], vec![]),
            (POSTS.into(), String::new(), vec![], vec!["tweet: requested before, no longer asked for"]),
            (
                POSTS.into(),
                POSTS.replace("= 2", "= 3"),
                vec!["tweet.posts/hour: asks for 3, requested 2 before"],
                vec![],
            ),
            (
                POSTS.into(),
                POSTS.replace("[\"post\"]", "[\"post\", \"delete\"]"),
                vec!["tweet: asks for `delete`, which was not requested before"],
                vec![],
            ),
            (kinds("\"news\""), kinds("\"news\", \"alarm\""), vec!["events: asks to send `alarm`"], vec![]),
            (
                http("\"*.a.test\""),
                http("\"api.a.test\", \"b.test\"") + "methods = [\"GET\", \"POST\"]\ncredentials = [\"key\"]\n",
                vec![
                    "http: asks for `b.test`, which was not requested before",
                    "http: asks for `POST`, which was not requested before",
                    "http: asks for `credential key`, which was not requested before",
                ],
                vec!["http `*.a.test`: requested before, no longer asked for"],
            ),
            (http("\"*.a.test\""), http("\"*.a.test\""), vec![], vec![]),
        ];
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        for (old, new, more, less) in table {
            let (widened, narrowed) = between(&asking(&old), &asking(&new));
            assert_eq!((widened, narrowed), (owned(&more), owned(&less)), "{old}\n{new}");
        }
    }
}
