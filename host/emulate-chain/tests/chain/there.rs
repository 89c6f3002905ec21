//! An emulator, clients of it, and a taker with some money.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use puppet_emulate_chain::{EmulatedChain, SOL, Settings, USDC};
use reqwest::{Client, Method};
use serde_json::{Value, json};
use solana_address::Address;
use solana_commitment_config::CommitmentConfig;
use solana_instruction::{AccountMeta, Instruction};
use solana_keypair::Keypair;
use solana_message::{AddressLookupTableAccount, VersionedMessage, v0};
use solana_rpc_client::nonblocking::rpc_client::RpcClient;
use solana_signature::Signature;
use solana_signer::Signer as _;
use solana_transaction::versioned::VersionedTransaction;

pub const BONK: Address = Address::from_str_const("DezXAZ8z7PnrnRJjz3wXBoRgixCa6xjnB7YaB1pPB263");
pub const PYUSD: Address = Address::from_str_const("2b1kV6DkPAnxd5ixfnxCpjxmKwqjjaYmCZfHsFu24GXo");

/// Of the taker at the beginning.
pub const LAMPORTS: u64 = 10_000_000_000;
pub const DOLLARS: u64 = 1_000_000_000;

pub struct There {
    pub chain: EmulatedChain,
    pub rpc: RpcClient,
    pub taker: Keypair,
    http: Client,
}

impl There {
    pub async fn start() -> Self {
        Self::with(Settings::default()).await
    }

    pub async fn with(settings: Settings) -> Self {
        puppet_reach::ready();
        let chain = EmulatedChain::start(settings).await.unwrap();
        let rpc = RpcClient::new_with_commitment(chain.solana(), CommitmentConfig::confirmed());
        let taker = Keypair::new_from_array([7; 32]);
        chain.airdrop(&taker.pubkey(), LAMPORTS).unwrap();
        chain.mint_to(&taker.pubkey(), &USDC, DOLLARS).unwrap();
        let http = Client::builder().retry(reqwest::retry::never()).build().unwrap();
        Self { chain, rpc, taker, http }
    }

    pub fn owner(&self) -> Address {
        self.taker.pubkey()
    }

    /// Asks below `/`; status, headers and JSON.
    pub async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> (u16, reqwest::header::HeaderMap, Value) {
        let url = format!("{}{path}", self.chain.url());
        let request = self.http.request(method, url).header("x-api-key", "a-key");
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        (status, headers, response.json().await.unwrap())
    }

    /// One that fails before there is an answer.
    pub async fn ask_in_vain(&self, path: &str) {
        let url = format!("{}{path}", self.chain.url());
        let sent = self.http.get(url).header("x-api-key", "a-key").send().await;
        assert!(sent.is_err(), "{sent:?}");
    }

    pub async fn order(&self, from: &Address, to: &Address, amount: u64) -> Value {
        self.order_without(from, to, amount, "").await
    }

    /// Some routers are excluded.
    pub async fn order_without(&self, from: &Address, to: &Address, amount: u64, without: &str) -> Value {
        let taker = self.owner();
        let swap = format!("inputMint={from}&outputMint={to}&amount={amount}&taker={taker}&slippageBps=100");
        let path = format!("/swap/v2/order?{swap}&excludeRouters={without}");
        let (status, _, order) = self.ask(Method::GET, &path, None).await;
        assert_eq!(status, 200, "{order}");
        order
    }

    /// Signs an order without looking at it, and has it executed.
    pub async fn execute(&self, order: &Value) -> Value {
        let body = json!({ "signedTransaction": self.signed(order), "requestId": order["requestId"] });
        self.ask(Method::POST, "/swap/v2/execute", Some(body)).await.2
    }

    pub fn signed(&self, order: &Value) -> String {
        let mut transaction = transaction(order);
        let message = transaction.message.serialize();
        let place = transaction.message.static_account_keys().iter().position(|key| *key == self.owner()).unwrap();
        transaction.signatures[place] = self.taker.sign_message(&message);
        BASE64_STANDARD.encode(wincode::serialize(&transaction).unwrap())
    }

    pub async fn built(&self, from: &Address, to: &Address, amount: u64) -> Value {
        let path = format!(
            "/swap/v2/build?inputMint={from}&outputMint={to}&amount={amount}&taker={}&slippageBps=100",
            self.owner()
        );
        let (status, _, built) = self.ask(Method::GET, &path, None).await;
        assert_eq!(status, 200, "{built}");
        built
    }

    /// Puts a build into a transaction without looking at it, signs and sends it.
    pub async fn send(&self, built: &Value) -> Result<Signature, Box<solana_rpc_client_api::client_error::Error>> {
        let mut all = Vec::new();
        for name in ["computeBudgetInstructions", "setupInstructions"] {
            all.extend(built[name].as_array().unwrap().iter().map(instruction));
        }
        all.push(instruction(&built["swapInstruction"]));
        all.extend(Some(&built["cleanupInstruction"]).filter(|one| !one.is_null()).map(instruction));
        all.extend(built["otherInstructions"].as_array().unwrap().iter().map(instruction));
        let tables: Vec<AddressLookupTableAccount> = built["addressesByLookupTableAddress"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(key, list)| {
                let addresses = list.as_array().unwrap().iter().map(address).collect();
                AddressLookupTableAccount { key: key.parse().unwrap(), addresses }
            })
            .collect();
        let hash = self.rpc.get_latest_blockhash().await?;
        let message = v0::Message::try_compile(&self.owner(), &all, &tables, hash).unwrap();
        let transaction = VersionedTransaction::try_new(VersionedMessage::V0(message), &[&self.taker]).unwrap();
        Ok(self.rpc.send_transaction(&transaction).await?)
    }

    pub fn lamports(&self) -> u64 {
        self.chain.lamports(&self.owner())
    }

    pub fn tokens(&self, mint: &Address) -> u64 {
        self.chain.tokens(&self.owner(), mint)
    }

    /// Lamports and all tokens of somebody.
    pub fn purse(&self, of: &Address) -> [u64; 4] {
        let tokens = |mint: &Address| self.chain.tokens(of, mint);
        [self.chain.lamports(of), tokens(&USDC), tokens(&BONK), tokens(&SOL)]
    }
}

pub fn transaction(order: &Value) -> VersionedTransaction {
    let bytes = BASE64_STANDARD.decode(order["transaction"].as_str().unwrap()).unwrap();
    wincode::deserialize_exact(&bytes).unwrap()
}

pub fn number(value: &Value) -> u64 {
    value.as_str().map_or_else(|| value.as_u64().unwrap(), |text| text.parse().unwrap())
}

fn address(value: &Value) -> Address {
    value.as_str().unwrap().parse().unwrap()
}

fn instruction(value: &Value) -> Instruction {
    let account = |one: &Value| AccountMeta {
        pubkey: address(&one["pubkey"]),
        is_signer: one["isSigner"].as_bool().unwrap(),
        is_writable: one["isWritable"].as_bool().unwrap(),
    };
    Instruction {
        program_id: address(&value["programId"]),
        accounts: value["accounts"].as_array().unwrap().iter().map(account).collect(),
        data: BASE64_STANDARD.decode(value["data"].as_str().unwrap()).unwrap(),
    }
}
