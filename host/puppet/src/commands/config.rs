//! `config`: what is in effect and where it comes from; secrets are masked.

use serde::Serialize;

use crate::{
    config::Setting,
    output::{Output, Table},
    sandboxed,
    setup::Setup,
    trouble::Result,
};

/// `puppet.config/1`.
#[derive(Debug, Serialize)]
pub struct InEffect {
    schema: &'static str,
    /// Value by value.
    pub items: Vec<Setting>,
    next: Option<String>,
    /// What is odd about them.
    pub warnings: Vec<String>,
}

/// What is in effect.
pub fn in_effect(setup: &Setup) -> Result<InEffect> {
    sandboxed::config(setup)?;
    let mut items = setup.config.effective();
    // The command line wins over the file.
    if setup.data != setup.config.host.data
        && let Some(data) = items.iter_mut().find(|setting| setting.key == "host.data")
    {
        data.value = setup.data.display().to_string();
        data.origin = "--data".to_owned();
    }
    let warnings = setup.warnings.iter().map(ToString::to_string).collect();
    Ok(InEffect { schema: "puppet.config/1", items, next: None, warnings })
}

/// Runs it.
pub fn run(setup: &Setup, out: Output) -> Result<()> {
    let in_effect = in_effect(setup)?;
    if out.json {
        return out.object(&in_effect);
    }
    let mut table = Table::new(&["key", "value", "from"]);
    for setting in in_effect.items {
        table.row([setting.key, setting.value, setting.origin]);
    }
    table.print(out)?;
    for warning in &setup.warnings {
        out.note(warning);
    }
    Ok(())
}
