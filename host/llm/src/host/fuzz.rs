//! One call of the interface out of bytes (`puppet_types::fuzz`).

use puppet_types::fuzz::{Called, Data};

use super::*;

fn message(data: &mut Data<'_>) -> llm::Message {
    let role = [llm::Role::System, llm::Role::User, llm::Role::Assistant][usize::from(data.case(3))];
    llm::Message { role, name: data.maybe(Data::text), content: data.text() }
}

fn sampling(data: &mut Data<'_>) -> llm::Sampling {
    let number = |data: &mut Data<'_>| data.maybe(|data| data.float() as f32);
    llm::Sampling {
        temperature: number(data),
        top_p: number(data),
        presence_penalty: number(data),
        frequency_penalty: number(data),
        stop: data.list(Data::text),
    }
}

/// One.
pub async fn call(view: &mut View<'_>, data: &mut Data<'_>) -> Called {
    if data.case(4) == 1 {
        return Called::read(view.embed(data.list(Data::text)).await);
    }
    let request = llm::Request {
        purpose: data.text(),
        messages: data.list(message),
        max_tokens: data.short(),
        sampling: sampling(data),
        extra: data.list(|data| (data.text(), data.text())),
    };
    Called::read(view.complete(request).await)
}
