//! Answers, then takes memory until there is none. The memory limit ends it.

use patchcord::prelude::*;
use std::hint::black_box;

patchcord::handler!(handle);

fn handle(caller: Leg) -> Result<()> {
    caller.answer()?;
    let mut hoard = Vec::new();
    loop {
        hoard.push(black_box(vec![1_u8; 1024 * 1024]));
    }
}
