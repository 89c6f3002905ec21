//! Component text that the shared guests do not write: other memories, generators, and short ways to write a body.

use super::{
    bare::Guest,
    contract::{HANDLER, LIBC, TYPES},
};

/// A handler with this body that answers well.
pub fn handle(body: &str) -> String {
    format!(r#"(func (export "handle") (param i32) (result i32) {body} (i32.const 16))"#)
}

/// A guest of one function with this body.
pub fn handles(body: &str) -> Vec<u8> {
    Guest { body: &handle(body), ..Guest::default() }.bytes()
}

/// A guest of this core module.
pub fn module(body: &str) -> Vec<u8> {
    Guest { body, ..Guest::default() }.bytes()
}

/// A guest of one function that calls WASI, with so many pages.
pub fn wasi(pages: u32, body: &str) -> Vec<u8> {
    Guest { body: &handle(body), pages, wasi: Some("0.2.3"), ..Guest::default() }.bytes()
}

/// A guest that answers, and this besides.
pub fn besides(more: &str) -> Vec<u8> {
    Guest { more, ..Guest::default() }.bytes()
}

/// A guest that answers, and whose memory is given out by this function.
pub fn allocates(realloc: &str) -> Vec<u8> {
    let answers = handle("");
    let text = format!(
        r#"(component {TYPES}
          (core module $m (memory (export "memory") 1) {answers}
            (func (export "realloc") (param i32 i32 i32 i32) (result i32) {realloc}))
          (core instance $m (instantiate $m))
          (alias core export $m "memory" (core memory $memory))
          (alias core export $m "realloc" (core func $realloc))
          {HANDLER})"#
    );
    wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}"))
}

/// A guest that answers well, and does this when its answer has been read.
pub fn afterwards(body: &str) -> Vec<u8> {
    let answers = handle("");
    let text = format!(
        r#"(component {TYPES} {LIBC}
          (core module $m (import "libc" "memory" (memory 1)) {answers} (func (export "after") (param i32) {body}))
          (core instance $m (instantiate $m (with "libc" (instance $libc))))
          (func $handle (param "event" $event) (result (result (error $failure)))
            (canon lift (core func $m "handle") (memory (core memory $memory)) (realloc (core func $realloc))
              (post-return (core func $m "after"))))
          (instance $handler (export "handle" (func $handle)))
          (export "puppet:plugin/handler@0.1.0" (instance $handler)))"#
    );
    wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}"))
}

/// A generator with this body.
pub fn generates(body: &str) -> Vec<u8> {
    let text = format!(
        r#"(component {TYPES} {LIBC}
          (type $a (record (field "id" string) (field "name" string) (field "handle" string)))
          (type $n (record (field "kind" string) (field "targets" (list string)) (field "priority" $priority)
            (field "payload" string) (field "delay-ms" u64)))
          (type $t (record (field "id" string) (field "kind" string) (field "at" u64) (field "payload" string)
            (field "agents" (list $a))))
          (core module $m (import "libc" "memory" (memory $memory 1))
            (func (export "generate") (param i32 i32 i32 i32 i64 i32 i32 i32 i32) (result i32) {body} (i32.const 104)))
          (core instance $m (instantiate $m (with "libc" (instance $libc))))
          (func $generate (param "trigger" $t) (result (result (list $n) (error $failure)))
            (canon lift (core func $m "generate") (memory (core memory $memory)) (realloc (core func $realloc))))
          (instance $generator (export "agent-ref" (type $a)) (export "new-event" (type $n)) (export "trigger" (type $t))
            (export "generate" (func $generate)))
          (export "puppet:plugin/generator@0.1.0" (instance $generator)))"#
    );
    wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}"))
}

/// A handler's answer `failed(text)` with the text at an address.
pub fn fails_with(at: u32, length: u32) -> String {
    format!(
        "(i32.store8 (i32.const 16) (i32.const 1)) (i32.store8 (i32.const 24) (i32.const 1))
         (i32.store (i32.const 32) (i32.const {at})) (i32.store (i32.const 36) (i32.const {length}))"
    )
}
