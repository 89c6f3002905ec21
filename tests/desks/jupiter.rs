//! An exchange on this machine that quotes SOL for USDC as Jupiter does, for tests of desks.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
};

use serde_json::json;

/// Nine digits of SOL to six of USDC.
const UNIT: u128 = 1_000_000_000;

/// Answers each connection on a thread of its own, with their number; gives the address.
pub fn serve(answer: impl Fn(TcpStream, u64) + Clone + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for (asked, stream) in (0..).zip(listener.incoming().map_while(Result::ok)) {
            let answer = answer.clone();
            std::thread::spawn(move || answer(stream, asked));
        }
    });
    at
}

/// What was asked for: the head of a request. None: whoever asked is gone.
pub fn head(stream: &TcpStream) -> Option<String> {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    Some(head)
}

/// The quote that the head asks for, at a price of one SOL in millionths of a dollar.
pub fn quote(head: &str, price: u64) -> String {
    let query = head.split([' ', '?']).nth(2).unwrap_or_default();
    let field = |name: &str| {
        let mut fields = query.split('&').filter_map(|field| field.split_once('='));
        fields.find(|(key, _)| *key == name).map(|(_, value)| value.to_owned()).unwrap_or_default()
    };
    let amount: u64 = field("amount").parse().unwrap_or_default();
    let out = (u128::from(amount) * u128::from(price) / UNIT).to_string();
    json!({
        "inputMint": field("inputMint"), "outputMint": field("outputMint"), "inAmount": amount.to_string(),
        "outAmount": out, "otherAmountThreshold": out, "slippageBps": 50,
        "swapMode": "ExactIn", "transaction": null, "requestId": "any",
    })
    .to_string()
}

/// Gives the body. Whoever asked may be gone.
pub fn answer(mut stream: TcpStream, body: &str) {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length";
    let _ = write!(stream, "{head}: {}\r\n\r\n{body}", body.len());
}

/// Says nothing until whoever asked has gone.
pub fn say_nothing(mut stream: TcpStream) {
    let _ = stream.read(&mut [0]);
}
