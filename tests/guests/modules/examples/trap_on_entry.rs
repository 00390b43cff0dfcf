//! Traps before it asked for anything.

use patchcord::prelude::*;

patchcord::handler!(handle);

fn handle(_caller: Leg) -> Result<()> {
    trap()
}

#[cfg(target_arch = "wasm32")]
fn trap() -> ! {
    std::arch::wasm32::unreachable()
}

#[cfg(not(target_arch = "wasm32"))]
fn trap() -> ! {
    std::process::abort()
}
