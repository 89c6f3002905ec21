//! One call of the interface out of bytes (`puppet_types::fuzz`), or one event that a generator returned.

use puppet_types::fuzz::{Called, Data};

use super::*;

fn kind(data: &mut Data<'_>) -> String {
    let text = data.text();
    if data.case(2) == 0 { format!("{}.{text}", "pack") } else { text }
}

fn priority(data: &mut Data<'_>) -> Priority {
    [Priority::Low, Priority::Normal, Priority::High, Priority::Critical][usize::from(data.case(4))]
}

/// One.
pub async fn call(view: &mut View<'_>, data: &mut Data<'_>) -> Called {
    if data.case(2) == 0 {
        let (kind, targets, priority) = (kind(data), data.list(Data::text), priority(data));
        let generated = Generated { kind, targets, priority, payload: data.text(), delay_ms: data.number() };
        return Called::decision(wit::answer(record_generated(view.gate, view.audience, generated)));
    }
    let target = match data.case(3) {
        0 => Target::Me,
        1 => Target::All,
        _ => Target::Agents(data.list(Data::text)),
    };
    let (kind, priority) = (kind(data), priority(data).into());
    Called::decision(view.emit(NewEvent { kind, target, priority, payload: data.text(), delay_ms: data.number() }))
}
