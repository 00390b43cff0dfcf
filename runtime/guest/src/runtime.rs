//! The engine and the host functions, once per process.

use crate::imports;
use crate::slot::State;
use std::path::PathBuf;
use std::time::Duration;
use wasmtime::component::Linker;
use wasmtime::{Cache, CacheConfig, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

/// Stack of a guest in bytes: what its own functions may use, of the address space set aside for them and ours. Only
/// pages that were touched take memory.
const GUEST_STACK_BYTES: usize = 128 * 1024;
const STACK_BYTES: usize = 256 * 1024;

/// What the pool keeps ready for each instance. Wrapping a core module makes three core instances of it (its own, and
/// two that break the circle between its imports and its memory), sharing one memory and two tables.
const CORE_INSTANCES_PER_HANDLER: u32 = 4;
const TABLES_PER_HANDLER: u32 = 4;
const MEMORIES_PER_HANDLER: u32 = 1;
const TABLE_ELEMENTS: usize = 20_000;

/// Gives the CPU time the current thread has used. The host supplies it; a simulation has none.
pub type CpuClock = fn() -> Duration;

/// How a [`Runtime`] is sized.
#[derive(Debug, Clone)]
pub struct Config {
    /// Instances alive at once; one more fails with [`crate::Fault::Start`]. For each, `memory_max` and about one further
    /// MiB of address space are reserved, and the kernel's `vm.max_map_count` must allow some six mappings.
    pub max_instances: u32,
    /// The most linear memory an instance may ever be allowed, in bytes; a multiple of 65,536.
    pub memory_max: u64,
    /// CPU time of the current thread. None: whole ticks of wall time are counted instead.
    pub cpu_clock: Option<CpuClock>,
    /// The folder where compiled code is kept from one process to the next, an absolute path; none: nowhere. Whoever can write
    /// there can run code of its own in this process.
    pub code_cache: Option<PathBuf>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            max_instances: 4_000,
            memory_max: 32 * 1024 * 1024,
            cpu_clock: None,
            code_cache: None,
        }
    }
}

/// The engine and the host functions that every module is linked to. Cloning shares it.
#[derive(Clone)]
pub struct Runtime {
    pub(crate) engine: Engine,
    pub(crate) linker: Linker<State>,
    pub(crate) config: Config,
}

impl Runtime {
    /// Sets up the engine. The error is a sentence for the operator: what could not be had, and why.
    pub fn new(config: Config) -> Result<Runtime, String> {
        let engine = engine_config(&config)?;
        let engine = Engine::new(&engine).map_err(|error| {
            format!(
                "no room for {} handlers of up to {} bytes of memory: {error:#}; lower `max_instances`, or raise the \
                 limits on address space and vm.max_map_count",
                config.max_instances, config.memory_max
            )
        })?;
        let mut linker = Linker::new(&engine);
        imports::link(&mut linker).expect("every name of the contract is defined once");
        Ok(Runtime { engine, linker, config })
    }

    /// Says that [`crate::EPOCH_MS`] passed. The host calls it from a thread of its own, so that a handler in an endless
    /// loop is stopped. Without ticks only [`crate::Limits::turn_fuel`] stops it.
    pub fn tick(&self) {
        self.engine.increment_epoch();
    }
}

fn engine_config(config: &Config) -> Result<wasmtime::Config, String> {
    let mut engine = wasmtime::Config::new();
    engine
        .consume_fuel(true)
        .epoch_interruption(true)
        .max_wasm_stack(GUEST_STACK_BYTES)
        .async_stack_size(STACK_BYTES)
        // Half the cost of a host call, and no handler may import async functions.
        .concurrency_support(false)
        // Faults of the engine were most frequent in what no handler needs.
        .wasm_simd(false)
        .wasm_relaxed_simd(false)
        .wasm_memory64(false)
        .wasm_tail_call(false)
        .wasm_multi_memory(false)
        // Bounds are checked in code: a guard region per instance would cost mappings and address space.
        .memory_reservation(config.memory_max)
        .memory_reservation_for_growth(0)
        .memory_guard_size(0)
        .memory_may_move(false)
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool(config)));
    if let Some(folder) = &config.code_cache {
        let mut kept = CacheConfig::new();
        kept.with_directory(folder);
        let refused = |error| format!("compiled code cannot be kept in {}: {error:#}", folder.display());
        engine.cache(Some(Cache::new(kept).map_err(refused)?));
    }
    Ok(engine)
}

fn pool(config: &Config) -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::default();
    let instances = config.max_instances;
    pool.total_component_instances(instances)
        .total_core_instances(instances.saturating_mul(CORE_INSTANCES_PER_HANDLER))
        .total_memories(instances.saturating_mul(MEMORIES_PER_HANDLER))
        .total_tables(instances.saturating_mul(TABLES_PER_HANDLER))
        .total_stacks(instances)
        .max_core_instances_per_component(CORE_INSTANCES_PER_HANDLER)
        .max_memories_per_component(MEMORIES_PER_HANDLER)
        .max_tables_per_component(TABLES_PER_HANDLER)
        .table_elements(TABLE_ELEMENTS)
        .max_memory_size(usize::try_from(config.memory_max).expect("memory_max is an address on this machine"))
        // What an instance leaves behind is given back at once, so that no other instance can ever see it.
        .linear_memory_keep_resident(0)
        .table_keep_resident(0)
        .async_stack_keep_resident(0);
    pool
}
