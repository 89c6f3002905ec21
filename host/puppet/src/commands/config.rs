//! `config`: what is in effect and where it comes from; secrets are masked.

use crate::{
    output::{List, Output, Table},
    sandboxed,
    setup::Setup,
    trouble::Result,
};

/// Runs it.
pub fn run(setup: &Setup, out: Output) -> Result<()> {
    sandboxed::config(setup)?;
    let mut settings = setup.config.effective();
    // The command line wins over the file.
    if setup.data != setup.config.host.data
        && let Some(data) = settings.iter_mut().find(|setting| setting.key == "host.data")
    {
        data.value = setup.data.display().to_string();
        data.origin = "--data".to_owned();
    }
    if out.json {
        let warnings: Vec<_> = setup.warnings.iter().map(ToString::to_string).collect();
        let list = List { schema: "puppet.config/1", items: settings, next: None };
        let mut value = serde_json::to_value(&list).map_err(crate::trouble::Trouble::internal)?;
        value["warnings"] = warnings.into();
        return out.object(&value);
    }
    let mut table = Table::new(&["key", "value", "from"]);
    for setting in settings {
        table.row([setting.key, setting.value, setting.origin]);
    }
    table.print(out)?;
    for warning in &setup.warnings {
        out.note(warning);
    }
    Ok(())
}
