//! Guests that lie about what they hand over: pointers, lengths, texts, discriminants and the memory that they give out.

use puppet_types::Breach::{Forbidden, Trap};

use super::{
    stranger::{End, Stranger, strangers},
    text::{allocates, fails_with, handle, handles, module, wasi},
};

strangers! {
    a_text_of_a_declared_gibibyte: handles(&fails_with(64, 1 << 30)) => End::Breach(Trap, "out of bounds");
    a_text_that_ends_past_all_addresses: handles(&fails_with(u32::MAX - 8, 64)) => End::Breach(Trap, "out of bounds");
    a_text_that_is_no_utf8: module(&format!(
        "(data (i32.const 100) \"\\ff\\fe\\c0\") {}", handle(&fails_with(100, 3))
    )) => End::Breach(Trap, "utf-8");
    an_argument_out_of_bounds: wasi(1,
        "(call $write (call $stderr) (i32.const -16) (i32.const 1000) (i32.const 32))"
    ) => End::Breach(Trap, "out of bounds");
    an_answer_out_of_bounds:
        module("(func (export \"handle\") (param i32) (result i32) (i32.const -16))") => End::Breach(Trap, "out of bounds");
    an_answer_that_is_not_aligned:
        module("(func (export \"handle\") (param i32) (result i32) (i32.const 17))") => End::Breach(Trap, "align");
    an_answer_of_no_case: handles("(i32.store8 (i32.const 16) (i32.const 7))") => End::Breach(Trap, "discriminant");
    a_place_for_an_answer_out_of_bounds: wasi(1, "(call $wall (i32.const -16))") => End::Breach(Trap, "out of bounds");
    a_handle_of_nobody: wasi(1, "(call $drop-pollable (i32.const 99))") => End::Breach(Trap, "handle");
    a_handle_of_another_type: wasi(1, "(call $drop-pollable (call $stderr))") => End::Breach(Trap, "handle");
    a_handle_that_is_dropped_twice: wasi(1,
        "(local $p i32) (local.set $p (call $wait (i64.const 1)))
         (call $drop-pollable (local.get $p)) (call $drop-pollable (local.get $p))"
    ) => End::Breach(Trap, "handle");
    memory_given_out_that_is_not_there: allocates("(i32.const -8)") => End::Breach(Trap, "beyond end of memory");
    memory_given_out_that_is_not_aligned: allocates("(i32.const 9)") => End::Breach(Trap, "align");
    a_trap_where_memory_is_given_out: allocates("unreachable") => End::Breach(Trap, "unreachable");
    an_exit_in_the_middle: wasi(1, "(call $exit (i32.const 0))") => End::Breach(Forbidden, "wasi:cli/exit");
}
