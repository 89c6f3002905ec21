//! One call of the interface out of bytes (`puppet_types::fuzz`).

use async_trait::async_trait;
use puppet_grants::{Answer, Failure};
use puppet_types::{
    StateBytes,
    fuzz::{Called, Data},
};

use super::{guest::Host as _, *};

/// Has a page at every address.
pub struct Anything;

#[async_trait]
impl Pages for Anything {
    async fn fetch(&self, of: &Fetch) -> Result<Answer<Page>, Failure> {
        let body = StateBytes::Text("page".to_owned());
        let url = of.ask.url.clone();
        Ok(Answer::free(Page { status: 200, url, headers: Vec::new(), body, is_cached: false }))
    }
}

fn url(data: &mut Data<'_>) -> String {
    match data.case(4) {
        0 => "https://example.org/".to_owned(),
        1 => format!("https://example.org/{}", data.text()),
        2 => format!("https://{}/", data.text()),
        _ => data.text(),
    }
}

/// One.
pub async fn call(view: &mut View<'_>, data: &mut Data<'_>) -> Called {
    let method = match data.case(3) {
        0 => "GET".to_owned(),
        1 => "POST".to_owned(),
        _ => data.text(),
    };
    let headers = (0..data.case(3)).map(|_| (data.text(), data.text())).collect();
    let body = (method == "POST").then(|| data.blob());
    let credential = (data.case(4) == 0).then(|| data.text());
    let request = guest::Request { method, url: url(data), headers, body, credential, extra: Vec::new() };
    Called::read(view.fetch(request).await)
}
