//! What every command starts from: the configuration, the data folder, and what was odd about them.

use std::{path::PathBuf, sync::Arc};

use crate::{
    cli::Common,
    config::{Config, Warning},
    control::Inside,
    credentials::Resolved,
    output::Output,
    trouble::Result,
};

/// A command's surroundings.
#[derive(Debug)]
pub struct Setup {
    /// In effect.
    pub config: Config,
    /// Where the configuration file is, or would be.
    pub home: PathBuf,
    /// The data folder.
    pub data: PathBuf,
    /// What is worth saying about the configuration.
    pub warnings: Vec<Warning>,
    /// Credentials that were needed so far.
    pub resolved: Arc<Resolved>,
    /// Where native code of components is kept.
    pub cache: Option<PathBuf>,
    /// The host that these are the surroundings in: it is spoken to directly, and its rows are read as it has them. None for a
    /// command, which reaches a host through the data folder.
    pub inside: Option<Inside>,
}

impl Setup {
    /// Reads the configuration. `--data` wins over it.
    pub fn new(common: &Common) -> Result<Self> {
        let (config, warnings) = Config::of_process(common.config.as_deref())?;
        let home = common.config.as_deref().and_then(|file| file.parent()).map(PathBuf::from).unwrap_or_default();
        let data = common.data.clone().unwrap_or_else(|| config.host.data.clone());
        let resolved = Arc::new(Resolved::new(&config));
        Ok(Self { config, home, data, warnings, resolved, cache: cache(), inside: None })
    }

    /// The same for what works inside a host.
    pub fn within(&self, inside: Inside) -> Self {
        Self {
            config: self.config.clone(),
            home: self.home.clone(),
            data: self.data.clone(),
            warnings: Vec::new(),
            resolved: Arc::clone(&self.resolved),
            cache: self.cache.clone(),
            inside: Some(inside),
        }
    }

    /// Says what is odd, on stderr.
    pub fn warn(&self, out: Output) {
        for warning in self.warnings.iter().filter(|warning| warning.level == crate::config::Level::Warning) {
            out.note(warning);
        }
    }
}

/// `PUPPET_CACHE`, or the user's cache folder. Without either components are compiled anew each time.
fn cache() -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    set("PUPPET_CACHE")
        .or_else(|| set("XDG_CACHE_HOME").map(|folder| folder.join("puppet")))
        .or_else(|| set("HOME").map(|folder| folder.join(".cache/puppet")))
}
