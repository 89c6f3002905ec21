//! Sends spans to a collector: a task of its own, in batches. A collector that is away costs spans, which are counted, and
//! nothing else.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use puppet_store::Store;
use reqwest::{Client, StatusCode, Url, header};
use tokio::{
    sync::{mpsc::Receiver, watch},
    time::{Instant, sleep, timeout, timeout_at},
};

use super::{
    lineage::Lineage,
    otlp,
    spans::{COUNTS, Ended, Recorded},
};

/// Spans of one request.
const BATCH: usize = 512;
/// How long a span waits for others.
const GATHER: Duration = Duration::from_secs(1);
/// For one request.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Waits before a request is made again.
const AGAIN: [Duration; 3] = [Duration::from_millis(250), Duration::from_secs(1), Duration::from_secs(4)];
/// What is left when the host stops has so long.
const LAST: Duration = Duration::from_secs(2);

/// Where spans go: `/v1/traces` of a collector, unless the address has a path of its own.
///
/// # Errors
/// It is no address of HTTP.
pub fn endpoint(address: &str) -> Result<Url, String> {
    let mut url = Url::parse(address).map_err(|error| error.to_string())?;
    if !["http", "https"].contains(&url.scheme()) || !url.has_host() {
        return Err("it is no address of HTTP".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("it has a name or a password in it".to_owned());
    }
    if url.path() == "/" {
        url.set_path("/v1/traces");
    }
    Ok(url)
}

struct Exporter {
    client: Client,
    url: Url,
    lineage: Lineage,
    /// What is being sent.
    batch: Vec<Ended>,
    /// Whether the last batch was not taken.
    is_away: bool,
}

/// Sends what is recorded until `stop`, and then what is left, within two seconds.
///
/// # Errors
/// There is no client, as where the certificates of the system cannot be read.
pub async fn export(
    Recorded(mut spans): Recorded,
    url: Url,
    store: Arc<dyn Store>,
    mut stop: watch::Receiver<bool>,
) -> Result<(), reqwest::Error> {
    let client = puppet_reach::client(&url).timeout(TIMEOUT).build()?;
    let mut exporter = Exporter { client, url, lineage: Lineage::new(store), batch: Vec::new(), is_away: false };
    loop {
        tokio::select! {
            is_open = exporter.next(&mut spans) => if !is_open { return Ok(()) },
            _ = stop.wait_for(|stop| *stop) => break,
        }
    }
    spans.close();
    let rest = async {
        loop {
            exporter.send(&[]).await;
            while exporter.batch.len() < BATCH
                && let Ok(ended) = spans.try_recv()
            {
                exporter.batch.push(ended);
            }
            if exporter.batch.is_empty() {
                break;
            }
        }
    };
    if timeout(LAST, rest).await.is_err() {
        dropped(exporter.batch.len() + spans.len());
    }
    Ok(())
}

fn dropped(count: usize) {
    COUNTS.dropped.fetch_add(count as u64, Ordering::Relaxed);
}

impl Exporter {
    /// Gathers a batch and sends it. False where no more come. Where it is cancelled the batch is kept.
    async fn next(&mut self, spans: &mut Receiver<Ended>) -> bool {
        if spans.recv_many(&mut self.batch, BATCH).await == 0 {
            return false;
        }
        let until = Instant::now() + GATHER;
        while self.batch.len() < BATCH {
            let room = BATCH - self.batch.len();
            match timeout_at(until, spans.recv_many(&mut self.batch, room)).await {
                Ok(1..) => {}
                Ok(0) | Err(_) => break,
            }
        }
        self.send(&AGAIN).await;
        true
    }

    /// Sends the batch, and again after each of these waits while the collector cannot take it.
    async fn send(&mut self, again: &[Duration]) {
        let mut told = Vec::with_capacity(self.batch.len());
        for ended in &self.batch {
            if let Some(place) = self.lineage.place(ended).await {
                told.push(otlp::span(ended, &place));
            }
        }
        let count = told.len();
        if count > 0 {
            let sent = self.deliver(&otlp::request(told), again).await;
            self.tell(count, sent.err());
        }
        self.batch.clear();
    }

    async fn deliver(&self, body: &str, again: &[Duration]) -> Result<(), String> {
        let mut waits = again.iter();
        loop {
            match (self.post(body).await, waits.next()) {
                (Ok(()), _) => return Ok(()),
                (Err((_, true)), Some(wait)) => sleep(*wait).await,
                (Err((why, _)), _) => return Err(why),
            }
        }
    }

    /// Counts, and says once that the collector is away, or is there again.
    fn tell(&mut self, count: usize, why: Option<String>) {
        let collector = puppet_reach::shown(&self.url);
        let was_away = std::mem::replace(&mut self.is_away, why.is_some());
        match why {
            None => {
                COUNTS.sent.fetch_add(count as u64, Ordering::Relaxed);
                if was_away {
                    tracing::info!(%collector, "traces are taken again");
                }
            }
            Some(why) => {
                dropped(count);
                if !was_away {
                    tracing::warn!(%collector, %why, "traces are not taken, and are dropped until they are");
                }
            }
        }
    }

    /// Why it was not taken, and whether it may be the next time.
    async fn post(&self, body: &str) -> Result<(), (String, bool)> {
        let request = self.client.post(self.url.clone()).header(header::CONTENT_TYPE, "application/json");
        let answer = request.body(body.to_owned()).send().await;
        match answer.map(|answer| answer.status()) {
            Ok(status) if status.is_success() => Ok(()),
            Ok(status) => {
                let passes = [
                    StatusCode::TOO_MANY_REQUESTS,
                    StatusCode::BAD_GATEWAY,
                    StatusCode::SERVICE_UNAVAILABLE,
                    StatusCode::GATEWAY_TIMEOUT,
                ];
                Err((format!("it answers {status}"), passes.contains(&status)))
            }
            Err(error) => Err((error.without_url().to_string(), true)),
        }
    }
}
