//! Documents of the web: how prices are read out of them, and how a server is asked that answers well, badly, or not.

use std::time::Duration;

use puppet_types::Secret;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use super::{Pointer, Web, WebPlace, WebSetupError, price, trending};

fn at(pointer: &str) -> Pointer {
    pointer.parse().unwrap()
}

#[test]
fn a_price_is_read_to_its_last_digit_and_never_by_way_of_a_float() {
    for (document, pointer, decimals, expected) in [
        (r#"{"price": 150.25}"#, "/price", 6, Some(150_250_000)),
        (r#"{"price": "150.25"}"#, "/price", 6, Some(150_250_000)),
        (r#"{"data": [{"price": 1}, {"price": 2.5e-3}]}"#, "/data/1/price", 9, Some(2_500_000)),
        // As a float it would be …992.
        (r#"{"price": 9007199254.740993}"#, "/price", 6, Some(9_007_199_254_740_993)),
        (r#"{"price": 0.10000000000000000555}"#, "/price", 12, Some(100_000_000_000)),
        (r#"{"a/b": {"~": 3}}"#, "/a~1b/~0", 0, Some(3)),
        (r#"{"pri\u0063e": 3}"#, "/price", 0, Some(3)),
        ("7", "", 2, Some(700)),
        (r#"{"price": 0}"#, "/price", 6, None),
        (r#"{"price": -1}"#, "/price", 6, None),
        (r#"{"price": 1e-9}"#, "/price", 6, None),
        (r#"{"price": 1e30}"#, "/price", 6, None),
        (r#"{"price": "1,5"}"#, "/price", 6, None),
        (r#"{"price": "NaN"}"#, "/price", 6, None),
        (r#"{"price": null}"#, "/price", 6, None),
        (r#"{"price": [1]}"#, "/price", 6, None),
        (r#"{"price": 1}"#, "/prise", 6, None),
        (r#"{"price": 1}"#, "/price/0", 6, None),
        (r#"{"data": [1]}"#, "/data/01", 6, None),
        (r#"{"data": [1]}"#, "/data/1", 6, None),
        (r#"{"price": 1"#, "/price", 6, None),
        ("", "", 6, None),
        ("<html>", "/price", 6, None),
    ] {
        assert_eq!(price(document.as_bytes(), &at(pointer), decimals).ok(), expected, "{document}");
    }
    // However deep it is nested.
    let deep = "[".repeat(100_000);
    assert!(price(deep.as_bytes(), &at("/0"), 6).is_err());
}

#[test]
fn a_pointer_begins_each_step_with_a_stroke() {
    for bad in ["price", "data/price", "/a~2", "/a~"] {
        assert!(bad.parse::<Pointer>().is_err(), "{bad}");
    }
    for good in ["", "/", "/a~0~1b"] {
        assert_eq!(at(good).to_string(), good);
    }
}

#[test]
fn of_a_list_what_calls_itself_a_token_is_taken_and_tricks_are_left_out() {
    let sol = "So11111111111111111111111111111111111111112";
    let bonk = "DezXAZ8z7PnrnRJjz3wXBoRgixCa6xjnB7YaB1pPB263";
    let wif = "EKpQGSJtjMFqKZ9KQanSqYXRcF8fBopzLHYxdM65zcjm";
    let row = |address: &str, symbol: &str, rest: &str| {
        format!(r#"{{"address":"{address}","symbol":"{symbol}","name":"A\u0007 token",{rest},"rank":1}}"#)
    };
    let price = r#""decimals":9,"price":150.123456789012345,"price24hChangePercent":-1.239"#;
    let rows = [
        row(sol, "SOL", price),
        row(bonk, "BONK", r#""decimals":5,"price":0.00002,"price24hChangePercent":1e3"#),
        row(wif, "WIF", r#""decimals":6,"price":null,"price24hChangePercent":null"#),
        row(sol, "SOL2", price),
        row("nothing", "X", price),
        row(wif, "too long to be", price),
        row(wif, "ABCDEFGHIJ", price),
        row(wif, "A B", price),
        row(wif, "0xabc", price),
        row(wif, "", price),
        row(wif, "Y", r#""decimals":300,"price":1"#),
        "7".to_owned(),
    ];
    let document = format!(r#"{{"success":true,"data":{{"tokens":[{}]}}}}"#, rows.join(","));
    let listed = trending::listed(document.as_bytes(), &at("/data/tokens")).unwrap();
    let seen: Vec<_> = listed
        .iter()
        .map(|token| (token.symbol.as_str(), token.name.as_str(), token.decimals, token.price, token.change_bps))
        .collect();
    assert_eq!(
        seen,
        [
            ("SOL", "A token", 9, Some((150_123_456_789_012, 12)), -123),
            ("BONK", "A token", 5, Some((20_000_000, 12)), 100_000),
            ("WIF", "A token", 6, None, 0),
        ]
    );
    for bad in ["{}", r#"{"data":{"tokens":7}}"#, "[]"] {
        assert!(trending::listed(bad.as_bytes(), &at("/data/tokens")).is_err(), "{bad}");
    }
    let many: Vec<String> = (0..300).map(|_| "1".to_owned()).collect();
    let many = format!("[{},{}]", many.join(","), row(sol, "SOL", price));
    assert_eq!(trending::listed(many.as_bytes(), &at("")).unwrap(), [], "as far as is looked");
}

/// Answers one request with these bytes after it was read; the port, and what was asked.
async fn served(answer: Vec<u8>) -> (String, tokio::task::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/price", listener.local_addr().unwrap());
    let task = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let (mut asked, mut buffer) = (Vec::new(), [0; 4096]);
        while !asked.ends_with(b"\r\n\r\n") {
            let count = stream.read(&mut buffer).await.unwrap();
            asked.extend_from_slice(&buffer[..count]);
        }
        let _ = stream.write_all(&answer).await;
        if answer.is_empty() {
            // Silent until whoever asked has gone.
            let _ = stream.read(&mut buffer).await;
        }
        String::from_utf8(asked).unwrap()
    });
    (url, task)
}

fn place(url: &str, timeout: Duration) -> WebPlace {
    WebPlace { url: url.to_owned(), headers: vec![("x-api-key".to_owned(), Secret::new("canary-key"))], timeout }
}

fn answer(status: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n{headers}connection: close\r\n\r\n{body}").into_bytes()
}

#[tokio::test]
async fn a_server_is_asked_with_the_key_and_within_bounds() {
    let (url, asked) = served(answer("200 OK", "", r#"{"price": 1.5}"#)).await;
    let web = Web::new(&place(&url, Duration::from_secs(20))).unwrap();
    assert_eq!(web.get().await.unwrap(), br#"{"price": 1.5}"#);
    let asked = asked.await.unwrap();
    assert!(asked.starts_with("GET /price HTTP/1.1\r\n") && asked.contains("x-api-key: canary-key\r\n"), "{asked}");
    assert!(!format!("{web:?}").contains("canary"));

    // Nobody follows a redirect: the key would go along.
    let elsewhere = "location: http://127.0.0.1:9/\r\n";
    let too_long = "1".repeat(super::MOST_BYTES + 1);
    for (bytes, timeout_ms, expected) in [
        (answer("302 Found", elsewhere, ""), 20_000, "HOST answers with status 302"),
        (answer("429 Too Many Requests", "", ""), 20_000, "HOST answers with status 429"),
        (answer("200 OK", "", &too_long), 20_000, "its answer is too long"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{".to_vec(), 20_000, "the connection to HOST broke off"),
        (Vec::new(), 50, "no answer of HOST in time"),
    ] {
        let (url, asked) = served(bytes).await;
        let expected = expected.replace("HOST", url.split('/').nth(2).unwrap());
        let web = Web::new(&place(&url, Duration::from_millis(timeout_ms))).unwrap();
        assert_eq!(web.get().await.unwrap_err().to_string(), expected);
        drop(web);
        asked.await.unwrap();
    }
}

#[test]
fn an_address_is_of_the_web_or_of_this_machine() {
    for (url, expected) in [
        ("https://api.example.test/price?symbol=SOLUSDC", None),
        ("http://127.0.0.1:9/", None),
        ("http://[::1]:9/", None),
        ("http://localhost:9/", None),
        ("http://10.0.0.7/", Some(WebSetupError::InClear)),
        ("http://example.test/", Some(WebSetupError::InClear)),
        ("http://localhost.example.test/", Some(WebSetupError::InClear)),
        ("ftp://127.0.0.1/", Some(WebSetupError::BadAddress)),
        ("file:///etc/passwd", Some(WebSetupError::BadAddress)),
        ("price", Some(WebSetupError::BadAddress)),
    ] {
        assert_eq!(Web::new(&place(url, Duration::from_secs(1))).err(), expected, "{url}");
    }
    let bad = WebPlace {
        headers: vec![("x-api-key".to_owned(), Secret::new("a\nb"))],
        ..place("https://a.test", Duration::from_secs(1))
    };
    assert_eq!(Web::new(&bad).err(), Some(WebSetupError::BadHeader("x-api-key".to_owned())));
}
