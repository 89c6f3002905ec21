//! The emulated chain through the program: served where it was built in, and told what to run where it was not.

#[cfg(not(feature = "emulate-chain"))]
#[test]
fn a_program_without_the_chain_says_what_to_run() {
    use crate::support::run;

    let folder = tempfile::tempdir().unwrap();
    let asked: [&[&str]; 4] = [
        &["emulate", "--solana", "--for", "1ms"],
        &["emulate", "--x", "--jupiter"],
        &["run", "--emulate", "solana,jupiter"],
        &["paper", "dca", "--market", "SOL/USDC", "--emulate", "solana,jupiter"],
    ];
    for args in asked {
        let told = run(folder.path(), args).exits(2).stderr;
        assert!(told.contains("not-built-in") && told.contains("cargo build --features emulate-chain"), "{told}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "and makes no data folder");
    run(folder.path(), &["run", "--emulate", "moon"]).exits(2);
}

#[cfg(feature = "emulate-chain")]
mod with_it {
    use std::{
        io::{Read as _, Write as _},
        net::TcpStream,
    };

    use serde_json::{Value, json};

    use crate::support::{Running, run};

    /// Asks for a method of JSON-RPC.
    fn ask(url: &str, method: &str) -> Value {
        let address = url.strip_prefix("http://").unwrap();
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method }).to_string();
        let mut stream = TcpStream::connect(address).unwrap();
        let length = body.len();
        let head =
            format!("POST / HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n");
        stream.write_all((head + &body).as_bytes()).unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        serde_json::from_str(text.split("\r\n\r\n").nth(1).unwrap()).unwrap()
    }

    #[test]
    fn a_host_serves_the_chain_and_says_where() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join(".puppet");
        let host = Running::start(folder.path(), &data, &["--emulate", "solana,jupiter"]);
        let ready: Value = serde_json::from_str(&std::fs::read_to_string(data.join("run.json")).unwrap()).unwrap();
        let url = ready["emulators"]["solana"].as_str().unwrap();
        assert_eq!(ready["emulators"]["jupiter"], format!("{url}/swap/v2"));
        assert_eq!(ask(url, "getHealth")["result"], "ok");
        assert_eq!(host.stop(), 0);
        assert!(TcpStream::connect(url.strip_prefix("http://").unwrap()).is_err(), "gone with its host");
    }

    #[test]
    fn the_chain_is_emulated_by_itself_with_its_addresses() {
        let folder = tempfile::tempdir().unwrap();
        let told = run(folder.path(), &["emulate", "--solana", "--for", "1ms", "--json"]).exits(0).json();
        assert!(told["x"].is_null() && told["llm"].is_null());
        let url = told["solana"].as_str().unwrap();
        assert_eq!(
            (&told["jupiter"], &told["chain"]),
            (&format!("{url}/swap/v2").into(), &format!("{url}/_emulator").into())
        );
    }
}
