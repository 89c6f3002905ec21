//! An account is signed in, or out, while somebody listens: that is seen at once.

use std::sync::Mutex;

use async_trait::async_trait;
use puppet_store::HeardStore as _;
use puppet_types::{Secret, Timestamp};

use super::*;
use crate::{OAuth2, OAuthApp, SignInFault, TokenPair, TokenStore, X, XSettings, XSign, x::Listening};

/// Keeps a pair, or none.
#[derive(Default)]
struct Kept(Mutex<Option<TokenPair>>);

#[async_trait]
impl TokenStore for Kept {
    async fn hold(&self) -> Result<Box<dyn Send + Sync>, String> {
        Ok(Box::new(()))
    }
    async fn load(&self) -> Result<Option<TokenPair>, String> {
        Ok(self.0.lock().unwrap().clone())
    }
    async fn save(&self, pair: &TokenPair) -> Result<(), String> {
        *self.0.lock().unwrap() = Some(pair.clone());
        Ok(())
    }
}

fn pair() -> TokenPair {
    TokenPair {
        access: Secret::new("emulated-ada"),
        refresh: None,
        expires: Timestamp::from_system().plus_millis(3_600_000),
        scope: String::new(),
        client_id: "app".to_owned(),
        asked: None,
    }
}

fn x_of(endpoint: &str, kept: &Arc<Kept>, apps: &[&str]) -> Arc<X> {
    let app = OAuthApp { id: "app".to_owned(), secret: None };
    let sign = XSign::OAuth2(OAuth2 { app, store: Arc::clone(kept) as _ });
    let apps = apps.iter().map(|name| ((*name).to_owned(), Secret::new(format!("emulated-{name}")))).collect();
    let settings = XSettings {
        endpoint: endpoint.to_owned(),
        timeout: Duration::from_secs(5),
        settle: Duration::ZERO,
        renews_on: 1,
        accounts: [(account("ada"), sign)].into(),
        apps,
    };
    Arc::new(X::new(settings).unwrap())
}

/// What the listener has written, or will.
async fn becomes(mut is_so: impl AsyncFnMut() -> bool) {
    let waited = tokio::time::timeout(Duration::from_secs(30), async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    });
    waited.await.expect("it comes to be");
}

#[tokio::test]
async fn whoever_signs_in_beside_the_host_is_heard_from_then_on_also_over_a_kill() {
    for (by, apps) in [(Listening::Poll, &[][..]), (Listening::Auto, &["main"][..])] {
        let (network, endpoint, notebook) = scene().await;
        let kept = Arc::<Kept>::default();
        let x = x_of(&endpoint, &kept, apps);
        // Asked for once in an hour: nothing but the sign-in can bring the look.
        let terms = HearingTerms { by, every: Duration::from_secs(3_600), ..terms() };
        let hearing = Hearing::new(Arc::clone(&x), Arc::clone(&notebook) as _, terms.clone());
        let (_stop, stopped) = tokio::sync::watch::channel(false);
        let task = tokio::spawn(hearing.run(stopped));
        assert_eq!(x.check(&account("ada")).await, Err(SignInFault::NeverSignedIn));
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert_eq!(network.asked("/mentions"), 0, "nobody is signed in");
        *kept.0.lock().unwrap() = Some(pair());
        x.check(&account("ada")).await.unwrap();
        becomes(async || !notebook.store.heard().await.unwrap().is_empty()).await;
        // Killed; something is said; another start.
        task.abort();
        let _ = task.await;
        network.say("bob", "@ada after the login", None);
        let hearing = Hearing::new(x_of(&endpoint, &kept, &[]), Arc::clone(&notebook) as _, terms);
        until(hearing, async || !notebook.texts().await.is_empty()).await;
        assert_eq!(notebook.texts().await, ["@ada after the login"], "{by:?}");
    }
}
