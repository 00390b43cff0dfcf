//! Types generated from `wit/`. They stay inside this crate: `convert` turns them into control's words and back.
//!
//! The generated host traits are not used; each import is linked by hand in `imports`, because it needs the store to
//! account for fuel and to begin a turn.
#![allow(missing_docs, unreachable_pub, dead_code, clippy::all, reason = "generated")]

use crate::handles;

wasmtime::component::bindgen!({
    path: "../../wit",
    world: "call-handler",
    exports: { default: async },
    with: {
        "patchcord:handler/types.operation": handles::Operation,
        "patchcord:handler/call.leg": handles::Leg,
        "patchcord:handler/play.playing": handles::Playing,
        "patchcord:handler/gather.gathering": handles::Gathering,
        "patchcord:handler/record.recording": handles::Recording,
        "patchcord:handler/stream.streaming": handles::Streaming,
        "patchcord:handler/dial.dialing": handles::Dialing,
        "patchcord:handler/bridge.bridging": handles::Bridging,
        "patchcord:handler/transfer.request": handles::TransferRequest,
        "patchcord:handler/room.room": handles::Room,
        "patchcord:handler/recognise.recognising": handles::Recognising,
        "patchcord:handler/presence.watching": handles::Watching,
    },
});
