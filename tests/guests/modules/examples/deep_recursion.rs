//! Answers, then calls itself until the stack ends.

use patchcord::prelude::*;
use std::hint::black_box;

patchcord::handler!(handle);

fn handle(caller: Leg) -> Result<()> {
    caller.answer()?;
    info!("came back from {}", dig(black_box(1)));
    Ok(())
}

#[inline(never)]
#[allow(unconditional_recursion, reason = "that is what is tested")]
fn dig(depth: u64) -> u64 {
    // Twice, so that it cannot be made a loop.
    dig(black_box(depth + 1)).wrapping_add(dig(black_box(depth + 2)))
}
