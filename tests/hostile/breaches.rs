//! Guests that take more than they may have of what the sandbox counts: instructions, memory, tables, stack, handles,
//! bytes.

use puppet_types::Breach::{
    OutOfFuel, OutOfMemory, OutOfStack, TableTooLarge, TooManyHandles, TooManyHostBytes, TooManyHostCalls,
    TooManyInstances, Trap,
};

use super::{
    bare::{ANSWERS, Guest, SPINS},
    stranger::{End, Stranger, breaches, invoke, lines, strangers},
    text::{afterwards, besides, fails_with, generates, handle, handles, module, wasi},
};

/// A memory that grows by pieces until it may not.
const GROWS: &str = "(loop $l (br_if $l (i32.ge_s (memory.grow $memory (i32.const 64)) (i32.const 0)))) unreachable";

strangers! {
    an_endless_loop ("fuel"): module(SPINS) => End::Breach(OutOfFuel, "fuel");
    an_endless_loop_before_the_first_call ["[sandbox.limits]\nfuel = 20000000\n"]:
        module(&format!("(func $start (loop $l (br $l))) (start $start) {ANSWERS}")) => End::Breach(OutOfFuel, "fuel");
    recursion_on_the_native_stack ("stack_bytes"): module(&format!(
        "(func $f (param i64) (result i64) (i64.add (call $f (i64.add (local.get 0) (i64.const 1))) (local.get 0))) {}",
        handle("(drop (call $f (i64.const 1)))")
    )) => End::Breach(OutOfStack, "");
    recursion_on_a_stack_of_its_own: module(&format!(
        "(global $sp (mut i32) (i32.const 65536))
         (func $f (result i32)
           (global.set $sp (i32.sub (global.get $sp) (i32.const 256)))
           (i32.store (global.get $sp) (i32.const 1))
           (i32.add (call $f) (i32.const 1))) {}",
        handle("(drop (call $f))")
    )) => End::Breach(OutOfStack, "");
    one_memory_that_grows ("memory_bytes"): handles(GROWS) => End::Breach(OutOfMemory, "at most 134217728");
    several_memories_that_grow ("memory_bytes"): module(&format!(
        "(memory $own 1) {}",
        handle(&format!("(if (i32.lt_s (memory.grow $own (i32.const 1200)) (i32.const 0)) (then unreachable)) {GROWS}"))
    )) => End::Breach(OutOfMemory, "at most 134217728");
    a_table_that_grows ("table_elements"): module(&format!(
        "(table $t 10 funcref) {}",
        handle("(loop $l (br_if $l (i32.ge_s (table.grow $t (ref.null func) (i32.const 1000)) (i32.const 0)))) unreachable")
    )) => End::Breach(TableTooLarge, "at most 40000");
    a_memory_that_is_declared_too_large ("memory_bytes"):
        Guest { pages: 2_049, ..Guest::default() }.bytes() => End::TooMuch(OutOfMemory, "");
    a_table_that_is_declared_too_large ("table_elements"):
        module(&format!("(table 50000 funcref) {ANSWERS}")) => End::TooMuch(TableTooLarge, "");
    a_huge_data_segment ("component_bytes") ["[sandbox.limits]\ncomponent_bytes = 65536\n"]:
        module(&format!("(data (i32.const 0) \"{}\") {ANSWERS}", "x".repeat(65_536)))
        => End::Refused(&["at most 65536", "sandbox.limits.component_bytes"]);
    a_data_segment_past_its_memory:
        module(&format!("(data (i32.const 1) \"{}\") {ANSWERS}", "x".repeat(65_536))) => End::Breach(Trap, "out of bounds");
    many_instances ("core_instances"):
        besides(&("(core module $x) ".to_owned() + &"(core instance (instantiate $x)) ".repeat(100)))
        => End::TooMuch(TooManyInstances, "");
    many_memories ("memories"):
        besides("(core module $x (memory 1)) (core instance (instantiate $x)) (core instance (instantiate $x))")
        => End::TooMuch(TooManyInstances, "");
    many_tables ("tables"):
        besides(&format!("(core module $x {}) (core instance (instantiate $x))", "(table 1 funcref) ".repeat(9)))
        => End::TooMuch(TooManyInstances, "");
    a_list_of_millions: generates(
        "(drop (memory.grow (i32.const 1400)))
         (i32.store (i32.const 112) (i32.const 65536)) (i32.store (i32.const 116) (i32.const 2000000))"
    ) => End::Breach(TooManyHostBytes, "");
    a_text_of_megabytes ("host_bytes_per_call"): wasi(64, &fails_with(64, 3_000_000)) => End::Breach(TooManyHostBytes, "");
    handles_that_leak ("handles"): wasi(1, "(loop $l (drop (call $stderr)) (br $l))") => End::Breach(TooManyHandles, "");
    resources_of_its_own ("handles"):
        besides("(type $r (resource (rep i32))) (core func (canon resource.new $r))") => End::TooMuch(TooManyHandles, "");
    a_flood_of_wasi_calls ("wasi_calls"):
        wasi(1, "(loop $l (drop (call $number)) (br $l))") => End::Breach(TooManyHostCalls, "after 20000 WASI calls");
    too_much_chance ("random_bytes_per_call"):
        wasi(1, "(call $bytes (i64.const 65537) (i32.const 32))") => End::Breach(TooManyHostBytes, "");
    a_flood_of_output ("output_bytes"): wasi(1,
        "(local $n i32) (local $out i32) (local.set $out (call $stderr))
         (loop $l (call $write (local.get $out) (i32.const 8192) (i32.const 50000) (i32.const 32))
           (br_if $l (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 10))))"
    ) => End::Harmless(|said| assert_eq!(lines(said).last(), Some(&"434464 more bytes of output were dropped")));
    a_flood_of_lines ("output_lines"): Guest {
        body: &format!("(data (i32.const 8192) \"{}\") {}", "a\\n".repeat(1_500), handle(
            "(call $write (call $stderr) (i32.const 8192) (i32.const 3000) (i32.const 32))")),
        wasi: Some("0.2.3"), ..Guest::default()
    }.bytes() => End::Harmless(|said| {
        let lines = lines(said);
        assert_eq!((lines.len(), lines[1_000]), (1_001, "1000 more bytes of output were dropped"));
    });
    a_trap_in_handle: handles("unreachable") => End::Breach(Trap, "unreachable");
    a_trap_in_generate: generates("unreachable") => End::Breach(Trap, "unreachable");
    a_trap_after_the_answer: afterwards("unreachable") => End::Breach(Trap, "unreachable");
    an_endless_loop_after_the_answer ["[sandbox.limits]\nfuel = 20000000\n"]:
        afterwards("(loop $l (br $l))") => End::Breach(OutOfFuel, "fuel");
    a_trap_before_the_first_call:
        module(&format!("(func $start unreachable) (start $start) {ANSWERS}")) => End::Breach(Trap, "unreachable");
}

/// As a Rust guest panics: its words to stderr, and a trap. The last of them are told, not all.
#[test]
fn a_panic_with_a_message_of_a_mebibyte() {
    let panics = wasi(
        17,
        "(local $n i32) (local $out i32) (local.set $out (call $stderr))
         (memory.fill (i32.const 8192) (i32.const 120) (i32.const 65536))
         (loop $l (call $write (local.get $out) (i32.const 8192) (i32.const 65536) (i32.const 32))
           (br_if $l (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 16))))
         unreachable",
    );
    let said = breaches(invoke("", &panics), Trap, "xxxx");
    assert!(said["detail"].as_str().unwrap().len() <= 2_048 && said.to_string().len() < 100_000, "{said}");
}
