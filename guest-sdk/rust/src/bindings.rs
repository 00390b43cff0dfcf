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
