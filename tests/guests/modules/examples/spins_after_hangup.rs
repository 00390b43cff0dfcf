//! Answers, waits for the caller to hang up, then computes for ever.

use patchcord::prelude::*;
use std::hint::black_box;

patchcord::handler!(handle);

fn handle(caller: Leg) -> Result<()> {
    caller.answer()?;
    while wait::sleep(secs(60)).is_ok() {}
    let mut number = 1_u64;
    loop {
        number = black_box(number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1));
    }
}
