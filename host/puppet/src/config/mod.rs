//! The configuration: defaults, under `puppet.toml`, under the environment (with `.env` beside it).
//! Strict: what is not understood is an error that names the file, the line, the key and the nearest known one.
//! Not here: the flags of the command line, and the check of `[sandbox]` (the sandbox knows its own limits).

pub mod api;
mod credentials;
mod dotenv;
mod effective;
pub mod environment;
pub mod fields;
pub mod grants_file;
mod http;
mod key_source;
mod load;
#[cfg(test)]
mod load_tests;
mod money;
mod observed;
mod origin;
mod overlay;
mod providers;
mod read;
mod routing;
mod settings;
mod suggest;
pub mod trading;
mod tweet;
mod write;

pub use api::{Api, TlsFiles};
pub use credentials::{Credential, CredentialPlace};
pub use effective::Setting;
pub use environment::{ENVIRONMENT, Variable};
pub use http::{Http, HttpCredential};
pub use key_source::KeySource;
pub use load::check;
#[cfg(test)]
pub use load::of_file;
pub use money::usd;
pub use origin::{Level, Origin, Warning};
pub use overlay::NO_SCRAPING;
pub use puppet_types::Secret;
pub use routing::{Breaker, Cache, Routing};
pub use settings::{
    Approvals, Config, Generator, Generators, Host, Invocation, Journal, Llm, LogLevel, Memory, Packs, Price, Provider,
    Store,
};
pub use suggest::{nearest, remedy};
pub use trading::{
    RpcPlace, SecondPrice, Trading, TradingWallet, TrendingList, WebSource, lacks_second, rules_file, second_remedy,
};
pub use tweet::{Mentions, NamedKey, Policy, Tweet, TweetProvider, X, XAccount, XApp, XKey, XSigns};
pub use write::change;
