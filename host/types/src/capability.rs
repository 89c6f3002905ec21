//! The host interfaces a plugin may import (`wit/`).

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! capabilities {
    ($($(#[$doc:meta])* $variant:ident $name:literal),+ $(,)?) => {
        /// A host interface. `agent` and `log` come with every plugin.
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum Capability { $($(#[$doc])* $variant),+ }

        impl Capability {
            /// All of them, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];
            /// The name in WIT, manifests and reports.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }
            /// By name.
            pub fn parse(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

capabilities! {
    /// Persona, mood, relationships.
    Agent "agent",
    /// The plugin's own log.
    Log "log",
    /// Language models.
    Llm "llm",
    /// The agent's account.
    Tweet "tweet",
    /// What it remembers.
    Memory "memory",
    /// Timers.
    Schedule "schedule",
    /// A blob of the plugin's own.
    State "state",
    /// Events of the plugin's making.
    Events "events",
    /// Prices and candles.
    Market "market",
    /// Balances and swaps.
    Wallet "wallet",
    /// Granted hosts.
    Http "http",
}

impl Capability {
    /// `agent` and `log` need no request.
    pub const fn comes_with_every_plugin(self) -> bool {
        matches!(self, Self::Agent | Self::Log)
    }
    /// Index into tables of counters.
    pub const fn index(self) -> usize {
        self as usize
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
