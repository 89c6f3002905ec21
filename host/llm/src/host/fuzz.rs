//! One call of the interface out of bytes (`puppet_types::fuzz`).

use puppet_types::fuzz::{Called, Data};

use super::*;

fn message(data: &mut Data<'_>) -> llm::Message {
    let role = [llm::Role::System, llm::Role::User, llm::Role::Assistant][usize::from(data.case(3))];
    let (name, content) = (data.maybe(Data::text), data.text());
    llm::Message { role, name, content, tool_calls: Vec::new(), tool_call_id: None }
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

fn tool_call(data: &mut Data<'_>) -> llm::ToolCall {
    llm::ToolCall { id: data.text(), name: data.text(), arguments: data.text() }
}

fn with_tools(request: &mut llm::Request, data: &mut Data<'_>) {
    request.tools =
        data.list(|data| llm::Tool { name: data.text(), description: data.text(), parameters: data.text() });
    request.response_schema = data.maybe(Data::text);
    for message in &mut request.messages {
        message.tool_calls = data.list(tool_call);
        message.tool_call_id = data.maybe(Data::text);
        if message.tool_call_id.is_some() {
            message.role = llm::Role::Tool;
        }
    }
}

/// One.
pub async fn call(view: &mut View<'_>, data: &mut Data<'_>) -> Called {
    let case = data.case(4);
    if case == 1 {
        return Called::read(view.embed(data.list(Data::text)).await);
    }
    let mut request = llm::Request {
        purpose: data.text(),
        messages: data.list(message),
        max_tokens: data.short(),
        sampling: sampling(data),
        tools: Vec::new(),
        response_schema: None,
        extra: data.list(|data| (data.text(), data.text())),
    };
    if case == 2 {
        with_tools(&mut request, data);
    }
    Called::read(view.complete(request).await)
}
