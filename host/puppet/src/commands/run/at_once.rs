//! The settings that a running host takes up when `puppet.toml` changes; all others hold from the next start.

use puppet_engine::{OutboxRules, swap::SwapRules};
use puppet_tweet::{
    X,
    caps::{Cap, Caps},
    policy::PostingRules,
};

use crate::{config::Config, swaps::Swaps};

/// What of a configuration holds at once.
#[derive(Debug, PartialEq)]
pub struct AtOnce {
    swap: SwapRules,
    outbox: OutboxRules,
    posting: PostingRules,
    caps: Caps,
}

impl AtOnce {
    /// Of this configuration.
    pub fn of(config: &Config) -> Self {
        Self {
            swap: config.swap.clone(),
            outbox: config.outbox.clone(),
            posting: config.tweet.posting_rules(),
            caps: config.tweet.x.plan.caps,
        }
    }

    /// It holds from now on.
    pub fn hold(self, swaps: &Swaps, x: Option<&X>) {
        let host = &swaps.context().host;
        swaps.context().set_rules(self.swap);
        host.set_outbox_rules(self.outbox);
        // Where posts go is settled at the start: on the local timeline they hold for dry runs alone.
        if host.posting_rules().is_some() {
            host.set_posting_rules(Some(self.posting.clone()));
        }
        host.set_rehearsal_rules(self.posting);
        if x.is_some_and(|x| x.set_caps(self.caps)) {
            host.caps_changed();
        }
    }
}

/// Rules of X and of the operator for what is posted there, and caps of the plan.
fn is_of_posting(key: &str) -> bool {
    let of_plan = ["name", "summoned_replies_only", "no_quotes", "no_likes", "one_cashtag"];
    let is_of_plan = |key: &str| of_plan.contains(&key) || Cap::ALL.iter().any(|cap| cap.name() == key);
    let is_of_account = |rest: &str| rest.split_once('.').is_some_and(|(_, key)| key.starts_with("policy."));
    key.starts_with("tweet.policy.")
        || key.strip_prefix("tweet.x.plan.").is_some_and(is_of_plan)
        || key.strip_prefix("tweet.x.accounts.").is_some_and(is_of_account)
}

/// Whether a setting is part of [`AtOnce`].
pub fn is_at_once(key: &str) -> bool {
    key.starts_with("swap.") || key.starts_with("outbox.") || is_of_posting(key)
}

/// Of no use to a running host: a command reads it when it is needed.
pub fn is_of_commands(key: &str) -> bool {
    key.starts_with("tweet.x.apps.") && key.ends_with(".redirect")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{
        fields::{FIELDS, Field},
        of_file,
    };

    /// Names that settings may refer to.
    const BASE: &str = "credentials.c.env = \"C\"\n\
                        llm.providers.far = { base_url = \"http://127.0.0.1:9/v1\", model = \"m\", embedding_model = \"e\", \
                        price = { prompt_usd_per_million = \"1\", completion_usd_per_million = \"1\" } }\n";

    fn read(more: &str) -> Config {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("puppet.toml");
        std::fs::write(&file, format!("{BASE}{more}")).unwrap();
        of_file(&file).unwrap_or_else(|trouble| panic!("{more}: {trouble}"))
    }

    /// Another value than the default, as the table of settings says what it holds.
    fn other(field: &Field) -> String {
        let of_many = |words: &str| {
            let all = words.split(", ").flat_map(|part| part.split(" or "));
            let other = all.map(str::trim).find(|word| *word != field.default);
            format!("\"{}\"", other.unwrap_or_default())
        };
        match field.holds {
            "true or false" => (field.default != "true").to_string(),
            "folder" | "path" => "\"elsewhere\"".to_owned(),
            "IANA name" => "\"Europe/Berlin\"".to_owned(),
            "name of a credential" => "\"c\"".to_owned(),
            "name of a provider"
            | "off, or the name of a provider other than offline"
            | "offline, or the name of a provider" => "\"far\"".to_owned(),
            "list of names of providers" => "[\"offline\"]".to_owned(),
            "list of paths" => "[\"event.payload.text\"]".to_owned(),
            "array of names" => "[\"ann\"]".to_owned(),
            "two times of the day" => "\"23:00-07:00\"".to_owned(),
            "bytes" => "1000000".to_owned(),
            "list of types" => "[\"text/html\"]".to_owned(),
            "list of host:port" => "[\"feeds.lan:8080\"]".to_owned(),
            "list of texts" => "[\"https://example.org\"]".to_owned(),
            "address and port" => "\"127.0.0.1:0\"".to_owned(),
            "http(s) address" | "address" => "\"http://127.0.0.1:9\"".to_owned(),
            holds if holds.starts_with("length of time") => "\"77s\"".to_owned(),
            holds if holds.starts_with("dollars") => "\"0.77\"".to_owned(),
            holds if holds.contains(" to ") => {
                let (least, most) = holds.split_once(" to ").unwrap();
                let default = field.default.parse().unwrap_or_else(|_| least.parse::<u64>().unwrap());
                let most = most.parse::<u64>().unwrap();
                if default < most { (default + 1).to_string() } else { (default - 1).to_string() }
            }
            holds if holds.contains(" or ") => of_many(holds),
            holds => panic!("say here what `{}` may be: it holds {holds}", field.key),
        }
    }

    /// One of each section of free names, whole.
    const NAMED: [&str; 9] = [
        "credentials.d.file = \"d\"",
        "llm.agents.ember.fallback = [\"offline\"]",
        "llm.providers.near = { base_url = \"http://127.0.0.1:8/v1\", model = \"n\", \
         price = { prompt_usd_per_million = \"1\", completion_usd_per_million = \"1\" } }",
        "tweet.x.apps.main = { client_id = \"abc\" }\ntweet.x.accounts.ann = { oauth2 = true, made_with_ai = true }",
        "tweet.x.accounts.ann = { token_credential = \"c\" }",
        "http.credentials.weather = { hosts = [\"a.test\"], key_credential = \"c\" }",
        "sandbox.limits.fuel = 1000000000",
        "trading.wallets.main = { key_credential = \"c\" }",
        "trading.jupiter.key_credential = \"c\"",
    ];

    /// Keys that differ, and whether what a host takes up at once does.
    fn changed(before: &Config, more: &str) -> (Vec<String>, bool) {
        let after = read(more);
        let (old, new) = (before.effective(), after.effective());
        let is_in = |all: &[crate::config::Setting], one: &crate::config::Setting| {
            all.iter().any(|other| (&other.key, &other.value) == (&one.key, &one.value))
        };
        let here = new.iter().filter(|one| !is_in(&old, one)).chain(old.iter().filter(|one| !is_in(&new, one)));
        let keys = here.map(|one| one.key.clone()).collect();
        (keys, AtOnce::of(before) != AtOnce::of(&after))
    }

    #[test]
    fn every_setting_is_told_as_it_is_taken_up() {
        let before = read("");
        let mut at_once = 0;
        for field in FIELDS.iter().filter(|field| !field.key.contains('<') && !field.key.starts_with("trading.")) {
            // Nobody posts on X without an account.
            let beside = match field.key {
                "tweet.provider" => "tweet.x.accounts.ann = { token_credential = \"c\" }\n",
                // Neither is worth anything alone.
                "api.tls.certificate" => "api.tls.key = \"key\"\n",
                "api.tls.key" => "api.tls.certificate = \"certificate\"\n",
                _ => "",
            };
            let more = format!("{} = {}\n{beside}", field.key, other(field));
            let (keys, is_taken_up) = changed(&before, &more);
            assert!(!keys.is_empty(), "{more} changes nothing that a host could see");
            for key in keys {
                assert_eq!(is_at_once(&key), is_taken_up, "{key}, by {more}");
                at_once += usize::from(is_taken_up);
            }
        }
        assert!(at_once > 30, "{at_once}");
        for more in NAMED {
            let (keys, is_taken_up) = changed(&before, &format!("{more}\n"));
            assert!(!keys.is_empty() && !is_taken_up, "{more}");
            assert!(!keys.iter().any(|key| is_at_once(key)), "{keys:?}");
        }
    }
}
