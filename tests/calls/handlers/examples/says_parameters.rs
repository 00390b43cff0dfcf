//! Logs who calls, and what a client's call was placed with, then rings: the log is what a test reads.

use patchcord::prelude::*;

patchcord::handler!(handle);

const NAMES: [&str; 3] = ["X-queue", "X-topic", "X-Other"];

fn handle(caller: Leg) -> Result<()> {
    let info = caller.info();
    info!("{} calls {}", info.from, info.to);
    for name in NAMES {
        info!("{name}: {}", caller.header(name).join(" and "));
    }
    caller.ring()?;
    wait::sleep(secs(60))
}
