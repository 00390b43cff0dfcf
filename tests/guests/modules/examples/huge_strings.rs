//! Answers, then passes strings of growing size: some get the contract's error, the last ends it.

use patchcord::prelude::*;

patchcord::handler!(handle);

fn handle(caller: Leg) -> Result<()> {
    caller.answer()?;
    for bytes in [60_000, 100_000, 500_000, 8_000_000] {
        let name = "x".repeat(bytes);
        match caller.play(file(&name)) {
            Ok(_) => info!("{bytes} bytes were played"),
            Err(error) => info!(
                "{bytes} bytes were refused: {} words",
                error.to_string().split(' ').count()
            ),
        }
        info!("header of {bytes} bytes: {}", caller.header(&name).len());
    }
    Ok(())
}
