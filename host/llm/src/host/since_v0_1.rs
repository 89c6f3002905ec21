//! `puppet:llm@0.1.0`, frozen in `wit/frozen/llm-0.1.0`: without tools and response schemas. Each function calls the
//! latest one.

use puppet_types::wit;
use wasmtime::component::Linker;

use super::{Carries, Interface, View, llm as latest};

mod bindings {
    wasmtime::component::bindgen!({
        path: ["../../wit/types", "../../wit/frozen/llm-0.1.0"],
        inline: "
            package puppet:host-llm;
            world host { import puppet:llm/llm@0.1.0; }
        ",
        imports: { default: async | trappable },
        with: { "puppet:types/types": puppet_types::wit::types },
    });
}

use bindings::puppet::llm::llm::{Completion, Host, Message, Request, Role, Sampling, Usage, add_to_linker};

/// Links this version.
pub fn link<T: Carries>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
    add_to_linker::<T, Interface>(linker, |carrier| carrier.llm())
}

impl Host for View<'_> {
    async fn complete(&mut self, request: Request) -> wasmtime::Result<Result<Completion, wit::Error>> {
        let answer = latest::Host::complete(self, request.into()).await?;
        Ok(answer.map(Into::into))
    }

    async fn embed(&mut self, texts: Vec<String>) -> wasmtime::Result<Result<Vec<Vec<f32>>, wit::Error>> {
        latest::Host::embed(self, texts).await
    }
}

impl From<Request> for latest::Request {
    fn from(Request { purpose, messages, max_tokens, sampling, extra }: Request) -> Self {
        Self {
            purpose,
            messages: messages.into_iter().map(Into::into).collect(),
            max_tokens,
            sampling: sampling.into(),
            tools: Vec::new(),
            response_schema: None,
            extra,
        }
    }
}

impl From<Message> for latest::Message {
    fn from(Message { role, name, content }: Message) -> Self {
        let role = match role {
            Role::System => latest::Role::System,
            Role::User => latest::Role::User,
            Role::Assistant => latest::Role::Assistant,
        };
        Self { role, name, content, tool_calls: Vec::new(), tool_call_id: None }
    }
}

impl From<Sampling> for latest::Sampling {
    fn from(sampling: Sampling) -> Self {
        let Sampling { temperature, top_p, presence_penalty, frequency_penalty, stop } = sampling;
        Self { temperature, top_p, presence_penalty, frequency_penalty, stop }
    }
}

// No tool is offered, so none is asked for.
impl From<latest::Completion> for Completion {
    fn from(latest::Completion { text, model, usage, finish, .. }: latest::Completion) -> Self {
        let latest::Usage { prompt_tokens, completion_tokens } = usage;
        Self { text, model, usage: Usage { prompt_tokens, completion_tokens }, finish }
    }
}
