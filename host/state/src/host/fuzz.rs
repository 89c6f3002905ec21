//! One call of the interface out of bytes (`puppet_types::fuzz`).

use puppet_types::fuzz::{Called, Data};

use super::*;

/// One.
pub async fn call(view: &mut View<'_>, data: &mut Data<'_>) -> Called {
    match data.case(3) {
        0 => Called::decision(view.put(Blob { version: data.short(), data: data.blob() })),
        1 => Called::decision(view.clear()),
        _ => Called::read(view.get().await),
    }
}
