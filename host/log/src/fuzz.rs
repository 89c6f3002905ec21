//! One call of the interface out of bytes (`puppet_types::fuzz`).

use puppet_types::fuzz::{Called, Data};

use super::*;

/// One.
pub async fn call(view: &mut View<'_>, data: &mut Data<'_>) -> Called {
    let level = [Level::Debug, Level::Info, Level::Warn, Level::Error][usize::from(data.case(4))];
    let message = data.text();
    let fields = data.list(|data| (data.text(), data.text()));
    Called::told(view.log(level, message, fields))
}
