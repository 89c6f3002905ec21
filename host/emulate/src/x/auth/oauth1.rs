//! OAuth 1.0a: a request is signed with the secrets of the app and of the account (RFC 5849).

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use hyper::header::{CONTENT_TYPE, HOST};
use puppet_types::Timestamp;
use sha1::Sha1;

use super::{is_key, secret};
use crate::{
    TOKEN,
    asked::{Asked, decoded, pairs},
    faults::Problem,
    reply::Reply,
    x::problems,
};

/// X takes a clock that is so many seconds wrong.
const SKEW_S: u64 = 300;

/// The account that signed; `parameters`: those of the header.
pub(super) fn signed(parameters: &str, asked: &Asked, at: Timestamp) -> Result<String, Reply> {
    let given: Vec<(String, String)> = parameters
        .split(',')
        .filter_map(|pair| pair.trim().split_once('='))
        .map(|(name, value)| (decoded(name), decoded(value.trim_matches('"'))))
        .collect();
    let of = |name: &str| given.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str());
    let needed = |name: &str| of(name).filter(|value| !value.is_empty()).ok_or_else(problems::unauthorized);
    let (key, token) = (needed("oauth_consumer_key")?, needed("oauth_token")?);
    let (signature, nonce) = (needed("oauth_signature")?, needed("oauth_nonce")?);
    let stamp: i64 = needed("oauth_timestamp")?.parse().map_err(|_| problems::unauthorized())?;
    let version = of("oauth_version").unwrap_or("1.0");
    let is_known = is_key(key) && is_key(token) && !nonce.is_empty() && version == "1.0";
    if !is_known || needed("oauth_signature_method")? != "HMAC-SHA1" {
        return Err(problems::unauthorized());
    }
    if stamp.abs_diff(at.as_millis() / 1_000) > SKEW_S {
        return Err(Problem::Timestamp.reply(0));
    }
    let base = base(&given, asked);
    if signature_of(&base, &secret(key), &secret(token)) != signature {
        return Err(problems::unauthorized());
    }
    Ok(token.strip_prefix(TOKEN).unwrap_or(token).to_owned())
}

/// RFC 5849, 3.4.1: method, address and parameters.
fn base(given: &[(String, String)], asked: &Asked) -> String {
    let is_signed = |name: &str| name != "oauth_signature" && name != "realm";
    let header = given.iter().filter(|(name, _)| is_signed(name)).cloned();
    let text = |name| asked.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let form = if text(CONTENT_TYPE).starts_with("application/x-www-form-urlencoded") {
        pairs(&String::from_utf8_lossy(&asked.body))
    } else {
        Vec::new()
    };
    let all = header.chain(pairs(&asked.raw_query)).chain(form);
    let mut all: Vec<(String, String)> = all.map(|(name, value)| (encoded(&name), encoded(&value))).collect();
    all.sort();
    let all: Vec<String> = all.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    let address = format!("http://{}{}", text(HOST).to_ascii_lowercase(), asked.path);
    format!("{}&{}&{}", asked.method, encoded(&address), encoded(&all.join("&")))
}

fn signature_of(base: &str, of_app: &str, of_account: &str) -> String {
    let key = format!("{}&{}", encoded(of_app), encoded(of_account));
    // A key may have any length.
    let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(key.as_bytes()) else { return String::new() };
    mac.update(base.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

/// RFC 5849, 3.6.
fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use hyper::Request;

    use super::*;

    /// The example of X's own description of signatures.
    #[test]
    fn a_signature_is_that_of_the_published_example() {
        let request = Request::builder()
            .method("POST")
            .uri("/1.1/statuses/update.json?include_entities=true")
            .header(HOST, "api.twitter.com")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        let body = "status=Hello%20Ladies%20%2b%20Gentlemen%2c%20a%20signed%20OAuth%20request%21";
        let (head, ()) = request.body(()).unwrap().into_parts();
        let asked = Asked::new(head, body.as_bytes().to_vec().into());
        let given = [
            ("oauth_consumer_key", "xvz1evFS4wEEPTGEFPHBog"),
            ("oauth_nonce", "kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg"),
            ("oauth_signature_method", "HMAC-SHA1"),
            ("oauth_timestamp", "1318622958"),
            ("oauth_token", "370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb"),
            ("oauth_version", "1.0"),
        ];
        let given = given.map(|(name, value)| (name.to_owned(), value.to_owned()));
        // The example was signed for https.
        let base = base(&given, &asked).replace("http%3A", "https%3A");
        let secrets = ("kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw", "LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE");
        assert_eq!(signature_of(&base, secrets.0, secrets.1), "hCtSmYh+iHYCEqBWrE7C7hYmtUk=");
    }
}
