//! Answers, and computes twenty times a second for as long as the caller stays. The called name says how much:
//! `grinder-<thousands of rounds>`, a thousand thousand if nothing. A neighbour that nobody wants.

use patchcord::prelude::*;
use std::hint::black_box;

patchcord::handler!(handle);

fn handle(caller: Leg) -> Result<()> {
    let to = caller.info().to;
    let thousands = to.split('-').nth(1).and_then(|number| number.parse().ok());
    let rounds = 1_000 * thousands.unwrap_or(1_000_u64);
    caller.answer()?;
    loop {
        let mut number = 1_u64;
        for round in 0..rounds {
            number = black_box(number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(round));
        }
        wait::sleep(millis(50))?;
    }
}
