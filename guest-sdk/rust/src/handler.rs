//! From a plain function to the component's export.

use crate::log::{self, Level};
use crate::{Leg, Result};

/// Makes a function the module's handler. It takes the caller's [`Leg`] and gives a [`Result<()>`](crate::Result). Off wasm it
/// makes nothing, so that a handler's other functions can be tested natively.
#[macro_export]
macro_rules! handler {
    ($function:path) => {
        #[cfg(not(target_arch = "wasm32"))]
        const _: fn($crate::Leg) -> $crate::Result<()> = $function;

        #[cfg(target_arch = "wasm32")]
        const _: () = {
            struct Component;

            impl $crate::bindings::Guest for Component {
                fn handle(caller: $crate::Leg) -> $crate::Result<()> {
                    $crate::handler::run($function, caller)
                }
            }

    $crate::bindings::export_call_handler!(Component with_types_in $crate::bindings);
        };
    };
}

/// Runs a handler; its panics go to the call's log first. For [`handler!`](crate::handler).
pub fn run(handle: fn(Leg) -> Result<()>, caller: Leg) -> Result<()> {
    std::panic::set_hook(Box::new(|panic| log::write(Level::Error, &panic.to_string())));
    handle(caller)
}
