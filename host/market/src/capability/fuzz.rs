//! One call of the interface out of bytes (`puppet_types::fuzz`).

use puppet_types::fuzz::{Called, Data};

use super::{guest::Host as _, *};

fn name(data: &mut Data<'_>) -> String {
    match data.case(2) {
        0 => "SOL/USDC".to_owned(),
        _ => data.text(),
    }
}

/// One.
pub async fn call(view: &mut View<'_>, data: &mut Data<'_>) -> Called {
    match data.case(4) {
        0 => Called::read(view.candles(name(data), data.short(), data.short()).await),
        1 => Called::read(view.quote(name(data)).await),
        2 => Called::read(view.trending(data.short()).await),
        _ => Called::read(view.token_info(name(data)).await),
    }
}
