//! Where bytes from outside come in, one function each, for `tests/fuzz` and for the replay of its corpus. Each answers
//! whether it takes the bytes. None may panic, hang or take more memory than its input calls for. Calls of capabilities
//! are read out of bytes (`puppet_types::fuzz`); what must hold of them is in `puppet_engine::fuzz`.

use std::{io, path::Path};

use puppet_engine::fuzz::calls;
use puppet_packs::{Manifest, Pack, archive, import};
use puppet_sandbox::inspect;
use puppet_types::Capability;
use tokio::runtime::{Builder, Runtime};

use crate::config::grants_file;

/// A way in.
pub type Entry = fn(&[u8]) -> bool;

/// Every way in, by the name of its target and of its folder in the corpus.
pub const ENTRIES: [(&str, Entry); 17] = [
    ("manifest", manifest),
    ("grants", grants),
    ("pack", pack),
    ("archive", archive),
    ("agent-file", agent_file),
    ("component", component),
    ("calls-agent", calls_agent),
    ("calls-events", calls_events),
    ("calls-http", calls_http),
    ("calls-llm", calls_llm),
    ("calls-log", calls_log),
    ("calls-market", calls_market),
    ("calls-memory", calls_memory),
    ("calls-schedule", calls_schedule),
    ("calls-state", calls_state),
    ("calls-tweet", calls_tweet),
    ("calls-wallet", calls_wallet),
];

/// What stands between the two texts of a pack.
const BETWEEN: &str = "\n---\n";

/// `pack.toml`.
pub fn manifest(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok_and(|text| Manifest::parse(text, Path::new("pack.toml")).is_ok())
}

/// `grants.toml`.
pub fn grants(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok_and(|text| grants_file::parse(text, Path::new("grants.toml")).is_ok())
}

/// A pack: `pack.toml`, and after a line `---` its persona.
pub fn pack(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let (pack, persona) = text.split_once(BETWEEN).map_or((text, None), |(pack, persona)| (pack, Some(persona)));
    Pack::from_texts(Path::new("pack"), pack, persona).is_ok()
}

/// The archive of a pack, with its signature.
pub fn archive(bytes: &[u8]) -> bool {
    let name = Path::new("a.puppet");
    let Ok(unpacked) = archive::read(bytes, name) else { return false };
    // What was taken is what would be written: the same content is the same bytes.
    let mut again = Vec::new();
    let written = archive::write(&unpacked.contents, unpacked.signature.as_deref(), &mut again);
    assert!(written.is_ok() && again == bytes, "it is read as something else");
    Pack::from_contents(name, &unpacked.contents).is_ok()
}

/// An agent file of the original engine.
pub fn agent_file(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok_and(|text| import::agent_file(Path::new("agent.json"), text).is_ok())
}

/// A component, as far as it is read before anything is compiled.
pub fn component(bytes: &[u8]) -> bool {
    inspect(bytes).is_ok()
}

/// Calls of one capability, one after the other in one invocation.
fn calls_of(capability: Capability, bytes: &[u8]) -> bool {
    thread_local! {
        // Reads wait for a thread that has the rows. Made once: it costs more than the calls.
        static RUNTIME: io::Result<Runtime> = Builder::new_current_thread().build();
    }
    RUNTIME.with(|runtime| runtime.as_ref().is_ok_and(|runtime| runtime.block_on(calls(capability, bytes))))
}

macro_rules! calls {
    ($($function:ident $capability:ident;)+) => {
        $(#[doc = concat!("Calls of `", stringify!($capability), "`.")]
        pub fn $function(bytes: &[u8]) -> bool {
            calls_of(Capability::$capability, bytes)
        })+
    };
}

calls! {
    calls_agent Agent;
    calls_events Events;
    calls_http Http;
    calls_llm Llm;
    calls_log Log;
    calls_market Market;
    calls_memory Memory;
    calls_schedule Schedule;
    calls_state State;
    calls_tweet Tweet;
    calls_wallet Wallet;
}
