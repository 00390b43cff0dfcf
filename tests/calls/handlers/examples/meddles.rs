//! An event sink that would ask something of a leg, which it never gets: it is refused before it runs.

use patchcord::events::Event;
use patchcord::prelude::*;

patchcord::event_sink!(receive);

fn receive(event: Event) -> Result<()> {
    let leg: Option<Leg> = std::hint::black_box(None);
    if let Some(leg) = leg {
        leg.hang_up();
    }
    info!("{}", event.call_id);
    Ok(())
}
