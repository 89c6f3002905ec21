//! `[log]` and `[trace]`: how what a host does can be watched from outside.

use serde::Serialize;

use super::read::Section;
use crate::trouble::Result;

/// `[log]`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Log {
    /// An object on each line, in place of text.
    pub json: bool,
}

/// `[trace]`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Trace {
    /// The collector that spans are sent to; `None`: nobody looks at them.
    pub otlp: Option<String>,
}

impl Log {
    pub(super) fn read(section: &Section<'_>) -> Result<Self> {
        Ok(Self { json: section.boolean("json")?.is_some_and(|json| json.value) })
    }
}

impl Trace {
    pub(super) fn read(section: &Section<'_>) -> Result<Self> {
        let address = |text: &str| puppet_api::trace::endpoint(text).is_ok().then(|| text.to_owned());
        let expected = "an address without a password, for example \"http://127.0.0.1:4318\"";
        Ok(Self { otlp: section.parsed("otlp", expected, address)?.map(|address| address.value) })
    }
}

#[cfg(test)]
mod tests {
    use crate::config::{Config, of_file};

    fn read(text: &str) -> Result<Config, String> {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("puppet.toml");
        std::fs::write(&file, text).unwrap();
        of_file(&file).map_err(|trouble| trouble.to_string())
    }

    #[test]
    fn a_collector_is_an_address_of_http() {
        let config = read("[log]\njson = true\n[trace]\notlp = \"http://127.0.0.1:4318\"\n").unwrap();
        assert_eq!((config.log.json, config.trace.otlp.as_deref()), (true, Some("http://127.0.0.1:4318")));
        for (text, said) in [
            ("[trace]\notlp = \"127.0.0.1:4317\"\n", "trace.otlp"),
            ("[trace]\notlp = \"https://a:b@collector.example\"\n", "trace.otlp"),
            ("[log]\njson = \"yes\"\n", "log.json"),
            ("[log]\nlevel = \"info\"\n", "log.level"),
        ] {
            let told = read(text).unwrap_err();
            assert!(told.contains(said) && !told.contains("a:b"), "{text}: {told}");
        }
    }
}
