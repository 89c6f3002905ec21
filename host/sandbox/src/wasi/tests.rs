//! Everything of WASI that a guest's runtime may import links, with the signatures of WASI's own text. What the
//! functions do is tested with guests (`tests/hostile.rs`); beside them stands here what a guest can hardly show.

use std::sync::Arc;

use puppet_types::Timestamp;
use wasmtime::component::Resource;

use super::{io, random, virtuals::Stream, *};
use crate::{CallSetup, Limits, limiter::Limiter};

#[derive(Default)]
struct Call(Room);

impl Carrier for Call {
    fn room(&mut self) -> &mut Room {
        &mut self.0
    }
}

fn room() -> Room {
    let mut room = Room::default();
    let setup = CallSetup { seed: 7, wall: Timestamp::default(), deadline: None };
    room.furnish(&Arc::new(Limits::default()), Limiter::default(), &setup);
    room
}

/// Interfaces in an order in which each finds the resources that it uses; `use NAME` stands for one of them.
const INTERFACES: &[(&str, &str)] = &[
    (
        "io/error",
        r#"(export "error" (type $e (sub resource)))
        (export "[method]error.to-debug-string" (func (param "self" (borrow $e)) (result string)))"#,
    ),
    (
        "io/poll",
        r#"(export "pollable" (type $p (sub resource)))
        (export "[method]pollable.ready" (func (param "self" (borrow $p)) (result bool)))
        (export "[method]pollable.block" (func (param "self" (borrow $p))))
        (export "poll" (func (param "in" (list (borrow $p))) (result (list u32))))"#,
    ),
    (
        "io/streams",
        r#"use error use pollable
        (type $s (variant (case "last-operation-failed" (own $error)) (case "closed")))
        (export "stream-error" (type $f (eq $s)))
        (export "input-stream" (type $i (sub resource))) (export "output-stream" (type $o (sub resource)))
        (type $read (func (param "self" (borrow $i)) (param "len" u64) (result (result (list u8) (error $f)))))
        (export "[method]input-stream.read" (func (type $read)))
        (export "[method]input-stream.blocking-read" (func (type $read)))
        (type $skip (func (param "self" (borrow $i)) (param "len" u64) (result (result u64 (error $f)))))
        (export "[method]input-stream.skip" (func (type $skip)))
        (export "[method]input-stream.blocking-skip" (func (type $skip)))
        (export "[method]input-stream.subscribe" (func (param "self" (borrow $i)) (result (own $pollable))))
        (export "[method]output-stream.check-write" (func (param "self" (borrow $o)) (result (result u64 (error $f)))))
        (type $write (func (param "self" (borrow $o)) (param "contents" (list u8)) (result (result (error $f)))))
        (export "[method]output-stream.write" (func (type $write)))
        (export "[method]output-stream.blocking-write-and-flush" (func (type $write)))
        (type $flush (func (param "self" (borrow $o)) (result (result (error $f)))))
        (export "[method]output-stream.flush" (func (type $flush)))
        (export "[method]output-stream.blocking-flush" (func (type $flush)))
        (export "[method]output-stream.subscribe" (func (param "self" (borrow $o)) (result (own $pollable))))
        (type $zeroes (func (param "self" (borrow $o)) (param "len" u64) (result (result (error $f)))))
        (export "[method]output-stream.write-zeroes" (func (type $zeroes)))
        (export "[method]output-stream.blocking-write-zeroes-and-flush" (func (type $zeroes)))
        (type $splice (func (param "self" (borrow $o)) (param "src" (borrow $i)) (param "len" u64)
          (result (result u64 (error $f)))))
        (export "[method]output-stream.splice" (func (type $splice)))
        (export "[method]output-stream.blocking-splice" (func (type $splice)))"#,
    ),
    (
        "cli/environment",
        r#"(export "get-environment" (func (result (list (tuple string string)))))
        (export "get-arguments" (func (result (list string)))) (export "initial-cwd" (func (result (option string))))"#,
    ),
    (
        "cli/exit",
        r#"(export "exit" (func (param "status" (result))))
        (export "exit-with-code" (func (param "status-code" u8)))"#,
    ),
    ("cli/stdin", r#"use input-stream (export "get-stdin" (func (result (own $input-stream))))"#),
    ("cli/stdout", r#"use output-stream (export "get-stdout" (func (result (own $output-stream))))"#),
    ("cli/stderr", r#"use output-stream (export "get-stderr" (func (result (own $output-stream))))"#),
    ("cli/terminal-input", r#"(export "terminal-input" (type (sub resource)))"#),
    ("cli/terminal-output", r#"(export "terminal-output" (type (sub resource)))"#),
    (
        "cli/terminal-stdin",
        r#"use terminal-input
        (export "get-terminal-stdin" (func (result (option (own $terminal-input)))))"#,
    ),
    (
        "cli/terminal-stdout",
        r#"use terminal-output
        (export "get-terminal-stdout" (func (result (option (own $terminal-output)))))"#,
    ),
    (
        "cli/terminal-stderr",
        r#"use terminal-output
        (export "get-terminal-stderr" (func (result (option (own $terminal-output)))))"#,
    ),
    (
        "clocks/monotonic-clock",
        r#"use pollable (export "now" (func (result u64)))
        (export "resolution" (func (result u64)))
        (type $wait (func (param "when" u64) (result (own $pollable))))
        (export "subscribe-instant" (func (type $wait))) (export "subscribe-duration" (func (type $wait)))"#,
    ),
    (
        "clocks/wall-clock",
        r#"(type $d (record (field "seconds" u64) (field "nanoseconds" u32)))
        (export "datetime" (type $t (eq $d)))
        (export "now" (func (result $t))) (export "resolution" (func (result $t)))"#,
    ),
    (
        "random/random",
        r#"(export "get-random-bytes" (func (param "len" u64) (result (list u8))))
        (export "get-random-u64" (func (result u64)))"#,
    ),
    (
        "random/insecure",
        r#"(export "get-insecure-random-bytes" (func (param "len" u64) (result (list u8))))
        (export "get-insecure-random-u64" (func (result u64)))"#,
    ),
    ("random/insecure-seed", r#"(export "insecure-seed" (func (result (tuple u64 u64))))"#),
    (
        "filesystem/types",
        r#"use error use output-stream
        (type $c (enum "access" "would-block")) (export "error-code" (type $code (eq $c)))
        (export "descriptor" (type $d (sub resource))) (export "directory-entry-stream" (type (sub resource)))
        (export "[method]descriptor.append-via-stream" (func (param "self" (borrow $d))
          (result (result (own $output-stream) (error $code)))))
        (export "filesystem-error-code" (func (param "err" (borrow $error)) (result (option $code))))"#,
    ),
    (
        "filesystem/preopens",
        r#"use descriptor
        (export "get-directories" (func (result (list (tuple (own $descriptor) string)))))"#,
    ),
    ("sockets/network", r#"(export "network" (type (sub resource)))"#),
    ("sockets/instance-network", r#"use network (export "instance-network" (func (result (own $network))))"#),
    ("sockets/ip-name-lookup", r#"(export "resolve-address-stream" (type (sub resource)))"#),
    (
        "sockets/tcp",
        r#"use network (export "tcp-socket" (type $t (sub resource)))
        (export "[method]tcp-socket.hop-limit" (func (param "self" (borrow $t)) (result u8)))"#,
    ),
    (
        "sockets/tcp-create-socket",
        r#"use tcp-socket
        (export "create-tcp-socket" (func (result (own $tcp-socket))))"#,
    ),
    (
        "sockets/udp",
        r#"(export "udp-socket" (type (sub resource)))
        (export "incoming-datagram-stream" (type (sub resource))) (export "outgoing-datagram-stream" (type (sub resource)))"#,
    ),
    (
        "sockets/udp-create-socket",
        r#"use udp-socket
        (export "create-udp-socket" (func (result (own $udp-socket))))"#,
    ),
];

/// Where a resource that others use comes from.
const USED: &[(&str, &str)] = &[
    ("error", "io/error"),
    ("pollable", "io/poll"),
    ("input-stream", "io/streams"),
    ("output-stream", "io/streams"),
    ("terminal-input", "cli/terminal-input"),
    ("terminal-output", "cli/terminal-output"),
    ("descriptor", "filesystem/types"),
    ("network", "sockets/network"),
    ("tcp-socket", "sockets/tcp"),
    ("udp-socket", "sockets/udp"),
];

/// A component that imports all of them.
fn everything() -> String {
    let mut text = String::new();
    for (number, (interface, body)) in INTERFACES.iter().enumerate() {
        let mut body = (*body).to_owned();
        for (name, _) in USED {
            let alias = format!(r#"(alias outer 1 ${name} (type ${name})) (export "{name}" (type (eq ${name})))"#);
            body = body.replace(&format!("use {name} "), &format!("{alias} "));
            body = body.replace(&format!("use {name}\n"), &format!("{alias}\n"));
        }
        text += &format!("(import \"wasi:{interface}@0.2.0\" (instance $i{number} {body}))\n");
        for (name, _) in USED.iter().filter(|(_, from)| from == interface) {
            text += &format!("(alias export $i{number} \"{name}\" (type ${name}))\n");
        }
    }
    format!("(component {text})")
}

#[test]
fn everything_that_is_served_links_and_nothing_else_is_served() {
    let engine = Engine::default();
    let component = Component::new(&engine, wat::parse_str(everything()).unwrap()).unwrap();
    let mut linker: Linker<Call> = Linker::new(&engine);
    link(&mut linker, &engine, &component).unwrap();
    linker.instantiate_pre(&component).map(drop).unwrap();
    for (interface, _) in INTERFACES {
        assert!(is_served(&format!("wasi:{interface}")), "{interface}");
    }
    assert_eq!(SERVED.len(), INTERFACES.len());
    assert!(!is_served("wasi:http/outgoing-handler"));
}

#[test]
fn of_pollables_those_are_ready_whose_time_has_come_first() {
    let mut room = room();
    let pollables = [30, 10, 20, 10].map(|at| room.push(io::Pollable(at)).unwrap());
    assert_eq!(io::sleep(&mut room, &pollables).unwrap(), [1, 3]);
    assert_eq!(room.world.now(), 10);
    assert_eq!(io::sleep(&mut room, &pollables[2..]).unwrap(), [1]);
    assert_eq!(io::sleep(&mut room, &pollables[..1]).unwrap(), [0]);
    assert_eq!(room.world.now(), 30);
    let none: &[Resource<io::Pollable>] = &[];
    assert!(io::sleep(&mut room, none).is_err());
}

#[test]
fn random_bytes_are_as_many_as_were_asked_for_and_never_the_same() {
    let mut room = room();
    let mut draw = |len| random::bytes(&mut room, Stream::Random, len).unwrap();
    let (first, second) = (draw(32), draw(32));
    assert_eq!((first.len(), second.len(), draw(0).len()), (32, 32, 0));
    assert_ne!(first, second);
    assert!(first.iter().any(|byte| *byte != first[0]));
}
