//! What many trade now, by the list that `[trading.trending]` names: asked for when somebody wants to know, and then kept for
//! ten minutes. Nothing that the operator's rules deny is on it, whoever asks.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use puppet_packs::SecretsFile;
use puppet_trade::{Listed, Pointer, Web};
use puppet_types::{
    Timestamp,
    trade::{Market, Mint},
};
use puppet_wallet::Rules;
use tokio::sync::Mutex;

use super::{open::Open, second};
use crate::{output::Output, setup::Setup, trouble::Result};

/// How long a list is kept (contract §9).
const KEPT: Duration = Duration::from_secs(600);
/// How long nobody asks again after there was no answer.
const PAUSE: Duration = Duration::from_secs(60);
/// Birdeye tells of other chains, too.
const CHAIN: (&str, &str) = ("x-chain", "solana");

/// A list as it was, or why there is none.
pub type Told = std::result::Result<(Timestamp, Arc<[Listed]>), String>;

/// See the head of this file.
pub struct Trending {
    web: Web,
    tokens: Pointer,
    /// Until when it is good, and it.
    kept: Mutex<Option<(Instant, Told)>>,
}

impl Trending {
    /// None where nothing is configured.
    ///
    /// # Errors
    /// Its address cannot be used, or its key cannot be had.
    pub fn of(setup: &Setup, secrets: &SecretsFile) -> Result<Option<Self>> {
        let Some(list) = &setup.config.trading.trending else { return Ok(None) };
        let web = second::document(setup, secrets, ("trading.trending", &list.source), &[CHAIN])?;
        Ok(Some(Self { web, tokens: list.tokens.clone(), kept: Mutex::new(None) }))
    }

    /// The list, of ten minutes ago at most. Whoever asks meanwhile waits for the same answer.
    pub async fn now(&self) -> Told {
        let mut kept = self.kept.lock().await;
        if let Some((_, told)) = kept.as_ref().filter(|(until, _)| Instant::now() < *until) {
            return told.clone();
        }
        let at = Timestamp::from_system();
        let told = self.web.listed(&self.tokens).await;
        let told = told.map(|tokens| (at, tokens.into())).map_err(|error| error.to_string());
        let good_for = if told.is_ok() { KEPT } else { PAUSE };
        *kept = Some((Instant::now() + good_for, told.clone()));
        told
    }

    /// When a list last had it. SOL is on every list.
    pub async fn seen(&self, mint: &Mint) -> Option<Timestamp> {
        let (at, tokens) = self.now().await.ok()?;
        Self::has(&tokens, mint).then_some(at)
    }

    fn has(list: &[Listed], mint: &Mint) -> bool {
        *mint == Mint::sol() || list.iter().any(|token| token.mint == *mint)
    }
}

/// Between two looks at the list that is kept: what is on it is told to a desk soon after it is there.
const LOOK: Duration = Duration::from_secs(15);

/// Those of a desk's tokens that may be traded while a list has them.
pub struct Followed {
    trending: Arc<Trending>,
    /// By number of their markets.
    tokens: Vec<(u32, Mint)>,
}

impl Followed {
    /// None where nobody tells, or the rules do not ask.
    pub fn of(trending: Option<Arc<Trending>>, markets: &[Market], rules: &Rules) -> Option<Self> {
        let asked = (0..).zip(markets).filter(|(_, market)| rules.asks_for_trending(&market.base.mint));
        let tokens: Vec<_> = asked.map(|(number, market)| (number, market.base.mint.clone())).collect();
        trending.filter(|_| !tokens.is_empty()).map(|trending| Self { trending, tokens })
    }

    /// Tells the desk until it is gone.
    pub async fn run(self, desk: Open, name: String, out: Output) {
        let mut is_troubled = false;
        loop {
            let told = self.trending.now().await;
            match (&told, std::mem::replace(&mut is_troubled, told.is_err())) {
                (Err(why), false) => {
                    out.note(format!(
                        "{name}: nobody tells what is trending: {why}: orders are denied by `not-trending`"
                    ));
                }
                (Ok(_), true) => out.note(format!("{name}: it is told again what is trending")),
                _ => {}
            }
            if let Ok((at, list)) = told {
                let is_on = |(_, mint): &&(u32, Mint)| Trending::has(&list, mint);
                let markets = self.tokens.iter().filter(is_on).map(|(number, _)| *number).collect();
                let heard = match desk.get() {
                    Some(desk) => desk.trending(at, markets).await,
                    None => return,
                };
                if heard.is_err() {
                    return;
                }
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use puppet_trade::WebPlace;
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpListener,
    };

    use super::*;

    /// A list that is answered with this status, again and again, and how often it was asked for.
    async fn served(status: &'static str) -> (Trending, Arc<AtomicUsize>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/secret", listener.local_addr().unwrap());
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::Relaxed);
                let (mut head, mut buffer) = (Vec::new(), [0; 1024]);
                while !head.ends_with(b"\r\n\r\n") {
                    let read = stream.read(&mut buffer).await.unwrap();
                    head.extend_from_slice(&buffer[..read]);
                }
                let body = format!(
                    r#"[{{"address":"{}","symbol":"BONK","name":"Bonk","decimals":5,"price":1}}]"#,
                    "B".repeat(40)
                );
                let length = body.len();
                let text = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}");
                stream.write_all(text.as_bytes()).await.unwrap();
            }
        });
        let web = Web::new(&WebPlace { url, headers: Vec::new(), timeout: Duration::from_secs(20) }).unwrap();
        (Trending { web, tokens: "".parse().unwrap(), kept: Mutex::new(None) }, asked)
    }

    #[tokio::test]
    async fn a_list_is_asked_for_once_and_kept() {
        let (trending, asked) = served("200 OK").await;
        let bonk = Mint::parse(&"B".repeat(40)).unwrap();
        let sol = Mint::sol();
        let (one, two) = tokio::join!(trending.seen(&bonk), trending.seen(&sol));
        assert!(one.is_some() && one == two, "SOL is on every list");
        assert_eq!(trending.seen(&Mint::usdc()).await, None);
        assert_eq!(asked.load(Ordering::Relaxed), 1);
        // Ten minutes later it is asked for anew.
        if let Some((until, _)) = trending.kept.lock().await.as_mut() {
            assert!(*until > Instant::now() + KEPT - PAUSE);
            *until = Instant::now();
        }
        assert!(trending.now().await.is_ok());
        assert_eq!(asked.load(Ordering::Relaxed), 2);
    }

    #[tokio::test]
    async fn without_an_answer_nothing_is_trending_and_nobody_insists() {
        let (trending, asked) = served("500 Internal Server Error").await;
        for _ in 0..2 {
            let why = trending.now().await.unwrap_err();
            assert!(why.starts_with("127.0.0.1:") && why.ends_with(" answers with status 500"), "{why}");
            assert_eq!(trending.seen(&Mint::sol()).await, None);
        }
        assert_eq!(asked.load(Ordering::Relaxed), 1);
    }
}
