//! An event sink that keeps what it is told in the store. What a handler tells of its own is an order to misbehave.

use patchcord::events::{Event, Happening};
use patchcord::prelude::*;

patchcord::event_sink!(receive);

fn receive(event: Event) -> Result<()> {
    if let Happening::Custom(note) = &event.what {
        match note.name.as_str() {
            "fail" => return Err(Error::Failed("as told".to_owned())),
            "panic" => panic!("as told"),
            "spin" => loop {
                std::hint::black_box(0);
            },
            "ask" => {
                let answer = http::get(note.data.clone()).within(secs(29)).send()?;
                info!("answered {}", answer.status);
            }
            _ => {}
        }
    }
    let key = format!("{}/{}", event.handler, event.sequence);
    store::set(&key, format!("{:?}", event.what), None)?;
    info!("kept {}", event.sequence);
    Ok(())
}
