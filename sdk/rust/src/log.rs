//! Lines for the plugin's own log, kept with the invocation. Comes with every plugin.
//!
//! ```no_run
//! use puppet_sdk::prelude::*;
//!
//! log::info("the shop is open");
//! log::with("slot", "morning").with("left", 3).warn("a slot was lost");
//! ```

use std::fmt::Display;

use crate::bindings::imports::puppet::log::log as wit;
pub use wit::Level;

#[cfg(not(target_family = "wasm"))]
use crate::testing::sys::log as sys;
#[cfg(target_family = "wasm")]
use wit as sys;

/// One line.
///
/// ```
/// use puppet_sdk::prelude::*;
///
/// let run = testing::Host::new().within(|| {
///     log::log(log::Level::Info, "the oven is hot");
///     Ok(())
/// });
/// assert_eq!(run.log[0].message, "the oven is hot");
/// ```
pub fn log(level: Level, message: &str) {
    Fields::default().log(level, message);
}
/// For the author.
///
/// ```
/// use puppet_sdk::prelude::*;
///
/// let run = testing::Host::new().within(|| {
///     log::debug("the oven is hot");
///     Ok(())
/// });
/// assert_eq!(run.log[0].level, log::Level::Debug);
/// ```
pub fn debug(message: &str) {
    log(Level::Debug, message);
}
/// For the operator.
///
/// ```
/// use puppet_sdk::prelude::*;
///
/// let run = testing::Host::new().within(|| {
///     log::info("the oven is hot");
///     Ok(())
/// });
/// assert_eq!(run.log[0].level, log::Level::Info);
/// ```
pub fn info(message: &str) {
    log(Level::Info, message);
}
/// Something is odd.
///
/// ```
/// use puppet_sdk::prelude::*;
///
/// let run = testing::Host::new().within(|| {
///     log::warn("the oven is hot");
///     Ok(())
/// });
/// assert_eq!(run.log[0].level, log::Level::Warn);
/// ```
pub fn warn(message: &str) {
    log(Level::Warn, message);
}
/// Something is wrong.
///
/// ```
/// use puppet_sdk::prelude::*;
///
/// let run = testing::Host::new().within(|| {
///     log::error("the oven is hot");
///     Ok(())
/// });
/// assert_eq!(run.log[0].level, log::Level::Error);
/// ```
pub fn error(message: &str) {
    log(Level::Error, message);
}

/// What a line is about, by name: whoever reads the journal can look for it, which is hard within a sentence.
///
/// ```
/// use puppet_sdk::prelude::*;
///
/// let run = testing::Host::new().within(|| {
///     log::with("oven", 2).with("degrees", 230).info("hot");
///     Ok(())
/// });
/// assert_eq!(run.log[0].field("degrees"), Some("230"));
/// ```
pub fn with(name: &str, value: impl Display) -> Fields {
    Fields::default().with(name, value)
}

/// The fields of a line in the making.
#[derive(Debug, Clone, Default)]
#[must_use = "fields are logged by `debug`, `info`, `warn` or `error`"]
pub struct Fields(Vec<(String, String)>);

impl Fields {
    /// One more.
    pub fn with(mut self, name: &str, value: impl Display) -> Self {
        self.0.push((name.to_owned(), value.to_string()));
        self
    }
    /// One line with them.
    pub fn log(self, level: Level, message: &str) {
        sys::log(level, message, &self.0);
    }
    /// For the author.
    pub fn debug(self, message: &str) {
        self.log(Level::Debug, message);
    }
    /// For the operator.
    pub fn info(self, message: &str) {
        self.log(Level::Info, message);
    }
    /// Something is odd.
    pub fn warn(self, message: &str) {
        self.log(Level::Warn, message);
    }
    /// Something is wrong.
    pub fn error(self, message: &str) {
        self.log(Level::Error, message);
    }
}

#[cfg(test)]
mod tests {
    use crate::prelude::*;

    struct Talker;

    impl Personality for Talker {
        fn handle(_: Event) -> Result<(), Failure> {
            log::info("plain");
            log::with("slot", "morning").with("left", 3).warn("a slot was lost");
            Ok(())
        }
    }

    #[test]
    fn a_line_has_its_fields_in_the_order_in_which_they_were_given() {
        let run = testing::Host::new().run::<Talker>(testing::event("news"));
        let [plain, about] = &run.log[..] else { panic!("{:?}", run.log) };
        assert_eq!((plain.level, plain.message.as_str(), plain.field("slot")), (log::Level::Info, "plain", None));
        assert_eq!((about.level, about.message.as_str()), (log::Level::Warn, "a slot was lost"));
        assert_eq!(about.fields, [("slot".to_owned(), "morning".to_owned()), ("left".to_owned(), "3".to_owned())]);
        assert_eq!((about.field("left"), about.field("right")), (Some("3"), None));
    }
}
