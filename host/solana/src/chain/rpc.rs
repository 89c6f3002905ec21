//! A node over JSON-RPC, by Solana's own client. Each question has an end: the client itself would try again on a 429 for
//! as long as it likes.

use std::{fmt, future::Future, time::Duration};

use async_trait::async_trait;
use puppet_types::{MASK, Secret, scrub};
use serde::Deserialize;
use serde_json::json;
use solana_account_decoder_client_types::{UiAccount, UiAccountEncoding};
use solana_address::Address;
use solana_commitment_config::{CommitmentConfig, CommitmentLevel};
use solana_rpc_client::{nonblocking::rpc_client::RpcClient, rpc_client::SerializableTransaction};
use solana_rpc_client_api::{
    client_error::{Error, ErrorKind},
    config::{RpcSendTransactionConfig, RpcSimulateTransactionAccountsConfig, RpcSimulateTransactionConfig},
    request::{RpcError, RpcRequest},
};
use solana_signature::Signature;
use solana_transaction::versioned::VersionedTransaction;

use super::{Blockhash, Chain, ChainError, Record, Simulation, Status, record};
use crate::{
    accounts::Account,
    host_of,
    network::{Acknowledged, NetworkError},
    programs::{TOKEN, TOKEN_2022},
};

/// Accounts of one question.
const AT_ONCE: usize = 100;
/// Token accounts of a wallet. Dust arrives unasked; what is over this is told, not left out.
const MOST_ACCOUNTS: usize = 1_000;
/// Characters of what a node says.
const WORDS: usize = 300;
/// A node that has not seen a slot.
const BEHIND: [i64; 3] = [-32_005, -32_004, -32_016];
/// Of a hundred fees that others paid, the one that is taken.
const PERCENTILE: usize = 75;

/// Where a node is.
#[derive(Clone)]
pub struct RpcSettings {
    /// Its address, which may hold a key.
    pub endpoint: Secret,
    /// For one question, however often the client asks it.
    pub timeout: Duration,
    /// Which network it has to be of.
    pub network: Acknowledged,
}

impl RpcSettings {
    /// For one question, where nothing is said.
    pub const TIMEOUT: Duration = Duration::from_secs(20);
}

/// Why a node cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RpcSetupError {
    /// Not an address.
    #[error("the address of the RPC endpoint is no http or https address")]
    BadAddress,
    /// Keys in the address, and what is sent, would be readable on their way.
    #[error("the address of the RPC endpoint is plain http: that is for this machine only")]
    InClear,
    /// It does not answer.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// It is of another network.
    #[error(transparent)]
    Network(#[from] NetworkError),
}

/// A node.
pub struct Rpc {
    client: RpcClient,
    /// For people.
    host: String,
    timeout: Duration,
    network: Acknowledged,
}

impl fmt::Debug for Rpc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rpc")
            .field("network", &self.network.network())
            .field("endpoint", &format_args!("{MASK}"))
            .finish()
    }
}

impl Rpc {
    /// Checks the address. Nothing is sent.
    ///
    /// # Errors
    /// It cannot be used.
    pub fn new(settings: &RpcSettings) -> Result<Self, RpcSetupError> {
        let endpoint = settings.endpoint.expose();
        let url = reqwest::Url::parse(endpoint).map_err(|_| RpcSetupError::BadAddress)?;
        match url.scheme() {
            _ if url.host_str().is_none() => return Err(RpcSetupError::BadAddress),
            "https" => {}
            "http" if puppet_reach::is_this_machine(&url) => {}
            "http" => return Err(RpcSetupError::InClear),
            _ => return Err(RpcSetupError::BadAddress),
        }
        puppet_reach::ready();
        let confirmed = CommitmentConfig::confirmed();
        let client = RpcClient::new_with_timeout_and_commitment(endpoint.to_owned(), settings.timeout, confirmed);
        Ok(Self { client, host: host_of(&url), timeout: settings.timeout, network: settings.network })
    }

    /// Asks which network the node is of. Called once, before anything else.
    ///
    /// # Errors
    /// It is of another, or does not say.
    pub async fn check_network(&self) -> Result<(), RpcSetupError> {
        Ok(self.network.agrees(&self.genesis().await?)?)
    }

    /// Asks for free SOL. There is none on mainnet.
    ///
    /// # Errors
    /// The node gives none.
    pub async fn airdrop(&self, to: &Address, lamports: u64) -> Result<Signature, ChainError> {
        self.within(self.client.request_airdrop(to, lamports)).await
    }

    async fn within<T>(&self, asked: impl Future<Output = Result<T, Error>>) -> Result<T, ChainError> {
        match tokio::time::timeout(self.timeout, asked).await {
            Ok(answer) => answer.map_err(|error| self.told(&error)),
            Err(_) => Err(ChainError::TimedOut(self.host.clone())),
        }
    }

    /// What went wrong, without the endpoint's address: the client's own words hold it.
    fn told(&self, error: &Error) -> ChainError {
        match error.kind.as_ref() {
            ErrorKind::Reqwest(error) if error.is_timeout() => ChainError::TimedOut(self.host.clone()),
            ErrorKind::Reqwest(error) if error.status().is_some_and(|status| status.as_u16() == 429) => {
                ChainError::RateLimited(self.host.clone())
            }
            ErrorKind::Reqwest(error) if error.is_decode() => ChainError::Unreadable("no JSON"),
            ErrorKind::RpcError(RpcError::RpcResponseError { code, .. }) if BEHIND.contains(code) => ChainError::Behind,
            ErrorKind::RpcError(RpcError::RpcResponseError { message, .. }) => ChainError::Refused(said(message)),
            ErrorKind::TransactionError(error) => ChainError::Refused(said(&error.to_string())),
            ErrorKind::RpcError(_) | ErrorKind::SerdeJson(_) => ChainError::Unreadable("another shape"),
            _ => ChainError::Unreachable(self.host.clone()),
        }
    }
}

/// What stands around an answer.
#[derive(Deserialize)]
struct Context<T> {
    value: T,
}

#[derive(Deserialize)]
struct Keyed {
    pubkey: String,
}

#[async_trait]
impl Chain for Rpc {
    async fn genesis(&self) -> Result<String, ChainError> {
        Ok(self.within(self.client.get_genesis_hash()).await?.to_string())
    }

    async fn accounts(&self, addresses: &[Address]) -> Result<Vec<Option<Account>>, ChainError> {
        let mut all = Vec::with_capacity(addresses.len());
        for some in addresses.chunks(AT_ONCE) {
            let names: Vec<String> = some.iter().map(Address::to_string).collect();
            let how = json!({ "encoding": "base64", "commitment": "confirmed" });
            let asked = self.client.send(RpcRequest::GetMultipleAccounts, json!([names, how]));
            let answer: Context<Vec<Option<UiAccount>>> = self.within(asked).await?;
            if answer.value.len() != some.len() {
                return Err(ChainError::Unreadable("another number of accounts than was asked for"));
            }
            for account in answer.value {
                all.push(account.map(read).transpose()?);
            }
        }
        Ok(all)
    }

    async fn token_accounts(&self, wallet: &Address) -> Result<Vec<Address>, ChainError> {
        let mut all = Vec::new();
        for program in [TOKEN, TOKEN_2022] {
            // Addresses only: what is in them is asked for all at one moment.
            let how = json!({
                "encoding": "base64", "commitment": "confirmed", "dataSlice": { "offset": 0, "length": 0 },
            });
            let of = json!([wallet.to_string(), { "programId": program.to_string() }, how]);
            let asked = self.client.send(RpcRequest::GetTokenAccountsByOwner, of);
            let answer: Context<Vec<Keyed>> = self.within(asked).await?;
            for keyed in answer.value {
                let address = keyed.pubkey.parse().map_err(|_| ChainError::Unreadable("an address that is none"))?;
                all.push(address);
            }
        }
        if all.len() > MOST_ACCOUNTS {
            return Err(ChainError::Refused(format!("the wallet has {} token accounts: close some", all.len())));
        }
        Ok(all)
    }

    async fn blockhash(&self) -> Result<Blockhash, ChainError> {
        let asked = self.client.get_latest_blockhash_with_commitment(CommitmentConfig::confirmed());
        let (hash, last_valid_height) = self.within(asked).await?;
        Ok(Blockhash { hash, last_valid_height })
    }

    async fn finalized_height(&self) -> Result<u64, ChainError> {
        self.within(self.client.get_block_height_with_commitment(CommitmentConfig::finalized())).await
    }

    async fn simulate(&self, transaction: &VersionedTransaction, watch: &[Address]) -> Result<Simulation, ChainError> {
        let accounts = RpcSimulateTransactionAccountsConfig {
            encoding: Some(UiAccountEncoding::Base64),
            addresses: watch.iter().map(Address::to_string).collect(),
        };
        let how = RpcSimulateTransactionConfig {
            sig_verify: false,
            replace_recent_blockhash: false,
            commitment: Some(CommitmentConfig::confirmed()),
            accounts: (!watch.is_empty()).then_some(accounts),
            ..RpcSimulateTransactionConfig::default()
        };
        let tried = self.within(self.client.simulate_transaction_with_config(transaction, how)).await?.value;
        let accounts = tried.accounts.unwrap_or_default();
        if tried.err.is_none() && accounts.len() != watch.len() {
            return Err(ChainError::Unreadable("another number of accounts than was asked for"));
        }
        Ok(Simulation {
            error: tried.err.map(|error| said(&error.to_string())),
            accounts: accounts.into_iter().map(|account| account.map(read).transpose()).collect::<Result<_, _>>()?,
            units: tried.units_consumed,
        })
    }

    async fn send(&self, transaction: &VersionedTransaction) -> Result<(), ChainError> {
        let how = RpcSendTransactionConfig {
            preflight_commitment: Some(CommitmentLevel::Confirmed),
            ..RpcSendTransactionConfig::default()
        };
        let signature = self.within(self.client.send_transaction_with_config(transaction, how)).await?;
        if signature != *transaction.get_signature() {
            return Err(ChainError::Unreadable("another signature than that of what was sent"));
        }
        Ok(())
    }

    async fn status(&self, signature: &Signature) -> Result<Option<Status>, ChainError> {
        let asked = [*signature];
        let answer = self.within(self.client.get_signature_statuses_with_history(&asked)).await?.value;
        let [status] = answer.as_slice() else {
            return Err(ChainError::Unreadable("another number of statuses than was asked for"));
        };
        Ok(status.as_ref().map(|status| Status {
            slot: status.slot,
            error: status.err.as_ref().map(|error| said(&error.to_string())),
            is_confirmed: status.satisfies_commitment(CommitmentConfig::confirmed()),
            is_finalized: status.satisfies_commitment(CommitmentConfig::finalized()),
        }))
    }

    async fn record(&self, signature: &Signature) -> Result<Option<Record>, ChainError> {
        let asked = self.client.send(RpcRequest::GetTransaction, record::question(signature));
        let kept: Option<record::Kept> = self.within(asked).await?;
        kept.map(|kept| kept.read(signature)).transpose()
    }

    async fn priority_fee(&self, accounts: &[Address]) -> Result<u64, ChainError> {
        let fees = self.within(self.client.get_recent_prioritization_fees(accounts)).await?;
        let mut fees: Vec<u64> = fees.into_iter().map(|fee| fee.prioritization_fee).collect();
        fees.sort_unstable();
        Ok(fees.get(fees.len() * PERCENTILE / 100).copied().unwrap_or(0))
    }
}

fn read(account: UiAccount) -> Result<Account, ChainError> {
    let owner = account.owner.parse().map_err(|_| ChainError::Unreadable("an owner that is no address"))?;
    let data = account.data.decode().ok_or(ChainError::Unreadable("an account in an encoding not asked for"))?;
    Ok(Account { lamports: account.lamports, owner, data })
}

/// A node's words, on one line of bounded length.
fn said(words: &str) -> String {
    let words = scrub::text(words).split_whitespace().collect::<Vec<_>>().join(" ");
    words.chars().take(WORDS).collect()
}
