//! Files and sockets as shells: made from the component's own import types, so that a guest whose runtime imports
//! them links; no folder is open, and whoever calls them all the same is stopped by name.

use puppet_types::Breach;
use wasmtime::{
    Engine,
    component::{
        LinkerInstance, ResourceType, Val,
        types::{ComponentInstance, ComponentItem},
    },
};

use crate::Carrier;

/// Resources of the shells. No handle of any is ever made.
const RESOURCES: &[&str] = &[
    "descriptor",
    "directory-entry-stream",
    "network",
    "resolve-address-stream",
    "tcp-socket",
    "udp-socket",
    "incoming-datagram-stream",
    "outgoing-datagram-stream",
];

pub(super) fn link<T: Carrier>(
    into: &mut LinkerInstance<'_, T>,
    interface: &'static str,
    engine: &Engine,
    expected: &ComponentInstance,
) -> wasmtime::Result<()> {
    for (name, item) in expected.exports(engine) {
        match item.ty {
            ComponentItem::ComponentFunc(_) => function(into, interface, name)?,
            // Resources of `wasi:io` appear here by another name; they are defined where they belong.
            ComponentItem::Resource(_) => {
                let Some(number) = (0_u32..).zip(RESOURCES).find(|(_, known)| **known == name) else { continue };
                into.resource(name, ResourceType::host_dynamic(number.0), |_, _| Ok(()))?;
            }
            _ => {}
        }
    }
    Ok(())
}

fn function<T: Carrier>(into: &mut LinkerInstance<'_, T>, interface: &'static str, name: &str) -> wasmtime::Result<()> {
    let full = format!("{interface}.{}", name.trim_start_matches("[method]").trim_start_matches("[static]"));
    let harmless = (name == "get-directories").then(|| Val::List(Vec::new()));
    into.func_new(name, move |mut store, _, _, results| {
        let room = store.data_mut().room();
        room.admit(&full)?;
        match (&harmless, results.first_mut()) {
            (Some(answer), Some(result)) => {
                *result = answer.clone();
                Ok(())
            }
            _ => Err(room.breach(Breach::Forbidden, format!("`{full}`: plugins have no files and no sockets"))),
        }
    })
}
