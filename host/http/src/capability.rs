//! Interface `puppet:http/http` on a view of the invocation: one read, which draws on requests and bytes.

#[doc(hidden)]
pub mod fuzz;

use puppet_grants::{Amount, Charge, Gate, Held, Mode, Web};
use puppet_types::{CallError, Capability, Code, Refusal, wit};
use reqwest::Url;
use wasmtime::component::{HasData, Linker};

use crate::{Ask, Bounds, Fetch, Page, Pages, fetcher::reached};

mod bindings {
    wasmtime::component::bindgen!({
        path: ["../../wit/types", "../../wit/http"],
        inline: "
            package puppet:host-http;
            world host { import puppet:http/http@0.1.0; }
        ",
        imports: { default: async | trappable },
        with: { "puppet:types/types": puppet_types::wit::types },
    });
}

use bindings::puppet::http::http as guest;

/// What the interface needs of an invocation.
pub struct View<'a> {
    /// The way to everything.
    pub gate: &'a mut Gate,
    /// Who fetches.
    pub pages: &'a Held<dyn Pages>,
    /// How much at once.
    pub bounds: Bounds,
}

/// An invocation that carries this capability.
pub trait Carries: Send + 'static {
    /// Its view for this interface.
    fn http(&mut self) -> View<'_>;
}

struct Interface;

impl HasData for Interface {
    type Data<'a> = View<'a>;
}

/// Links the interface.
///
/// # Errors
/// It is linked already.
pub fn link<T: Carries>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
    guest::add_to_linker::<T, Interface>(linker, |carrier| carrier.http())
}

impl guest::Host for View<'_> {
    async fn fetch(&mut self, request: guest::Request) -> wasmtime::Result<Result<guest::Response, wit::Error>> {
        wit::answer(self.read(request).await.map(Into::into))
    }
}

impl View<'_> {
    async fn read(&mut self, request: guest::Request) -> Result<Page, Refusal> {
        let asked = asked(request, self.bounds.request_bytes);
        let ask = self.gate.checked(Capability::Http, asked)?;
        let right = self.gate.rights().get(Capability::Http);
        let web = right.map(|right| right.web().clone()).unwrap_or_default();
        let ruled = right.and_then(|_| refused(&ask, &web, self.gate.rights().mode).err());
        let sent = ask.bytes();
        let left = self.gate.left_of(Capability::Http, Amount::Bytes);
        let most_bytes = room(left, self.bounds.response_bytes, sent);
        let worst = [
            Charge { amount: Amount::Requests, quantity: 1 },
            Charge { amount: Amount::Bytes, quantity: sent + most_bytes },
        ];
        let fetch = Fetch { pack: self.gate.pack().clone(), ask: ask.clone(), web, most_bytes };
        // What went out went out: it is written down before its answer is seen, and is not asked again after a crash.
        self.gate
            .read_ruled(Capability::Http, "fetch", &ask, (&worst, ruled), true, self.pages, move |pages| {
                Box::pin(async move { pages.fetch(&fetch).await })
            })
            .await
    }
}

fn asked(request: guest::Request, most_bytes: u64) -> Result<Ask, CallError> {
    let guest::Request { method, url, headers, body, credential, extra } = request;
    if let Some((name, _)) = extra.first() {
        let shown: String = name.chars().take(40).collect();
        return Err(CallError::new(Code::InvalidInput, format!("`{shown}` in `extra` is not known to this version")));
    }
    Ask::of((method, &url), headers, body, credential, most_bytes)
}

/// What the grant does not let be asked.
fn refused(ask: &Ask, web: &Web, mode: Mode) -> Result<(), CallError> {
    let denied = |message: String| Err(CallError::new(Code::Denied, message));
    let url = Url::parse(&ask.url).map_err(|error| CallError::new(Code::InvalidInput, error.to_string()))?;
    reached(&url, web)?;
    if !web.methods.contains(&ask.method) {
        return denied(format!("{} was not granted", ask.method));
    }
    if let Some(name) = ask.credential.as_ref().filter(|name| !web.credentials.contains(*name)) {
        return denied(format!("the credential `{name}` was not granted"));
    }
    if ask.method == "POST" && mode != Mode::Live {
        return denied(format!("a POST may change something, and this pack runs `{}`", mode.name()));
    }
    Ok(())
}

/// Less is left for no answer: then the budget is at its end.
const LEAST_ROOM: u64 = 1_024;

/// How long an answer may be: no longer than what is left of the budgets.
fn room(left: Option<u64>, most: u64, sent: u64) -> u64 {
    let left = left.map_or(most, |left| left.saturating_sub(sent).max(LEAST_ROOM));
    left.min(most)
}

impl From<Page> for guest::Response {
    fn from(page: Page) -> Self {
        let Page { status, url, headers, body, is_cached } = page;
        Self { status, url, headers, body: body.into_bytes(), is_cached }
    }
}
