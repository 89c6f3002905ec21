//! A node that knows one wallet: JSON-RPC on loopback, as a stock client asks it.

use std::{
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
};

use puppet_solana::{Address, Network, programs};
use puppet_types::trade::Mint;
use serde_json::{Value, json};

/// What is on the chain.
#[derive(Debug, Clone)]
pub struct Chain {
    /// By the first block's hash.
    pub genesis: String,
    /// Of the wallet that is asked for, whichever it is.
    pub lamports: u64,
    /// Mint, program, decimals, amount.
    pub tokens: Vec<(Address, Address, u8, u64)>,
    /// Methods that were called.
    pub asked: Vec<String>,
}

impl Chain {
    /// One of a public network, with SOL, USDC and a token that nobody has named.
    pub fn of(network: Network) -> Self {
        let mint = |text: &str| text.parse().unwrap();
        Self {
            genesis: network.genesis().unwrap_or("a localnet's own").to_owned(),
            lamports: 1_500_000_000,
            tokens: vec![
                (mint("EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v"), programs::TOKEN, 6, 12_500_000),
                (mint("2b1kV6DkPAnxd5ixfnxCpjxmKwqjjaYmCZfHsFu24GXo"), programs::TOKEN_2022, 2, 777),
            ],
            asked: Vec::new(),
        }
    }
}

/// The address of a node that answers from this chain.
pub fn node(chain: Chain) -> (String, Arc<Mutex<Chain>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let chain = Arc::new(Mutex::new(chain));
    let shared = Arc::clone(&chain);
    std::thread::spawn(move || {
        for socket in listener.incoming().map_while(Result::ok) {
            let chain = Arc::clone(&shared);
            std::thread::spawn(move || serve(socket, &chain));
        }
    });
    (url, chain)
}

fn serve(mut socket: TcpStream, chain: &Mutex<Chain>) {
    let mut bytes = Vec::new();
    let request = loop {
        let mut buffer = [0; 8_192];
        let n = socket.read(&mut buffer).unwrap_or(0);
        bytes.extend_from_slice(&buffer[..n]);
        let text = String::from_utf8_lossy(&bytes);
        if let Some((_, body)) = text.split_once("\r\n\r\n")
            && let Ok(request) = serde_json::from_str::<Value>(body)
        {
            break request;
        }
        if n == 0 {
            return;
        }
    };
    let result = answer(&request, &mut chain.lock().unwrap());
    let body = json!({ "jsonrpc": "2.0", "id": request["id"], "result": result }).to_string();
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    let _ = socket.write_all((head + &body).as_bytes());
}

fn answer(request: &Value, chain: &mut Chain) -> Value {
    let method = request["method"].as_str().unwrap();
    chain.asked.push(method.to_owned());
    let asked = &request["params"];
    let with = |value: Value| json!({ "context": { "slot": 7, "apiVersion": "4.0.0" }, "value": value });
    match method {
        "getGenesisHash" => chain.genesis.clone().into(),
        "getTokenAccountsByOwner" => {
            let program = asked[1]["programId"].as_str().unwrap();
            let owner: Address = asked[0].as_str().unwrap().parse().unwrap();
            let its = chain.tokens.iter().filter(|(_, of, ..)| of.to_string() == program);
            let keyed = its.map(|(mint, of, ..)| {
                let address = programs::associated(&owner, mint, of).to_string();
                json!({ "pubkey": address, "account": account(0, of, &[]) })
            });
            with(keyed.collect())
        }
        "getMultipleAccounts" => {
            let wanted = asked[0].as_array().unwrap();
            // The wallet is asked for first; mints are asked for alone.
            let owner: Address = wanted[0].as_str().unwrap().parse().unwrap();
            with(wanted.iter().map(|address| one(address.as_str().unwrap(), &owner, chain)).collect())
        }
        "requestAirdrop" => {
            chain.lamports += asked[1].as_u64().unwrap();
            "1".repeat(64).into()
        }
        "getSignatureStatuses" => {
            let status = json!({ "slot": 7, "confirmations": 3, "err": null, "status": { "Ok": null },
                "confirmationStatus": "confirmed" });
            with(json!([status]))
        }
        other => panic!("nobody asks for {other}"),
    }
}

fn one(address: &str, owner: &Address, chain: &Chain) -> Value {
    for (mint, program, decimals, amount) in &chain.tokens {
        if mint.to_string() == address {
            let mut data = [0; 82];
            (data[44], data[45]) = (*decimals, 1);
            return account(1_461_600, program, &data);
        }
        if programs::associated(owner, mint, program).to_string() == address {
            let mut data = [0; 165];
            data[..32].copy_from_slice(mint.as_ref());
            data[32..64].copy_from_slice(owner.as_ref());
            data[64..72].copy_from_slice(&amount.to_le_bytes());
            data[108] = 1;
            return account(2_039_280, program, &data);
        }
    }
    if address == Mint::SOL {
        let mut data = [0; 82];
        (data[44], data[45]) = (9, 1);
        return account(1_461_600, &programs::TOKEN, &data);
    }
    account(chain.lamports, &programs::SYSTEM, &[])
}

fn account(lamports: u64, owner: &Address, data: &[u8]) -> Value {
    json!({ "lamports": lamports, "owner": owner.to_string(), "data": [base64(data), "base64"], "executable": false,
        "rentEpoch": 0, "space": data.len() })
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let number = three.iter().enumerate().fold(0_u32, |sum, (n, byte)| sum | u32::from(*byte) << (16 - 8 * n));
        for place in 0..4 {
            let is_there = place <= three.len();
            let letter = LETTERS[(number >> (18 - 6 * place) & 63) as usize];
            text.push(if is_there { char::from(letter) } else { '=' });
        }
    }
    text
}
