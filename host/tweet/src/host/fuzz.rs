//! One call of the interface out of bytes (`puppet_types::fuzz`).

use puppet_types::fuzz::{Called, Data};

use super::*;

fn reference(data: &mut Data<'_>) -> PostRef {
    match data.case(3) {
        0 => PostRef::Id(data.text()),
        1 => PostRef::Id(data.number().to_string()),
        _ => PostRef::Decision(data.short()),
    }
}

fn images(data: &mut Data<'_>) -> Vec<Image> {
    data.list(|data| Image {
        asset: if data.case(2) == 0 { "cat.png".to_owned() } else { data.text() },
        alt_text: data.text(),
    })
}

/// One.
pub async fn call(view: &mut View<'_>, data: &mut Data<'_>) -> Called {
    match data.case(13) {
        0 => Called::decision(view.post(data.text(), images(data))),
        1 => Called::decision(view.thread(data.list(Data::text))),
        2 => Called::decision(view.reply(reference(data), data.text(), images(data))),
        3 => Called::decision(view.quote(reference(data), data.text())),
        4 => Called::decision(view.like(reference(data))),
        5 => Called::decision(view.delete(reference(data))),
        6 => Called::read(view.timeline(data.short()).await),
        7 => Called::read(view.posts_of(data.text(), data.short()).await),
        8 => Called::read(view.thread_of(data.text(), data.short()).await),
        9 => Called::read(view.own_posts(data.short()).await),
        10 => Called::told(view.weighted_length(data.text())),
        11 => Called::read(view.search(data.text(), data.short()).await),
        _ => Called::read(view.conversation(data.text(), data.short()).await),
    }
}
