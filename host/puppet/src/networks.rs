//! Where effects go: X, signed as the configuration says, or nowhere but to the local timeline.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use futures::StreamExt as _;
use puppet_packs::{Installed, SecretsFile};
use puppet_tweet::{OAuth1Keys, OAuth2, OAuthApp, X, XSettings, XSetupError, XSign};
use puppet_types::{AccountId, Secret, Timestamp};

use crate::{
    assets::Assets,
    bill,
    config::{Config, TweetProvider, XAccount, XApp, XKey, XSigns},
    credentials, emulated,
    output::Output,
    rows::Rows,
    setup::Setup,
    tokens::Tokens,
    trouble::{Result, Trouble},
};

/// Accounts that X is asked about at the same time.
const ASKED_AT_ONCE: usize = 16;

/// X, where the configuration names it. An account whose keys are not set is left out and said.
pub async fn x(setup: &Setup, secrets: &SecretsFile, store: &Rows, out: Output) -> Result<Option<Arc<X>>> {
    if setup.config.tweet.provider != TweetProvider::X {
        return Ok(None);
    }
    let mut accounts = BTreeMap::new();
    for (name, account) in &setup.config.tweet.x.accounts {
        match signs((setup, secrets), name, account)? {
            Ok(sign) => drop(accounts.insert(AccountId::new(name), sign)),
            Err(wanted) => out.note(format!("nothing is posted as @{name}: {wanted} is not set")),
        }
    }
    let mut apps = BTreeMap::new();
    for (name, app) in &setup.config.tweet.x.apps {
        match bearer((setup, secrets), app)? {
            Some(Ok(bearer)) => drop(apps.insert(name.clone(), bearer)),
            Some(Err(wanted)) => out.note(format!("nothing is read with the app `{name}`: {wanted} is not set")),
            None => {}
        }
    }
    whole(made(setup, accounts, apps)?, setup, store).await.map(Some)
}

/// With the images of packs, with what posts of each account carry beside their text, and with what was charged before.
async fn whole(x: X, setup: &Setup, store: &Rows) -> Result<Arc<X>> {
    let settings = &setup.config.tweet.x;
    let kept = bill::kept(store, Timestamp::from_system(), settings.plan.renews_on).await?;
    let images = Assets { installed: Installed::at(&setup.data), store: store.shared() };
    let of_accounts = setup.config.tweet.x.accounts.iter();
    let manners = of_accounts.map(|(name, account)| (AccountId::new(name), account.manner())).collect();
    let x = x.with_images(Arc::new(images)).with_manners(manners).with_apps(&settings.apps_of_accounts());
    let x = x.with_bill(settings.prices.0, kept);
    x.set_caps(settings.plan.caps);
    Ok(Arc::new(x))
}

/// The emulated X: whoever comes with the token of a name is that account.
///
/// # Errors
/// Its address cannot be used, or what was charged cannot be read.
pub async fn emulated(setup: &Setup, store: &Rows, handles: impl Iterator<Item = &str>) -> Result<Arc<X>> {
    let accounts = handles.map(|handle| (AccountId::new(handle), XSign::Token(emulated::secret(handle)))).collect();
    let apps = BTreeMap::from([("emulated".to_owned(), emulated::secret("app-bearer"))]);
    whole(made(setup, accounts, apps)?, setup, store).await
}

/// X with these accounts and apps.
///
/// # Errors
/// The address, or what one of them signs with, cannot be used.
pub fn made(setup: &Setup, accounts: BTreeMap<AccountId, XSign>, apps: BTreeMap<String, Secret>) -> Result<X> {
    let x = &setup.config.tweet.x;
    let settings = XSettings {
        endpoint: x.endpoint.clone(),
        timeout: Duration::from_millis(x.timeout_ms),
        settle: Duration::from_millis(x.settle_ms),
        renews_on: x.plan.renews_on,
        accounts,
        apps,
    };
    X::new(settings).map_err(|error| of_setup(setup, &error))
}

/// Why X cannot be used, at its place in the configuration.
pub fn of_setup(setup: &Setup, error: &XSetupError) -> Trouble {
    let as_shown = "put it there as X shows it, on one line";
    let (key, remedy) = match error {
        XSetupError::BadToken(account) => (format!("tweet.x.accounts.{account}"), as_shown),
        XSetupError::BadBearer(app) => (format!("tweet.x.apps.{app}"), as_shown),
        _ => ("tweet.x.endpoint".to_owned(), "leave it out for X itself, or name what `puppet emulate` prints"),
    };
    setup.config.bad_value(&key, error.to_string(), remedy)
}

/// The place of what is not set, for people.
type Wanted = String;

/// How an account signs, or what it lacks for that.
pub fn signs(
    (setup, secrets): (&Setup, &SecretsFile),
    name: &str,
    account: &XAccount,
) -> Result<std::result::Result<XSign, Wanted>> {
    let value = |key: &XKey| value((setup, secrets), key);
    let app = setup.config.tweet.x.app_of(account);
    Ok(match (&account.signs, app) {
        (XSigns::Token(token), _) => value(token)?.map(XSign::Token),
        (XSigns::OAuth1(token, token_secret), Some((_, XApp { consumer: Some((key, secret)), .. }))) => {
            let keys = [value(key)?, value(secret)?, value(token)?, value(token_secret)?];
            keys.into_iter().collect::<std::result::Result<Vec<_>, _>>().and_then(|keys| {
                let [consumer_key, consumer_secret, token, token_secret] =
                    <[Secret; 4]>::try_from(keys).map_err(|_| "one of its keys".to_owned())?;
                Ok(XSign::OAuth1(OAuth1Keys { consumer_key, consumer_secret, token, token_secret }))
            })
        }
        (XSigns::OAuth2, Some((_, app))) => match of_app((setup, secrets), app)? {
            Ok(app) => Ok(XSign::OAuth2(OAuth2 { app, store: Arc::new(Tokens::of(setup, name)?) })),
            Err(wanted) => Err(wanted),
        },
        // The configuration was refused where an account has no app.
        (XSigns::OAuth1(..) | XSigns::OAuth2, _) => Err("its app".to_owned()),
    })
}

/// An app as the token endpoint knows it, or what it lacks.
pub fn of_app((setup, secrets): (&Setup, &SecretsFile), app: &XApp) -> Result<std::result::Result<OAuthApp, Wanted>> {
    let Some(id) = app.client_id.clone() else { return Ok(Err("client_id".to_owned())) };
    let secret = app.client_secret.as_ref().map(|key| value((setup, secrets), key)).transpose()?;
    Ok(secret.transpose().map(|secret| OAuthApp { id, secret }))
}

/// The bearer token of an app, or what it lacks; none where it is to have none.
pub fn bearer(
    (setup, secrets): (&Setup, &SecretsFile),
    app: &XApp,
) -> Result<Option<std::result::Result<Secret, Wanted>>> {
    app.bearer.as_ref().map(|bearer| value((setup, secrets), bearer)).transpose()
}

fn value((setup, secrets): (&Setup, &SecretsFile), key: &XKey) -> Result<std::result::Result<Secret, Wanted>> {
    let (value, wanted) = credentials::of_source(setup, secrets, &key.source, key.value.as_ref())?;
    Ok(value.ok_or(wanted))
}

/// Asks X whose signature each account's is, and whether it takes the tokens of the apps, and says which it does not take and
/// why. The others are not waited for.
pub async fn ask(x: Arc<X>, out: Output) {
    let accounts = futures::stream::iter(x.accounts());
    let each = accounts.for_each_concurrent(ASKED_AT_ONCE, |account| {
        let x = Arc::clone(&x);
        async move {
            if let Err(fault) = x.check(&account).await {
                let what = if fault.is_lasting() { "posts nothing" } else { "may post nothing" };
                out.note(format!("@{account} {what}: {fault}: {}", fault.remedy(account.as_str())));
            }
        }
    });
    each.await;
    for (app, checked) in x.check_apps().await {
        if let Err(fault) = checked {
            let what = if fault.is_lasting() { "reads nothing" } else { "may read nothing" };
            out.note(format!("the app `{app}` {what}: {fault}: {}", fault.remedy_of_app(&app)));
        }
    }
}

/// What is wrong for an agent that would post as this account; none where it has a token, and where the configuration names it:
/// what that lacks was said.
pub fn without_token(x: &X, config: &Config, agent: &str, handle: &str) -> Option<String> {
    let is_named = config.tweet.x.accounts.keys().any(|name| name.eq_ignore_ascii_case(handle));
    (!is_named && !x.knows(&AccountId::new(handle))).then(|| {
        format!("{agent} posts as @{handle}, which has no token for X: name it in [tweet.x.accounts.{handle}]")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_that_is_named_is_not_asked_to_be_named() {
        let here = tempfile::tempdir().unwrap();
        let file = here.path().join("puppet.toml");
        std::fs::write(&file, "[tweet]\nprovider = \"x\"\n[tweet.x.accounts.ember]\ntoken_env = \"NOT_SET\"\n")
            .unwrap();
        let config = Config::of_process(Some(&file)).unwrap().0;
        let accounts = BTreeMap::from([(AccountId::new("moss"), XSign::Token(emulated::secret("moss")))]);
        let settings = XSettings {
            endpoint: "http://127.0.0.1:1".to_owned(),
            timeout: Duration::from_secs(1),
            settle: Duration::ZERO,
            renews_on: 1,
            accounts,
            apps: BTreeMap::new(),
        };
        let x = X::new(settings).unwrap();
        let of = |handle| without_token(&x, &config, "agent", handle);
        assert_eq!((of("Ember"), of("moss")), (None, None));
        let told = of("lone").unwrap();
        assert_eq!(told, "agent posts as @lone, which has no token for X: name it in [tweet.x.accounts.lone]");
    }
}
