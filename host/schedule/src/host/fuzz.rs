//! One call of the interface out of bytes (`puppet_types::fuzz`).

use puppet_types::fuzz::{Called, Data};
use wire::Host as _;

use super::*;

/// One.
pub async fn call(view: &mut View<'_>, data: &mut Data<'_>) -> Called {
    match data.case(6) {
        0 => Called::decision(view.once(data.text(), data.number(), data.text())),
        1 => Called::decision(view.after(data.text(), data.number(), data.text())),
        2 => Called::decision(view.every(data.text(), data.number(), data.text())),
        3 => Called::decision(view.cron(data.text(), data.text(), data.maybe(Data::text), data.text())),
        4 => Called::decision(view.cancel(data.text())),
        _ => Called::read(view.list().await),
    }
}
