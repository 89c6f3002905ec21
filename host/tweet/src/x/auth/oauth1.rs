//! OAuth 1.0a (RFC 5849) with HMAC-SHA1. The query is signed; a body is not, since none of ours is a form.

use std::{
    num::NonZeroU64,
    time::{SystemTime, UNIX_EPOCH},
};

use oauth1_request::{Builder, Credentials, HMAC_SHA1, request::AssertSorted, signature_method::SignatureMethod};
use puppet_types::Secret;
use reqwest::Url;

/// Keys of an app, and of an account that lets it act in its name.
#[derive(Debug, Clone)]
pub struct OAuth1Keys {
    /// The app's API key.
    pub consumer_key: Secret,
    /// Its API key secret.
    pub consumer_secret: Secret,
    /// The account's access token.
    pub token: Secret,
    /// Its access token secret.
    pub token_secret: Secret,
}

/// What makes a signature one of its own.
pub(super) struct Stamp {
    seconds: NonZeroU64,
    nonce: String,
}

impl Stamp {
    /// By X's clock, as far as it is known. None where there is no time or no randomness.
    pub(super) fn now(ahead_ms: i64) -> Option<Self> {
        let now = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).ok()?.as_millis()).ok()?;
        let seconds = u64::try_from(now.saturating_add(ahead_ms) / 1_000).ok().and_then(NonZeroU64::new)?;
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).ok()?;
        Some(Self { seconds, nonce: bytes.iter().map(|byte| format!("{byte:02x}")).collect() })
    }
}

impl OAuth1Keys {
    pub(super) fn all(&self) -> [&Secret; 4] {
        [&self.consumer_key, &self.consumer_secret, &self.token, &self.token_secret]
    }

    /// Each is there, and of characters that X's keys have.
    pub(super) fn are_whole(&self) -> bool {
        self.all()
            .iter()
            .all(|key| !key.expose().is_empty() && key.expose().bytes().all(|byte| byte.is_ascii_graphic()))
    }

    /// The header of a request without a body, or with one that is no form.
    pub(super) fn authorization(&self, method: &str, url: &Url, stamp: &Stamp) -> String {
        let mut builder = self.builder(HMAC_SHA1);
        builder.nonce(stamp.nonce.as_str()).timestamp(stamp.seconds).version(true);
        let query: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        let mut base = url.clone();
        base.set_query(None);
        header(&builder, method, base.as_str(), &query)
    }

    fn builder<M: SignatureMethod>(&self, method: M) -> Builder<'_, M, &str> {
        let app = Credentials::new(self.consumer_key.expose(), self.consumer_secret.expose());
        let mut builder = Builder::new(app, method);
        builder.token(Credentials::new(self.token.expose(), self.token_secret.expose()));
        builder
    }
}

fn header<M: SignatureMethod + Clone>(
    builder: &Builder<'_, M, &str>,
    method: &str,
    base: &str,
    parameters: &[(String, String)],
) -> String {
    // RFC 5849 §3.4.1.3.2: sorted as they are encoded. The library encodes values, and takes names as the signed text has
    // them: encoded twice.
    let mut sorted: Vec<_> =
        parameters.iter().map(|(name, value)| (encoded(&encoded(name)), encoded(value), value)).collect();
    sorted.sort();
    let request = AssertSorted::new(sorted.iter().map(|(name, _, value)| (name, value)));
    builder.authorize(method, base, &request)
}

/// RFC 3986's unreserved characters stay, as RFC 5849 §3.6 has it.
fn encoded(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(byte).collect()
}

#[cfg(test)]
mod tests {
    use std::{cell::RefCell, fmt::Display, rc::Rc};

    use oauth1_request::signature_method::Sign;

    use super::*;

    fn keys([consumer_key, consumer_secret, token, token_secret]: [&str; 4]) -> OAuth1Keys {
        let [consumer_key, consumer_secret, token, token_secret] =
            [consumer_key, consumer_secret, token, token_secret].map(Secret::new);
        OAuth1Keys { consumer_key, consumer_secret, token, token_secret }
    }

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    /// Signs with nothing, and keeps what was to be signed.
    #[derive(Clone, Default)]
    struct Recorder(Rc<RefCell<String>>);

    impl SignatureMethod for Recorder {
        type Sign = Self;
        fn sign_with(self, _: &str, _: Option<&str>) -> Self {
            self
        }
    }

    impl Sign for Recorder {
        type Signature = &'static str;
        fn get_signature_method_name(&self) -> &'static str {
            "HMAC-SHA1"
        }
        fn request_method(&mut self, method: &str) {
            self.0.borrow_mut().push_str(&format!("{method}&"));
        }
        fn uri<T: Display>(&mut self, uri: T) {
            self.0.borrow_mut().push_str(&format!("{uri}&"));
        }
        fn parameter<V: Display>(&mut self, key: &str, value: V) {
            self.0.borrow_mut().push_str(&format!("{key}%3D{value}"));
        }
        fn delimiter(&mut self) {
            self.0.borrow_mut().push_str("%26");
        }
        fn end(self) -> &'static str {
            ""
        }
    }

    #[test]
    fn the_request_of_rfc_5849_section_1_2_is_signed_as_it_is_there() {
        let keys = keys(["dpf43f3p2l4k3l03", "kd94hf93k423kf44", "nnch734d00sl2jdk", "pfkkdhi9sl3r4s00"]);
        let mut builder = keys.builder(HMAC_SHA1);
        builder.nonce("chapoH").timestamp(NonZeroU64::new(137_131_202));
        let query = pairs(&[("file", "vacation.jpg"), ("size", "original")]);
        let signed = header(&builder, "GET", "http://photos.example.net/photos", &query);
        assert!(signed.ends_with("oauth_signature=\"MdpQcU8iPSUjWoN%2FUDMsK2sui9I%3D\""), "{signed}");
    }

    #[test]
    fn what_is_signed_is_the_text_of_rfc_5849_section_3_4_1_1() {
        let keys = keys(["9djdj82h48djs9d2", "j49sk3j29djd", "kkk9d7dh3k39sjv7", "dh893hdasih9"]);
        let said = pairs(&[("b5", "=%3D"), ("a3", "a"), ("c@", ""), ("a2", "r b"), ("c2", ""), ("a3", "2 q")]);
        let recorder = Recorder::default();
        let mut builder = keys.builder(recorder.clone());
        builder.nonce("7d8f3e4a").timestamp(NonZeroU64::new(137_131_201));
        header(&builder, "POST", "http://example.com/request", &said);
        let base = "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D%25253D%26\
                    c%2540%3D%26c2%3D%26oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a%26\
                    oauth_signature_method%3DHMAC-SHA1%26oauth_timestamp%3D137131201%26oauth_token%3Dkkk9d7dh3k39sjv7";
        assert_eq!(*recorder.0.borrow(), base);
        // The signature of this text under these secrets, by the erratum 2550.
        let mut builder = keys.builder(HMAC_SHA1);
        builder.nonce("7d8f3e4a").timestamp(NonZeroU64::new(137_131_201));
        let signed = header(&builder, "POST", "http://example.com/request", &said);
        assert!(signed.contains("oauth_signature=\"r6%2FTJjbCOr97%2F%2BUU0NsvSne7s5g%3D\""), "{signed}");
    }

    /// The keys of X's page "Creating a signature".
    fn of_x() -> OAuth1Keys {
        keys([
            "xvz1evFS4wEEPTGEFPHBog",
            "kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw",
            "370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb",
            "LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE",
        ])
    }

    #[test]
    fn the_example_of_x_is_signed_as_it_is_there() {
        let keys = of_x();
        let said =
            pairs(&[("status", "Hello Ladies + Gentlemen, a signed OAuth request!"), ("include_entities", "true")]);
        let mut builder = keys.builder(HMAC_SHA1);
        builder.nonce("kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg").timestamp(NonZeroU64::new(1_318_622_958));
        builder.version(true);
        let signed = header(&builder, "POST", "https://api.twitter.com/1.1/statuses/update.json", &said);
        assert!(signed.contains("oauth_signature=\"hCtSmYh%2BiHYCEqBWrE7C7hYmtUk%3D\""), "{signed}");
    }

    #[test]
    fn the_query_is_signed_and_the_port_is_where_it_is_not_the_usual_one() {
        let stamp = || Stamp { seconds: NonZeroU64::new(1).unwrap(), nonce: "n".to_owned() };
        let signed = |url: &str| of_x().authorization("GET", &Url::parse(url).unwrap(), &stamp());
        let plain = signed("https://api.x.com/2/users/me");
        assert!(plain.starts_with("OAuth ") && plain.contains("oauth_version=\"1.0\""), "{plain}");
        assert_eq!(plain, signed("https://API.X.com:443/2/users/me"));
        for other in [
            "https://api.x.com:8/2/users/me",
            "https://api.x.com/2/users/me?expansions=a",
            "http://api.x.com/2/users/me",
        ] {
            assert_ne!(plain, signed(other), "{other}");
        }
        // A space is one however it is written.
        assert_eq!(signed("https://api.x.com/2?q=a+b"), signed("https://api.x.com/2?q=a%20b"));
    }

    #[test]
    fn no_two_requests_are_stamped_alike() {
        let (one, two) = (Stamp::now(0).unwrap(), Stamp::now(600_000).unwrap());
        assert_ne!(one.nonce, two.nonce);
        assert!((599..=602).contains(&(two.seconds.get() - one.seconds.get())));
    }
}
