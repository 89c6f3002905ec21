//! Apps and accounts of X as they are read: whole, refused, and with what the environment adds.

use std::{collections::BTreeMap, fs};

use super::{
    super::{Config, Warning, load::load_in, overlay::Environment},
    *,
};
use crate::trouble::Result;

const KEY: &str = "xvz1evFS4wEEPTGEFPHBog-canary";

fn load(text: &str, env: &[(&str, &str)]) -> Result<(Config, Vec<Warning>)> {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("puppet.toml"), text).unwrap();
    let env: BTreeMap<&str, &str> = env.iter().copied().collect();
    let names = env.keys().map(ToString::to_string).collect();
    let get = |name: &str| env.get(name).map(ToString::to_string);
    load_in(dir.path(), None, &Environment { get: &get, names })
}

fn error(text: &str) -> String {
    let told = load(text, &[]).unwrap_err().to_string();
    assert!(!told.contains(KEY), "{told}");
    told
}

const APP: &str = "[tweet.x.apps.main]\nclient_id = \"abc\"\nconsumer_key_env = \"CK\"\nconsumer_secret_env = \"CS\"\n";

#[test]
fn each_account_signs_in_its_own_way() {
    let text = format!(
        "{APP}bearer_secret = \"x/main/bearer\"\nclient_secret_credential = \"c\"\n\
         [tweet.x.apps.other]\nclient_id = \"def\"\nredirect = \"http://127.0.0.1:9/back\"\n\
         [tweet.x.accounts.ada]\napp = \"main\"\naccess_token_env = \"AT\"\naccess_secret_secret = \"x/ada/secret\"\n\
         [tweet.x.accounts.bob]\napp = \"other\"\noauth2 = true\n[tweet.x.accounts.cat]\ntoken_env = \"T\"\n\
         [credentials]\nc = {{ env = \"C\" }}\n"
    );
    let (config, warnings) = load(&text, &[("CK", KEY), ("CS", "cs"), ("AT", KEY)]).unwrap();
    let x = &config.tweet.x;
    let app = |name: &str| x.app_of(&x.accounts[name]).map(|(name, _)| name);
    assert_eq!((app("ada"), app("bob"), app("cat")), (Some("main"), Some("other"), None));
    assert_eq!(x.accounts["bob"].signs, XSigns::OAuth2);
    assert_eq!(
        (x.apps["other"].redirect.as_str(), x.apps["main"].redirect.as_str()),
        ("http://127.0.0.1:9/back", REDIRECT)
    );
    // Each value is where its variable was named.
    let set: Vec<(&str, String)> =
        x.keys().iter().filter_map(|named| Some((named.what, named.key.value.as_ref()?.expose().to_owned()))).collect();
    assert_eq!(set, [("consumer_key", KEY.into()), ("consumer_secret", "cs".into()), ("access_token", KEY.into())]);
    let said: Vec<&str> =
        warnings.iter().map(|warning| warning.message.as_str()).filter(|m| m.contains("@cat")).collect();
    assert_eq!(said, ["the variable T is not set: nothing is posted as @cat"]);
    let shown = format!("{config:?} {}", serde_json::to_string(&config.effective()).unwrap());
    assert!(!shown.contains(KEY) && shown.contains("tweet.x.apps.main.client_id"), "{shown}");
}

#[test]
fn an_account_names_no_app_where_there_is_one() {
    let (config, _) = load(&format!("{APP}[tweet.x.accounts.ada]\noauth2 = true\n"), &[]).unwrap();
    let x = &config.tweet.x;
    assert_eq!(x.app_of(&x.accounts["ada"]).map(|(name, _)| name), Some("main"));
}

#[test]
fn nobody_goes_to_x_but_by_its_api() {
    let text =
        |provider: &str| format!("[tweet]\nprovider = \"{provider}\"\n[tweet.x.accounts.ada]\ntoken_env = \"T\"\n");
    for (provider, said, is_refused) in
        [("x", "false", true), ("x", "False", true), ("x", "true", false), ("x", "", false), ("local", "false", false)]
    {
        let read = load(&text(provider), &[("USE_TWITTER_API", said)]);
        assert_eq!(read.is_err(), is_refused, "{provider} {said}");
        if let Err(error) = read {
            assert!(error.to_string().contains("error[bad-variable]: USE_TWITTER_API: without X's API"), "{error}");
        }
    }
}

#[test]
fn what_cannot_sign_is_refused_by_name() {
    let ada = "[tweet.x.accounts.ada]\n";
    for (text, said) in [
        (ada.to_owned(), ":1: tweet.x.accounts.ada: names nothing to sign with"),
        (format!("{ada}token_env = \"T\"\noauth2 = true\n"), "tweet.x.accounts.ada: names more than one thing"),
        (format!("{APP}{ada}access_token_env = \"T\"\n"), "ada.access_secret: is not named, and access_token is"),
        (format!("{ada}oauth2 = true\n"), "ada.app: @ada signs in the name of an app, and there is none"),
        (
            format!("{APP}[tweet.x.apps.other]\nclient_id = \"i\"\n{ada}oauth2 = true\n"),
            "ada.app: there are 2 apps, and @ada does not say in whose name it signs\n  help: write app = \"main\" or app = \"other\" there",
        ),
        (
            format!("{APP}{ada}app = \"mian\"\noauth2 = true\n"),
            "ada.app: there is no app `mian`\n  help: did you mean `main`?",
        ),
        (
            format!("[tweet.x.apps.a]\nclient_id = \"i\"\n{ada}access_token_env = \"T\"\naccess_secret_env = \"S\"\n"),
            "signs by OAuth 1.0a, and [tweet.x.apps.a] has no consumer key",
        ),
        (
            format!("[tweet.x.apps.a]\nconsumer_key_env = \"K\"\nconsumer_secret_env = \"S\"\n{ada}oauth2 = true\n"),
            "signs by OAuth 2, and [tweet.x.apps.a] has no client id",
        ),
        (format!("{ada}username = \"ada\"\npassword = \"{KEY}\"\n"), "which X's terms forbid"),
        (format!("{ada}token = \"{KEY}\"\n"), "a token does not belong in this file"),
        (format!("{APP}{ada}access_token_env = \"T\"\naccess_token_secret = \"{KEY}\"\n"), "ada.access_token_secret"),
        (format!("[tweet.x.apps.a]\nconsumer_key = \"{KEY}\"\n"), "a key does not belong in this file"),
        (format!("[tweet.x.apps.a]\nconsumer_key_secret = \"{KEY}\"\n"), "expected the name of a secret"),
        ("[tweet.x.apps.a]\nredirect = \"callback\"\n".to_owned(), "apps.a.redirect: expected the redirect address"),
        ("[tweet.x.apps.\"a b\"]\n".to_owned(), "expected a name of letters, digits"),
        (
            format!("[tweet.x.apps.a]\nclient_id = \"i\"\nclient_secret_credential = \"c\"\n{ada}oauth2 = true\n"),
            "tweet.x.apps.a.client_secret_credential: there is no credential `c`",
        ),
    ] {
        let told = error(&text);
        assert!(told.contains(said), "{text}: {told}");
    }
}

#[test]
fn caps_of_a_plan_are_exact_and_absent_where_nothing_is_said() {
    let (config, _) = load("[tweet.x.plan]\nusd_per_day = \"2.50\"\nreads_per_month = 0\n", &[]).unwrap();
    let caps = config.tweet.x.plan.caps;
    assert_eq!((caps.usd_micros_per_day, caps.posts_per_month, caps.reads_per_month), (Some(2_500_000), None, Some(0)));
    let shown: Vec<String> = config.effective().into_iter().map(|row| format!("{}={}", row.key, row.value)).collect();
    assert!(shown.contains(&"tweet.x.plan.usd_per_day=2.5".to_owned()), "{shown:?}");
    assert!(!shown.iter().any(|row| row.contains("posts_per_month")), "{shown:?}");
    for (key, value, said) in [
        ("usd_per_day", "2.5", "dollars of a day as a text"),
        ("usd_per_day", "\"2.5000001\"", "dollars of a day as a text"),
        ("posts_per_month", "-1", "from 0 to 1000000000"),
    ] {
        let told = error(&format!("[tweet.x.plan]\n{key} = {value}\n"));
        assert!(told.contains(said), "{told}");
    }
}

#[test]
fn an_account_has_a_policy_of_its_own_key_by_key() {
    let text = "[tweet.policy]\ndeny = [\"eve\"]\nquiet_hours = \"23:00-07:00\"\nlinks = \"strip\"\nduplicate_days = 3\n\
         [tweet.x.accounts.Ada]\ntoken_env = \"T\"\n[tweet.x.accounts.Ada.policy]\ndeny = []\nquiet_hours = \"\"\n\
         mentions = \"refuse\"\n[tweet.x.accounts.bob]\ntoken_env = \"T\"\n";
    let (config, _) = load(text, &[]).unwrap();
    let rules = config.tweet.posting_rules();
    let [ada, bob] = ["ADA", "bob"].map(|name| rules.policy_of(&name.into()));
    assert_eq!(*bob, config.tweet.policy.rules());
    let expected = puppet_tweet::policy::Policy {
        deny: [].into(),
        quiet_hours: None,
        mentions: puppet_tweet::policy::Marks::Refuse,
        ..bob.clone()
    };
    assert_eq!((ada, ada.duplicate_days), (&expected, 3));
    let shown = config.effective();
    let value =
        |key: &str| shown.iter().find(|row| row.key == key).map(|row| (row.value.as_str(), row.origin.as_str()));
    let (mentions, origin) = value("tweet.x.accounts.Ada.policy.mentions").unwrap();
    assert!(mentions == "refuse" && origin.ends_with("puppet.toml:11"), "{origin}");
    assert_eq!(value("tweet.x.accounts.Ada.policy.links").map(|(value, _)| value), Some("strip"));
    assert_eq!(value("tweet.x.accounts.bob.policy.links"), None);
    for (policy, said) in [
        ("link = \"strip\"", "policy.link: `link` is not a key"),
        ("links = \"no\"", "policy.links: `no` is no such word"),
        ("quiet_hours = \"7-8\"", "or \"\" for none"),
    ] {
        let told =
            error(&format!("[tweet.x.accounts.ada]\ntoken_env = \"T\"\n[tweet.x.accounts.ada.policy]\n{policy}\n"));
        assert!(told.contains(said), "{told}");
    }
}
