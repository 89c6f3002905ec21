//! One call of the interface out of bytes (`puppet_types::fuzz`).

use guest::Host as _;
use puppet_types::fuzz::{Called, Data};

use super::*;

fn kind(data: &mut Data<'_>) -> guest::Kind {
    use guest::Kind::{Core, Event, General, Interaction, Post, Tweet};
    [General, Core, Event, Interaction, Post, Tweet][usize::from(data.case(6))]
}

fn memory(data: &mut Data<'_>) -> guest::NewMemory {
    guest::NewMemory {
        kind: kind(data),
        content: data.text(),
        importance: data.float(),
        valence: data.float(),
        associations: data.list(Data::text),
        metadata: data.list(|data| (data.text(), data.text())),
        author: data.maybe(Data::text),
        trust: [guest::Trust::Own, guest::Trust::Host, guest::Trust::Stranger][usize::from(data.case(3))],
    }
}

fn query(data: &mut Data<'_>) -> guest::Query {
    guest::Query {
        text: data.text(),
        kinds: data.list(kind),
        limit: data.short(),
        method: [guest::Method::Blended, guest::Method::Keyword][usize::from(data.case(2))],
        follow: data.case(2) == 1,
    }
}

/// One.
pub async fn call(view: &mut View<'_>, data: &mut Data<'_>) -> Called {
    match data.case(6) {
        0 => Called::decision(view.remember(memory(data))),
        1 => Called::decision(view.forget(data.text())),
        2 => Called::decision(view.supersede(data.text(), memory(data))),
        3 => Called::decision(view.pin(data.text(), data.case(2) == 1)),
        4 => Called::read(view.recall(query(data)).await),
        _ => Called::read(view.recent(data.list(kind), data.short()).await),
    }
}
