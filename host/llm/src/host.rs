//! Interface `puppet:llm/llm` on a view of the invocation. The latest version is implemented here; earlier ones lead
//! to it.

use std::sync::Arc;

use puppet_grants::Gate;
use puppet_types::{AgentId, Capability, Persona, Refusal, wit};
use wasmtime::component::{HasData, Linker};

use crate::{
    CallContext, Completion, Llm, Message, Request, Role, Sampling, Tool, ToolCall, request::validate_texts, structured,
};

#[doc(hidden)]
pub mod fuzz;
mod since_v0_1;

mod bindings {
    wasmtime::component::bindgen!({
        path: ["../../wit/types", "../../wit/llm"],
        inline: "
            package puppet:host-llm;
            world host { import puppet:llm/llm@0.2.0; }
        ",
        imports: { default: async | trappable },
        with: { "puppet:types/types": puppet_types::wit::types },
    });
}

use bindings::puppet::llm::llm::{self, Host, add_to_linker};

/// What the interface needs of an invocation.
pub struct View<'a> {
    /// The way to everything.
    pub gate: &'a mut Gate,
    /// Who answers.
    pub llm: &'a Llm,
    /// Who asks.
    pub persona: &'a Arc<Persona>,
    /// Its name and its description.
    pub profile: (&'a str, &'a str),
    /// Its id.
    pub agent: &'a AgentId,
    /// Of the invocation.
    pub seed: u64,
}

/// An invocation that carries this capability.
pub trait Carries: Send + 'static {
    /// Its view for this interface.
    fn llm(&mut self) -> View<'_>;
}

struct Interface;

impl HasData for Interface {
    type Data<'a> = View<'a>;
}

/// Links the interface, in every version that is served.
pub fn link<T: Carries>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
    add_to_linker::<T, Interface>(linker, |carrier| carrier.llm())?;
    since_v0_1::link(linker)
}

impl Host for View<'_> {
    async fn complete(&mut self, request: llm::Request) -> wasmtime::Result<Result<llm::Completion, wit::Error>> {
        wit::answer(self.ask(request.into()).await.map(Into::into))
    }

    async fn embed(&mut self, texts: Vec<String>) -> wasmtime::Result<Result<Vec<Vec<f32>>, wit::Error>> {
        wit::answer(self.vectors(texts).await)
    }
}

impl View<'_> {
    async fn ask(&mut self, request: Request) -> Result<Completion, Refusal> {
        self.gate.checked(Capability::Llm, request.validate())?;
        let llm = self.llm;
        let worst = llm.worst(&request).charges();
        let context = CallContext {
            persona: Arc::clone(self.persona),
            name: self.profile.0.to_owned(),
            description: self.profile.1.to_owned(),
            agent: self.agent.clone(),
            seed: self.seed,
            at: self.gate.at(),
        };
        let asked = request.clone();
        self.gate
            .read_charged(Capability::Llm, "complete", &request, &worst, llm.paid(), &llm.held, move |provider| {
                let one = |request: &Request| llm.worst_of_one(request.prompt_bytes(), request.max_tokens);
                Box::pin(async move { structured::complete(provider, &asked, &context, one).await })
            })
            .await
    }

    async fn vectors(&mut self, texts: Vec<String>) -> Result<Vec<Vec<f32>>, Refusal> {
        self.gate.checked(Capability::Llm, validate_texts(&texts))?;
        let Llm { held, terms, .. } = self.llm;
        let bytes = texts.iter().map(|text| text.len() as u64).sum();
        let worst = terms.worst_embedding(bytes).charges();
        let asked = texts.clone();
        self.gate
            .read_charged(Capability::Llm, "embed", &texts, &worst, terms.paid, held, move |provider| {
                Box::pin(async move { provider.embed(&asked).await })
            })
            .await
    }
}

impl From<llm::Request> for Request {
    fn from(request: llm::Request) -> Self {
        let llm::Request { purpose, messages, max_tokens, sampling, tools, response_schema, extra } = request;
        Self {
            purpose,
            messages: messages.into_iter().map(Into::into).collect(),
            max_tokens,
            sampling: sampling.into(),
            tools: tools.into_iter().map(Into::into).collect(),
            response_schema,
            extra,
        }
    }
}

impl From<llm::Message> for Message {
    fn from(message: llm::Message) -> Self {
        let llm::Message { role, name, content, tool_calls, tool_call_id } = message;
        let role = match role {
            llm::Role::System => Role::System,
            llm::Role::User => Role::User,
            llm::Role::Assistant => Role::Assistant,
            llm::Role::Tool => Role::Tool,
        };
        Self { role, name, content, tool_calls: tool_calls.into_iter().map(Into::into).collect(), tool_call_id }
    }
}

impl From<llm::Tool> for Tool {
    fn from(llm::Tool { name, description, parameters }: llm::Tool) -> Self {
        Self { name, description, parameters }
    }
}

impl From<llm::ToolCall> for ToolCall {
    fn from(llm::ToolCall { id, name, arguments }: llm::ToolCall) -> Self {
        Self { id, name, arguments }
    }
}

impl From<ToolCall> for llm::ToolCall {
    fn from(ToolCall { id, name, arguments }: ToolCall) -> Self {
        Self { id, name, arguments }
    }
}

impl From<llm::Sampling> for Sampling {
    fn from(sampling: llm::Sampling) -> Self {
        let llm::Sampling { temperature, top_p, presence_penalty, frequency_penalty, stop } = sampling;
        Self { temperature, top_p, presence_penalty, frequency_penalty, stop }
    }
}

impl From<Completion> for llm::Completion {
    fn from(completion: Completion) -> Self {
        let Completion { text, model, usage, finish, tool_calls, .. } = completion;
        let usage = llm::Usage { prompt_tokens: usage.prompt_tokens, completion_tokens: usage.completion_tokens };
        Self { text, model, usage, finish, tool_calls: tool_calls.into_iter().map(Into::into).collect() }
    }
}
