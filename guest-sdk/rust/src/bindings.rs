//! What the contract generates. Nothing is written here by hand; the other modules are the face of it.
#![allow(missing_docs, reason = "documented in wit/, where it comes from")]
#![allow(unsafe_code, reason = "the component ABI; written by the generator, never by us")]
#![allow(clippy::all, reason = "generated")]

wit_bindgen::generate!({
    path: "wit",
    world: "call-handler",
    additional_derives: [PartialEq, Eq],
    // These carry a leg or a transfer request, which are not compared.
    additional_derives_ignore: ["answered", "outcome", "ended-by", "bridged"],
    pub_export_macro: true,
    export_macro_name: "export_call_handler",
    default_bindings_module: "patchcord::bindings",
});

/// The world of event sinks: the same types.
pub mod event_sink {
    wit_bindgen::generate!({
        path: "wit",
        world: "event-sink",
        with: {
            "patchcord:handler/types@0.1.0": crate::bindings::patchcord::handler::types,
            "patchcord:handler/call@0.1.0": crate::bindings::patchcord::handler::call,
            "patchcord:handler/events@0.1.0": crate::bindings::patchcord::handler::events,
            "patchcord:handler/clock@0.1.0": crate::bindings::patchcord::handler::clock,
            "patchcord:handler/random@0.1.0": crate::bindings::patchcord::handler::random,
            "patchcord:handler/log@0.1.0": crate::bindings::patchcord::handler::log,
            "patchcord:handler/store@0.1.0": crate::bindings::patchcord::handler::store,
            "patchcord:handler/secrets@0.1.0": crate::bindings::patchcord::handler::secrets,
            "patchcord:handler/http@0.1.0": crate::bindings::patchcord::handler::http,
        },
        pub_export_macro: true,
        export_macro_name: "export_event_sink",
        default_bindings_module: "patchcord::bindings::event_sink",
    });
}
