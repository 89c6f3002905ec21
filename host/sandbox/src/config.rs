//! The one production configuration of wasmtime: every option with its reason. Tests, benches and the author's desk
//! use the same constructor, so that the same component burns the same fuel everywhere.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use wasmtime::{
    Config, Enabled, InstanceAllocationStrategy, OptLevel, PoolingAllocationConfig, RegallocAlgorithm, Strategy,
    WasmBacktraceDetails,
};

use crate::{Limits, StrikeRules};

/// What the sandbox is made with.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SandboxConfig {
    /// Limits of one invocation.
    pub limits: Limits,
    /// Slots that instances live in.
    pub pool: Pool,
    /// When a version backs off and when it is quarantined.
    pub strikes: StrikeRules,
    /// Where native code is kept between runs. `None` compiles anew each time. Nobody else may write there:
    /// what lies in it is run as native code.
    pub cache_dir: Option<PathBuf>,
}

/// The pool of slots. It decides the throughput: the numbers beside the fields are measured, see `cargo bench -- --only threads`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Pool {
    /// Instances alive at once, waiting ones included. A call beyond it waits its turn.
    pub slots: u32,
    /// Bytes of guest memory that may be in use at once, over all instances. A call beyond it waits its turn.
    pub live_bytes: u64,
    /// Bytes of a memory that stay resident in a used slot and are cleaned by copying instead of by unmapping.
    /// Unmapping takes the lock of the whole address space, which makes four threads slower than one.
    pub memory_keep_resident: usize,
    /// The same for tables.
    pub table_keep_resident: usize,
    /// Used slots that are kept apart per component. Idle memory is at most this many times the two above.
    pub warm_slots: u32,
    /// Instructions between two looks at the clock and at other tasks. A wall-clock deadline interrupts a spinning
    /// guest within one interval. The fuel count does not depend on it.
    pub yield_interval: u64,
}

impl Default for Pool {
    fn default() -> Self {
        Self {
            slots: 1_000,
            live_bytes: 4 << 30,
            memory_keep_resident: 2 << 20,
            table_keep_resident: 64 << 10,
            warm_slots: 100,
            yield_interval: 1_000_000,
        }
    }
}

/// Places for calls within calls, beside the slots: a plugin's state is carried over while the plugin waits for it. Such a
/// call makes none itself, so it always comes to its end; were it to wait for a slot, all of them could be held by those
/// who wait for it.
pub(crate) const WITHIN: u32 = 4;

/// Native stack beyond what guest code may use: host functions run on the same stack.
pub(crate) const HOST_STACK: usize = 1 << 20;

/// Frames of a trap's backtrace: enough to tell recursion from a wild pointer (see `causes`).
pub(crate) const BACKTRACE_FRAMES: usize = 64;

/// The engine's configuration.
pub(crate) fn wasmtime_config(limits: &Limits, pool: &Pool) -> Config {
    let mut config = Config::new();

    // Components only, and only calls that return: the async ABI makes every call 2.5 to 5 times dearer.
    config.wasm_component_model(true);
    config.concurrency_support(false);

    // The same code for the same bytes on every run; the fast allocator would save compile time and lose speed.
    config.strategy(Strategy::Cranelift);
    config.cranelift_opt_level(OptLevel::Speed);
    config.cranelift_regalloc_algorithm(RegallocAlgorithm::Backtracking);

    // CPU: fuel counts instructions, the same number on the author's desk. Epochs measure time, and both together
    // cost more than either. The wall clock is watched at the yields.
    config.consume_fuel(true);
    config.epoch_interruption(false);

    // Equal bits on every machine: one NaN, one answer of every relaxed SIMD instruction.
    config.cranelift_nan_canonicalization(true);
    config.relaxed_simd_deterministic(true);

    // Proposals that no guest language of ours needs: less to trust. (GC and threads are not even compiled in.)
    config.wasm_memory64(false);
    config.wasm_tail_call(false);
    config.wasm_custom_page_sizes(false);
    config.wasm_wide_arithmetic(false);
    config.wasm_relaxed_simd(false);
    // Needed: a component whose adapter and guest each bring a memory.
    config.wasm_multi_memory(true);

    // Traps are told from each other by their kind and the depth of their stack; nobody reads line numbers, and the
    // environment of the process (WASMTIME_BACKTRACE_DETAILS) has no say.
    config.wasm_backtrace_details(WasmBacktraceDetails::Disable);
    config.wasm_backtrace_max_frames(std::num::NonZeroUsize::new(BACKTRACE_FRAMES));

    // Stack: a bound for the guest, and room above it for the host functions that it calls.
    let stack = usize::try_from(limits.stack_bytes).unwrap_or(usize::MAX);
    config.max_wasm_stack(stack);
    config.async_stack_size(stack.saturating_add(HOST_STACK));

    // Memory: 4 GiB of addresses per slot let Cranelift leave out bounds checks; the addresses cost nothing.
    config.memory_init_cow(true);
    config.table_lazy_init(true);

    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pooling(limits, pool)));
    config
}

/// The same without the count of instructions, for the benchmark that says what the count costs. Nothing bounds a guest
/// there: `SandboxConfig` has no field for it, so that no configuration can ask for it.
pub(crate) fn unmetered_config(limits: &Limits, pool: &Pool) -> Config {
    let mut config = wasmtime_config(limits, pool);
    config.consume_fuel(false);
    config
}

fn pooling(limits: &Limits, pool: &Pool) -> PoolingAllocationConfig {
    let small = |value: u64| u32::try_from(value).unwrap_or(u32::MAX);
    let mut slots = PoolingAllocationConfig::new();

    // As many of everything as the admitted instances can need: a full pool makes a call wait, never fail.
    let places = pool.slots.saturating_add(WITHIN);
    slots.total_component_instances(places);
    slots.total_stacks(places);
    slots.total_core_instances(places.saturating_mul(small(limits.core_instances)));
    slots.total_memories(places.saturating_mul(small(limits.memories)));
    slots.total_tables(places.saturating_mul(small(limits.tables)));
    slots.max_core_instances_per_component(small(limits.core_instances));
    slots.max_memories_per_component(small(limits.memories));
    slots.max_tables_per_component(small(limits.tables));
    slots.max_memories_per_module(small(limits.memories));
    slots.max_tables_per_module(small(limits.tables));

    // A single memory or table may take the whole allowance; the sum is the limiter's business.
    slots.max_memory_size(usize::try_from(limits.memory_bytes).unwrap_or(usize::MAX));
    slots.table_elements(usize::try_from(limits.table_elements).unwrap_or(usize::MAX));

    slots.linear_memory_keep_resident(pool.memory_keep_resident);
    slots.table_keep_resident(pool.table_keep_resident);
    slots.max_unused_warm_slots(pool.warm_slots);
    // Clean only what was touched, where the kernel can tell (Linux 6.7).
    slots.pagemap_scan(Enabled::Auto);
    // A stack holds native frames only; a guest cannot read them.
    slots.async_stack_keep_resident(0);
    slots
}
