//! One call of the interface out of bytes (`puppet_types::fuzz`).

use puppet_types::fuzz::{Called, Data};
use wire::Host as _;

use super::*;

fn mood(data: &mut Data<'_>) -> wire::Mood {
    wire::Mood { valence: data.float(), arousal: data.float(), dominance: data.float() }
}

fn change(data: &mut Data<'_>) -> wire::RelationshipChange {
    wire::RelationshipChange {
        sentiment: data.float(),
        familiarity: data.float(),
        trust: data.float(),
        interaction: data.maybe(Data::text),
        note: data.maybe(Data::text),
    }
}

/// One.
pub async fn call(view: &mut View<'_>, data: &mut Data<'_>) -> Called {
    match data.case(11) {
        0 => Called::decision(view.shift_mood(mood(data), data.text())),
        1 => Called::decision(view.adjust_relationship(data.text(), change(data))),
        2 => Called::read(view.get_mood().await),
        3 => Called::read(view.list_relationships().await),
        4 => Called::read(view.get_relationship(data.text()).await),
        5 => Called::told(view.local_time_at(data.number())),
        6 => Called::told(view.get_profile()),
        7 => Called::told(view.persona()),
        8 => Called::told(view.settings()),
        9 => Called::told(view.now()),
        _ => Called::told(view.seed()),
    }
}
