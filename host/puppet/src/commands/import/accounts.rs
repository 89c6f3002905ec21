//! Keys for X that the original had: each set of four becomes an app and an account of `puppet.toml`, which name them where
//! they lie among the secrets. Whether anything is posted there is the operator's to say.

use puppet_packs::AgentSpec;
use toml_edit::Value;

use super::settings::Setting;

/// Whose the keys are that agents without their own posted with.
const DEFAULT: &str = "default";
/// What the original called the four of them, and their places here.
const FOUR: [(&str, Place, &str); 4] = [
    ("api_key", Place::App, "consumer_key_secret"),
    ("api_key_secret", Place::App, "consumer_secret_secret"),
    ("access_token", Place::Account, "access_token_secret"),
    ("access_token_secret", Place::Account, "access_secret_secret"),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    App,
    Account,
}

/// What comes of the keys.
#[derive(Default)]
pub struct Accounts {
    /// For `puppet.toml`.
    pub settings: Vec<Setting>,
    /// For people.
    pub notes: Vec<String>,
}

/// `has`: whether there is a secret of this name.
pub fn of<'a>(agents: impl Iterator<Item = &'a AgentSpec>, has: impl Fn(&str) -> bool) -> Accounts {
    let mut found = Accounts::default();
    let has_four = |whose: &str| FOUR.iter().all(|(name, ..)| has(&format!("x/{whose}/{name}")));
    let mut shared = Vec::new();
    for agent in agents {
        let (id, handle) = (agent.id.as_str(), agent.handle.as_str());
        if has_four(id) {
            found.app(id, &has, true);
            found.account(handle, id);
            continue;
        }
        shared.push(agent);
        if has(&format!("x/{id}/password")) {
            found.notes.push(format!(
                "{id} has a password for X and no keys: nobody signs in with one, since X's terms forbid to act there but \
                 by its API"
            ));
        }
    }
    let has_bearer = has(&format!("x/{DEFAULT}/bearer_token"));
    let has_default = has_four(DEFAULT);
    if has_bearer || has_default {
        found.app(DEFAULT, &has, has_default);
    }
    match shared.as_slice() {
        _ if !has_default => {}
        [] => {}
        [one] => found.account(one.handle.as_str(), DEFAULT),
        several => {
            let names = several.iter().map(|agent| agent.id.as_str()).collect::<Vec<_>>().join(", ");
            found.notes.push(format!(
                "{names} posted as one account with the keys of .env: write [tweet.x.accounts.HANDLE] for the one that is to \
                 go on with it (docs/migrate.md)"
            ));
        }
    }
    found
}

impl Accounts {
    fn app(&mut self, whose: &str, has: &impl Fn(&str) -> bool, has_keys: bool) {
        let bearer = format!("x/{whose}/bearer_token");
        if has(&bearer) {
            self.set(format!("tweet.x.apps.{whose}.bearer_secret"), &bearer);
        }
        if has_keys {
            self.keys(&format!("tweet.x.apps.{whose}"), Place::App, whose);
        }
    }

    fn account(&mut self, handle: &str, app: &str) {
        let section = format!("tweet.x.accounts.{handle}");
        self.set(format!("{section}.app"), app);
        self.keys(&section, Place::Account, app);
    }

    fn keys(&mut self, section: &str, place: Place, whose: &str) {
        for (name, _, key) in FOUR.iter().filter(|(_, of, _)| *of == place) {
            self.set(format!("{section}.{key}"), &format!("x/{whose}/{name}"));
        }
    }

    fn set(&mut self, key: String, value: &str) {
        let variable = "keys for X".to_owned();
        self.settings.push(Setting { key, value: Value::from(value), variable });
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::{commands::import::settings::Draft, config::Config};

    fn agent(id: &str) -> AgentSpec {
        let text = format!("{{\"id\": \"{id}\", \"name\": \"{id}\"}}");
        puppet_packs::import::agent_file(Path::new("a.json"), &text).unwrap().spec
    }

    fn four(whose: &str) -> Vec<String> {
        FOUR.iter().map(|(name, ..)| format!("x/{whose}/{name}")).collect()
    }

    fn made(agents: &[&str], secrets: &[String]) -> (Accounts, Config) {
        let agents: Vec<AgentSpec> = agents.iter().map(|id| agent(id)).collect();
        let found = of(agents.iter(), |name| secrets.iter().any(|secret| secret == name));
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("puppet.toml");
        Draft::of(&file, &found.settings, false).unwrap().save(&file).unwrap();
        let path = if file.exists() { Some(file.as_path()) } else { None::<&Path> };
        let (config, _) = Config::load(path, &|_| None).unwrap();
        (found, config)
    }

    #[test]
    fn keys_of_an_agent_become_an_app_and_an_account() {
        let secrets = [four("tide-clerk"), four("default"), vec!["x/default/bearer_token".to_owned()]].concat();
        let (found, config) = made(&["tide-clerk", "mill-owl"], &secrets);
        let x = &config.tweet.x;
        assert!(found.notes.is_empty(), "{:?}", found.notes);
        let app = |account: &str| x.app_of(&x.accounts[account]).unwrap().0.to_owned();
        assert_eq!((app("tide_clerk"), app("mill_owl")), ("tide-clerk".to_owned(), "default".to_owned()));
        assert!(x.apps["default"].bearer.is_some() && x.apps["tide-clerk"].consumer.is_some());
        // Going there is not decided by who comes along.
        assert_eq!(config.tweet.provider, crate::config::TweetProvider::Local);
    }

    #[test]
    fn what_several_shared_is_left_to_the_operator_and_three_keys_are_none() {
        let (found, config) = made(&["ada", "bob"], &four("default"));
        assert!(found.notes[0].starts_with("ada, bob posted as one account"), "{:?}", found.notes);
        assert!(config.tweet.x.accounts.is_empty() && config.tweet.x.apps["default"].consumer.is_some());
        let (found, config) = made(&["ada"], &[&four("ada")[..3], &["x/ada/password".to_owned()]].concat());
        assert!(config.tweet.x.apps.is_empty() && found.notes[0].contains("X's terms"), "{:?}", found.notes);
    }

    #[test]
    fn an_account_that_is_named_already_stays_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("puppet.toml");
        std::fs::write(&file, "[tweet.x.accounts.ada]\ntoken_env = \"T\"\n").unwrap();
        let secrets = four("ada");
        let found = of([agent("ada")].iter(), |name| secrets.iter().any(|secret| secret == name));
        for replace in [false, true] {
            let draft = Draft::of(&file, &found.settings, replace).unwrap();
            assert_eq!((draft.new.len(), draft.stay.len()), (2, 3), "the app is new, the account is not touched");
        }
    }
}
