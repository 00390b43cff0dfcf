//! From a plain function to an event sink: a component that is told what happens in calls and changes none.
//!
//! ```no_run
//! use patchcord::events::{Event, Happening};
//! use patchcord::prelude::*;
//!
//! patchcord::event_sink!(receive);
//!
//! fn receive(event: Event) -> Result<()> {
//!     if let Happening::CallEnded(end) = event.what {
//!         info!("{} lasted {} ms", event.call_id, end.duration_ms);
//!     }
//!     Ok(())
//! }
//! ```

use crate::Result;
use crate::events::Event;
use crate::log::{self, Level};

/// Makes a function the module's event sink. It takes an [`Event`] and gives a [`Result<()>`](crate::Result); after an error
/// the event comes again. Off wasm it makes nothing, so that a sink's other functions can be tested natively.
#[macro_export]
macro_rules! event_sink {
    ($function:path) => {
        #[cfg(not(target_arch = "wasm32"))]
        const _: fn($crate::events::Event) -> $crate::Result<()> = $function;

        #[cfg(target_arch = "wasm32")]
        const _: () = {
            struct Component;

            impl $crate::bindings::event_sink::Guest for Component {
                fn receive(event: $crate::events::Event) -> $crate::Result<()> {
                    $crate::sink::run($function, event)
                }
            }

    $crate::bindings::event_sink::export_event_sink!(Component with_types_in $crate::bindings::event_sink);
        };
    };
}

/// Runs a sink; its panics go to the log first. For [`event_sink!`](crate::event_sink).
pub fn run(receive: fn(Event) -> Result<()>, event: Event) -> Result<()> {
    std::panic::set_hook(Box::new(|panic| log::write(Level::Error, &panic.to_string())));
    receive(event)
}
