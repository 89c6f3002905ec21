//! The peer: wasmtime alone. The same engine and pool, the same component, host functions of the same shape that do
//! nothing; an instance, a call, and no more.

use std::sync::atomic::{AtomicU64, Ordering};

use puppet_types::wit;
use wasmtime::{
    Engine, Store, StoreContextMut,
    component::{Component, ComponentExportIndex, ComponentType, InstancePre, Lift, Linker, Lower},
};

use crate::guest;

#[derive(ComponentType, Lift)]
#[component(record)]
#[allow(dead_code, reason = "only its shape counts")]
struct Decline {
    code: String,
    message: String,
    #[component(name = "retry-at")]
    retry_at: Option<u64>,
}

#[derive(ComponentType, Lift)]
#[component(variant)]
#[allow(dead_code, reason = "only its shape counts")]
enum Failure {
    #[component(name = "declined")]
    Declined(Decline),
    #[component(name = "failed")]
    Failed(String),
}

#[derive(ComponentType, Lift, Clone, Copy)]
#[component(enum)]
#[repr(u8)]
#[allow(dead_code, reason = "only its shape counts")]
enum Level {
    #[component(name = "debug")]
    Debug,
    #[component(name = "info")]
    Info,
    #[component(name = "warn")]
    Warn,
    #[component(name = "error")]
    Error,
}

#[derive(ComponentType, Lift, Lower, Clone, Copy)]
#[component(enum)]
#[repr(u8)]
#[allow(dead_code, reason = "only its shape counts")]
enum Kind {
    #[component(name = "core")]
    Core,
    #[component(name = "event")]
    Event,
    #[component(name = "interaction")]
    Interaction,
    #[component(name = "general")]
    General,
    #[component(name = "post")]
    Post,
    #[component(name = "tweet")]
    Tweet,
}

#[derive(ComponentType, Lower, Clone, Copy)]
#[component(enum)]
#[repr(u8)]
#[allow(dead_code, reason = "only its shape counts")]
enum Trust {
    #[component(name = "own")]
    Own,
    #[component(name = "host")]
    Host,
    #[component(name = "stranger")]
    Stranger,
}

#[derive(ComponentType, Lower)]
#[component(record)]
struct Item {
    id: String,
    kind: Kind,
    content: String,
    at: u64,
    importance: f64,
    valence: f64,
    associations: Vec<String>,
    metadata: Vec<(String, String)>,
    author: Option<String>,
    trust: Trust,
    pinned: bool,
}

#[derive(ComponentType, Lift)]
#[component(variant)]
#[allow(dead_code, reason = "only its shape counts")]
enum PostRef {
    #[component(name = "id")]
    Id(String),
    #[component(name = "decision")]
    Decision(u32),
}

/// A component that is ready to be instantiated.
pub struct Bare {
    pre: InstancePre<()>,
    function: ComponentExportIndex,
    next: AtomicU64,
}

impl Bare {
    /// Links it on the engine that ours runs on.
    pub fn new(engine: &Engine) -> Self {
        let component = Component::new(engine, guest::bytes()).unwrap();
        let handler = component.get_export_index(None, "puppet:plugin/handler@0.1.0").unwrap();
        let function = component.get_export_index(Some(&handler), "handle").unwrap();
        let mut linker = Linker::new(engine);
        let log = |_: StoreContextMut<'_, ()>, _: (Level, String)| Ok(());
        linker.instance("puppet:log/log@0.1.0").unwrap().func_wrap("log", log).unwrap();
        linker
            .instance("puppet:memory/memory@0.1.0")
            .unwrap()
            .func_wrap_async("recent", |_: StoreContextMut<'_, ()>, _: (Vec<Kind>, u32)| {
                Box::new(async { Ok((Ok::<_, wit::Error>(vec![item()]),)) })
            })
            .unwrap();
        let like = |_: StoreContextMut<'_, ()>, _: (PostRef,)| Ok((Ok::<u32, wit::Error>(0),));
        linker.instance("puppet:tweet/tweet@0.1.0").unwrap().func_wrap("like", like).unwrap();
        // WASI is imported and not called.
        linker.define_unknown_imports_as_traps(&component).unwrap();
        let pre = linker.instantiate_pre(&component).unwrap();
        Self { pre, function, next: AtomicU64::new(0) }
    }

    /// One event in a fresh instance.
    pub async fn call(&self) {
        let event = guest::event(self.next.fetch_add(1, Ordering::Relaxed));
        let mut store = Store::new(self.pre.engine(), ());
        store.set_fuel(u64::MAX).unwrap();
        let instance = self.pre.instantiate_async(&mut store).await.unwrap();
        let handle =
            instance.get_typed_func::<(&wit::Event,), (Result<(), Failure>,)>(&mut store, self.function).unwrap();
        let event = wit::Event::from(&event);
        assert!(handle.call_async(&mut store, (&event,)).await.unwrap().0.is_ok());
    }
}

fn item() -> Item {
    Item {
        id: "mem_1".to_owned(),
        kind: Kind::Core,
        content: "rain is good for gardens".to_owned(),
        at: 1_767_571_200_000,
        importance: 0.5,
        valence: 0.0,
        associations: Vec::new(),
        metadata: Vec::new(),
        author: None,
        trust: Trust::Own,
        pinned: false,
    }
}
