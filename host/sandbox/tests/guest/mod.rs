//! Guests written as component text: a core module body inside the shape that the worlds ask for.

#![allow(dead_code, reason = "each test binary uses its part")]
#![allow(clippy::unwrap_used, reason = "a guest that cannot be made is a failed test")]

use puppet_sandbox::{
    AgentRef, CallSetup, Carrier, Compiled, Ended, Limits, LoadError, NewEvent, Pool, Prepared, Room, Sandbox,
    SandboxConfig,
};
use puppet_types::{Event, Priority, Timestamp};

pub mod strategy;

/// The least a call carries.
#[derive(Default)]
pub struct Call(Room);

impl Carrier for Call {
    fn room(&mut self) -> &mut Room {
        &mut self.0
    }
}

/// Types of the contract, as a component imports them.
const TYPES: &str = r#"
  (import "puppet:types/types@0.1.0" (instance $types
    (type $p (enum "low" "normal" "high" "critical"))
    (export "priority" (type $priority (eq $p)))
    (type $e (record (field "id" string) (field "kind" string) (field "source" string) (field "author" (option string))
      (field "priority" $priority) (field "at" u64) (field "payload" string) (field "hops" u32)
      (field "cause" (option string)) (field "extra" (list (tuple string string)))))
    (export "event" (type (eq $e)))))
  (alias export $types "event" (type $event))
  (alias export $types "priority" (type $priority))
  (import "puppet:plugin/outcome@0.1.0" (instance $outcome
    (type $d (record (field "code" string) (field "message" string) (field "retry-at" (option u64))))
    (export "decline" (type $decline (eq $d)))
    (type $f (variant (case "declined" $decline) (case "failed" string)))
    (export "failure" (type (eq $f)))))
  (alias export $outcome "failure" (type $failure))
"#;

/// A memory of `PAGES` pages whose first 1024 bytes stay zero: an answer at address 16 is `ok`.
const LIBC: &str = r#"
  (core module $libc
    (memory (export "memory") PAGES)
    (global $top (mut i32) (i32.const 1024))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (local $at i32)
      (local.set $at (i32.and (i32.add (global.get $top) (i32.const 15)) (i32.const -16)))
      (global.set $top (i32.add (local.get $at) (local.get 3)))
      (if (i32.gt_u (global.get $top) (i32.shl (memory.size) (i32.const 16)))
        (then (drop (memory.grow (i32.shr_u (i32.add (local.get 3) (i32.const 65536)) (i32.const 16))))))
      (local.get $at)))
  (core instance $libc (instantiate $libc))
  (alias core export $libc "memory" (core memory $memory))
  (alias core export $libc "realloc" (core func $realloc))
"#;

const HANDLER: &str = r#"
  (func $handle (param "event" $event) (result (result (error $failure)))
    (canon lift (core func $m "handle") (memory (core memory $memory)) (realloc (core func $realloc))))
  (instance $handler (export "handle" (func $handle)))
  (export "puppet:plugin/handler@0.1.0" (instance $handler))
"#;

/// WASI as a guest's runtime imports it, with the version it was built against.
const WASI: &str = r#"
  (import "wasi:io/error@V" (instance $error (export "error" (type (sub resource)))))
  (alias export $error "error" (type $io-error))
  (import "wasi:io/poll@V" (instance $poll
    (export "pollable" (type $p (sub resource)))
    (export "[method]pollable.block" (func (param "self" (borrow $p))))))
  (alias export $poll "pollable" (type $pollable))
  (import "wasi:io/streams@V" (instance $streams
    (export "output-stream" (type $o (sub resource)))
    (alias outer 1 $io-error (type $e))
    (export "error" (type $error (eq $e)))
    (type $s (variant (case "last-operation-failed" (own $error)) (case "closed")))
    (export "stream-error" (type $stream-error (eq $s)))
    (export "[method]output-stream.check-write" (func (param "self" (borrow $o)) (result (result u64 (error $stream-error)))))
    (export "[method]output-stream.write" (func
      (param "self" (borrow $o)) (param "contents" (list u8)) (result (result (error $stream-error)))))))
  (alias export $streams "output-stream" (type $output-stream))
  (import "wasi:cli/stderr@V" (instance $stderr
    (alias outer 1 $output-stream (type $o))
    (export "output-stream" (type $out (eq $o)))
    (export "get-stderr" (func (result (own $out))))))
  (import "wasi:cli/exit@V" (instance $exit (export "exit" (func (param "status" (result))))))
  (import "wasi:cli/environment@V" (instance $environment
    (export "get-environment" (func (result (list (tuple string string)))))
    (export "get-arguments" (func (result (list string))))))
  (import "wasi:clocks/wall-clock@V" (instance $wall
    (type $d (record (field "seconds" u64) (field "nanoseconds" u32)))
    (export "datetime" (type $datetime (eq $d)))
    (export "now" (func (result $datetime)))))
  (import "wasi:clocks/monotonic-clock@V" (instance $clock
    (alias outer 1 $pollable (type $p))
    (export "pollable" (type $pollable (eq $p)))
    (export "now" (func (result u64)))
    (export "subscribe-duration" (func (param "when" u64) (result (own $pollable))))))
  (import "wasi:random/random@V" (instance $random
    (export "get-random-bytes" (func (param "len" u64) (result (list u8))))
    (export "get-random-u64" (func (result u64)))))
  (import "wasi:filesystem/types@V" (instance $files
    (export "descriptor" (type $d (sub resource)))
    (alias outer 1 $output-stream (type $o))
    (export "output-stream" (type (eq $o)))
    (type $c (enum "access" "would-block"))
    (export "error-code" (type $code (eq $c)))
    (export "[method]descriptor.sync" (func (param "self" (borrow $d)) (result (result (error $code)))))))
  (alias export $files "descriptor" (type $descriptor))
  (import "wasi:filesystem/preopens@V" (instance $preopens
    (alias outer 1 $descriptor (type $d))
    (export "descriptor" (type $descriptor (eq $d)))
    (export "get-directories" (func (result (list (tuple (own $descriptor) string)))))))
  (import "wasi:sockets/network@V" (instance $network (export "network" (type (sub resource)))))
  (alias export $network "network" (type $net))
  (import "wasi:sockets/instance-network@V" (instance $instance-network
    (alias outer 1 $net (type $n))
    (export "network" (type $network (eq $n)))
    (export "instance-network" (func (result (own $network))))))
"#;

const WASI_CORE: &str = r#"
  (core func $stderr (canon lower (func $stderr "get-stderr")))
  (core func $write (canon lower (func $streams "[method]output-stream.write") (memory (core memory $memory))))
  (core func $room (canon lower (func $streams "[method]output-stream.check-write") (memory (core memory $memory))))
  (core func $exit (canon lower (func $exit "exit")))
  (core func $environment (canon lower (func $environment "get-environment") (memory (core memory $memory)) (realloc (core func $realloc))))
  (core func $arguments (canon lower (func $environment "get-arguments") (memory (core memory $memory)) (realloc (core func $realloc))))
  (core func $wall (canon lower (func $wall "now") (memory (core memory $memory))))
  (core func $now (canon lower (func $clock "now")))
  (core func $wait (canon lower (func $clock "subscribe-duration")))
  (core func $block (canon lower (func $poll "[method]pollable.block")))
  (core func $bytes (canon lower (func $random "get-random-bytes") (memory (core memory $memory)) (realloc (core func $realloc))))
  (core func $number (canon lower (func $random "get-random-u64")))
  (core func $folders (canon lower (func $preopens "get-directories") (memory (core memory $memory)) (realloc (core func $realloc))))
  (core func $network (canon lower (func $instance-network "instance-network")))
  (core func $drop-pollable (canon resource.drop $pollable))
"#;

const WASI_WITH: &str = r#"(with "wasi" (instance
    (export "stderr" (func $stderr)) (export "write" (func $write)) (export "room" (func $room)) (export "exit" (func $exit))
    (export "environment" (func $environment)) (export "arguments" (func $arguments)) (export "wall" (func $wall))
    (export "now" (func $now)) (export "wait" (func $wait)) (export "block" (func $block))
    (export "bytes" (func $bytes)) (export "number" (func $number)) (export "folders" (func $folders))
    (export "network" (func $network)) (export "drop-pollable" (func $drop-pollable))))"#;

const WASI_USE: &str = r#"
    (import "wasi" "stderr" (func $stderr (result i32)))
    (import "wasi" "write" (func $write (param i32 i32 i32 i32)))
    (import "wasi" "room" (func $room (param i32 i32)))
    (import "wasi" "exit" (func $exit (param i32)))
    (import "wasi" "environment" (func $environment (param i32)))
    (import "wasi" "arguments" (func $arguments (param i32)))
    (import "wasi" "wall" (func $wall (param i32)))
    (import "wasi" "now" (func $now (result i64)))
    (import "wasi" "wait" (func $wait (param i64) (result i32)))
    (import "wasi" "block" (func $block (param i32)))
    (import "wasi" "bytes" (func $bytes (param i64 i32)))
    (import "wasi" "number" (func $number (result i64)))
    (import "wasi" "folders" (func $folders (param i32)))
    (import "wasi" "network" (func $network (result i32)))
    (import "wasi" "drop-pollable" (func $drop-pollable (param i32)))
"#;

/// A host function that the tests link: `puppet:log/log.wait`, which may take its time.
const HOST: &str = r#"(import "puppet:log/log@0.1.0" (instance $log (export "wait" (func))))"#;
const HOST_CORE: &str = r#"(core func $log-wait (canon lower (func $log "wait")))"#;
const HOST_WITH: &str = r#"(with "log" (instance (export "wait" (func $log-wait))))"#;
const HOST_USE: &str = r#"(import "log" "wait" (func $log-wait))"#;

/// What a guest is made of.
pub struct Guest<'a> {
    /// Of its `handle`, after the imports; `$handle` must be exported by it.
    pub body: &'a str,
    /// Of its first memory.
    pub pages: u32,
    /// Version of WASI, where it imports it.
    pub wasi: Option<&'a str>,
    /// Whether it imports the host function.
    pub host: bool,
    /// More of the component, before its end.
    pub more: &'a str,
}

impl Default for Guest<'_> {
    fn default() -> Self {
        Self { body: ANSWERS, pages: 1, wasi: None, host: false, more: "" }
    }
}

/// Answers ok at once.
pub const ANSWERS: &str = r#"(func (export "handle") (param i32) (result i32) (i32.const 16))"#;

/// Never answers.
pub const SPINS: &str = r#"(func (export "handle") (param i32) (result i32) (loop $l (br $l)) (i32.const 16))"#;

impl Guest<'_> {
    /// As a binary.
    pub fn bytes(&self) -> Vec<u8> {
        let wasi = self.wasi.map(|version| WASI.replace("@V", &format!("@{version}"))).unwrap_or_default();
        let has = |yes: bool, text: &'static str| if yes { text } else { "" };
        let is_wasi = self.wasi.is_some();
        let text = format!(
            "(component {TYPES} {wasi} {host} {libc} {wasi_core} {host_core}
              (core module $m (import \"libc\" \"memory\" (memory $memory 1)) {wasi_use} {host_use} {body})
              (core instance $m (instantiate $m (with \"libc\" (instance $libc)) {wasi_with} {host_with}))
              {HANDLER} {more})",
            host = has(self.host, HOST),
            libc = LIBC.replace("PAGES", &self.pages.to_string()),
            wasi_core = has(is_wasi, WASI_CORE),
            host_core = has(self.host, HOST_CORE),
            wasi_use = has(is_wasi, WASI_USE),
            host_use = has(self.host, HOST_USE),
            wasi_with = has(is_wasi, WASI_WITH),
            host_with = has(self.host, HOST_WITH),
            body = self.body,
            more = self.more,
        );
        wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}"))
    }
}

/// A generator that answers each trigger with two events.
pub fn generator() -> Vec<u8> {
    let text = format!(
        r#"(component {TYPES} {libc}
          (type $a (record (field "id" string) (field "name" string) (field "handle" string)))
          (type $n (record (field "kind" string) (field "targets" (list string)) (field "priority" $priority)
            (field "payload" string) (field "delay-ms" u64)))
          (type $t (record (field "id" string) (field "kind" string) (field "at" u64) (field "payload" string)
            (field "agents" (list $a))))
          (core module $m
            (import "libc" "memory" (memory 1))
            (data (i32.const 600) "news.flash{{}}")
            ;; Ids, texts and lists come as address and length. One event per agent, of the kind of the trigger.
            (func (export "generate") (param i32 i32 i32 i32 i64 i32 i32 i32 i32) (result i32)
              (i32.store (i32.const 112) (i32.const 200)) (i32.store (i32.const 116) (local.get 8))
              (i32.store (i32.const 200) (local.get 2)) (i32.store (i32.const 204) (local.get 3))
              (i32.store8 (i32.const 216) (i32.const 2))
              (i32.store (i32.const 220) (i32.const 610)) (i32.store (i32.const 224) (i32.const 2))
              (i64.store (i32.const 232) (i64.const 1500))
              (i32.const 104)))
          (core instance $m (instantiate $m (with "libc" (instance $libc))))
          (func $generate (param "trigger" $t) (result (result (list $n) (error $failure)))
            (canon lift (core func $m "generate") (memory (core memory $memory)) (realloc (core func $realloc))))
          (instance $generator (export "agent-ref" (type $a)) (export "new-event" (type $n)) (export "trigger" (type $t))
            (export "generate" (func $generate)))
          (export "puppet:plugin/generator@0.1.0" (instance $generator)))"#,
        libc = LIBC.replace("PAGES", "1"),
    );
    wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}"))
}

/// A `handle` that does this and answers well.
pub fn handle(body: &str) -> String {
    format!(r#"(func (export "handle") (param i32) (result i32) {body} (i32.const 16))"#)
}

/// A sandbox with a small pool.
pub fn sandbox(limits: Limits) -> Sandbox {
    with_pool(limits, Pool { slots: 8, ..Pool::default() })
}

pub fn with_pool(limits: Limits, pool: Pool) -> Sandbox {
    Sandbox::new(SandboxConfig { limits, pool, ..SandboxConfig::default() }).unwrap()
}

pub fn prepare(sandbox: &Sandbox, bytes: &[u8]) -> Result<Prepared<Call>, LoadError> {
    let compiled: Compiled = sandbox.compile(bytes)?;
    sandbox.prepare(&compiled, |linker| {
        linker
            .instance("puppet:log/log@0.1.0")?
            .func_wrap_async("wait", |_, ()| Box::new(async { std::future::pending::<wasmtime::Result<()>>().await }))
    })
}

pub fn event() -> Event {
    Event {
        id: "evt_1".into(),
        kind: "mention".to_owned(),
        source: "local".to_owned(),
        agent: "coby".into(),
        author: Some("ada".to_owned()),
        priority: Priority::High,
        at: Timestamp::from_millis(1_000),
        payload: serde_json::json!({ "text": "hello" }),
        hops: 0,
        cause: None,
        broadcast: None,
    }
}

pub fn setup() -> CallSetup {
    CallSetup { seed: 7, wall: Timestamp::from_millis(1_000), deadline: None }
}

/// One call of a guest under some limits.
pub async fn run(limits: Limits, guest: Guest<'_>) -> Ended<Call> {
    let sandbox = sandbox(limits);
    let prepared = prepare(&sandbox, &guest.bytes()).unwrap();
    sandbox.handle(&prepared, Call::default(), &event(), setup()).await
}

pub async fn generate(sandbox: &Sandbox, prepared: &Prepared<Call>, kind: &str) -> (Ended<Call>, Vec<NewEvent>) {
    let agent = |id: &str| AgentRef { id: id.to_owned(), name: id.to_uppercase(), handle: format!("@{id}") };
    let event = Event { kind: kind.to_owned(), ..event() };
    sandbox.generate(prepared, Call::default(), &event, vec![agent("a")], setup()).await
}
