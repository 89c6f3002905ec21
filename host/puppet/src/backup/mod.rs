//! A backup: what a deployment is, of its data folder, in one plain tar. `MANIFEST` comes first and pins every file after
//! it; whoever reads it believes nothing else. What only a running host needs (locks, sockets, logs) is not in it, nor
//! what lies beside the folder (`puppet.toml`, `grants.toml`, `.env`, `agents/`).

mod listing;
mod unpack;
mod write;

pub use listing::{Listed, Listing};
pub use unpack::{cannot_write, unpack};
pub use write::{Changed, write};

/// The first file.
const MANIFEST: &str = "MANIFEST";

/// The database.
pub const DATABASE: &str = "puppet.db";

/// Files of a data folder that belong to a deployment, beside the database and the installed packs.
const FILES: [&str; 4] =
    [crate::commands::run::SECRET, puppet_packs::SECRETS_FILE, puppet_packs::LOCK_FILE, "simulated.json"];

/// What a deployment has outside of its data folder.
pub const OUTSIDE: [&str; 4] = ["puppet.toml", "grants.toml", ".env", "agents/"];

/// Whether a file of this path may be in a backup: it stays below its folder.
fn belongs(path: &str) -> bool {
    let in_packs = path.strip_prefix("packs/").is_some_and(|rest| {
        let mut parts = rest.split('/');
        !rest.starts_with('.') && parts.all(|part| !matches!(part, "" | "." | "..")) && !path.contains(['\\', '\0'])
    });
    in_packs || path == DATABASE || FILES.contains(&path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_of_a_data_folder_belongs() {
        for path in ["puppet.db", "host.secret", "puppet.lock", "packs/ember/0.1.0-0123/assets/.hidden"] {
            assert!(belongs(path), "{path}");
        }
        for path in [
            "control.sock",
            "puppet.db-wal",
            "packs/.lock",
            "packs/../x",
            "packs/a/./b",
            "packs//b",
            "/etc/x",
            "../x",
            "",
        ] {
            assert!(!belongs(path), "{path}");
        }
    }
}
