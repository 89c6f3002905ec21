//! Fetches what it is told to (`GET https://… key`), and says in its log what came of it.

use puppet_sdk::prelude::*;

struct Reader;

impl Personality for Reader {
    fn handle(event: Event) -> Result<(), Failure> {
        if event.kind != "mention" {
            return Ok(());
        }
        let mention: Mention = event.payload()?;
        // It is spoken to by its name.
        let mut words = mention.post.text.split_whitespace().filter(|word| !word.starts_with('@'));
        let (method, url) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let request = http::Request {
            method: method.to_owned(),
            url: url.to_owned(),
            headers: Vec::new(),
            body: (method == "POST").then(|| b"{}".to_vec()),
            credential: words.next().map(str::to_owned),
        };
        let said = match request.send() {
            Ok(page) => format!("{} {}", page.status, page.text()),
            Err(error) => error.to_string(),
        };
        log::info(&said);
        Ok(())
    }
}

puppet_sdk::personality!(Reader);
