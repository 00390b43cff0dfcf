//! What upload refuses, and what it says.

use crate::testing::{core, core_for, runtime};
use crate::{MAX_MODULE_BYTES, Module, Refused};
use wit_parser::Resolve;

fn refusal(bytes: &[u8]) -> Refused {
    let refused = Module::load(&runtime(1), bytes).expect_err("it must be refused");
    println!("{refused}");
    refused
}

/// A core module for a world of the given package; one that was changed from ours.
fn for_changed_contract(change: impl Fn(&str) -> String, text: &str) -> Vec<u8> {
    const FILES: [&str; 23] = [
        include_str!("../../../../wit/types.wit"),
        include_str!("../../../../wit/call.wit"),
        include_str!("../../../../wit/play.wit"),
        include_str!("../../../../wit/gather.wit"),
        include_str!("../../../../wit/record.wit"),
        include_str!("../../../../wit/stream.wit"),
        include_str!("../../../../wit/dial.wit"),
        include_str!("../../../../wit/transfer.wit"),
        include_str!("../../../../wit/bridge.wit"),
        include_str!("../../../../wit/wait.wit"),
        include_str!("../../../../wit/clock.wit"),
        include_str!("../../../../wit/random.wit"),
        include_str!("../../../../wit/log.wit"),
        include_str!("../../../../wit/recognise.wit"),
        include_str!("../../../../wit/room.wit"),
        include_str!("../../../../wit/store.wit"),
        include_str!("../../../../wit/secrets.wit"),
        include_str!("../../../../wit/http.wit"),
        include_str!("../../../../wit/events.wit"),
        include_str!("../../../../wit/report.wit"),
        include_str!("../../../../wit/inbox.wit"),
        include_str!("../../../../wit/presence.wit"),
        include_str!("../../../../wit/worlds.wit"),
    ];
    let all: String = FILES.map(|file| format!("{file}\n")).concat();
    let mut resolve = Resolve::default();
    let changed = change(&all);
    assert_ne!(changed, all, "the change found its place");
    let package = resolve
        .push_source("changed.wit", &changed)
        .expect("the changed contract is valid");
    let world = resolve.packages[package].worlds["call-handler"];
    core_for(&resolve, world, text)
}

const HANDLE: &str = r#"(memory (export "memory") 1)
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) unreachable)
    (func (export "handle") (param i32) (result i32) unreachable)"#;

#[test]
fn bytes_that_are_no_wasm() {
    for bytes in [&b""[..], b"RIFF....WAVE", b"\0as", b"#!/bin/sh\n"] {
        assert_eq!(refusal(bytes), Refused::NotWasm);
    }
}

#[test]
fn a_module_that_is_too_large() {
    let size = MAX_MODULE_BYTES + 1;
    assert_eq!(
        refusal(&vec![0; size]),
        Refused::TooLarge {
            limit: MAX_MODULE_BYTES,
            size
        }
    );
}

#[test]
fn a_broken_module_never_panics() {
    let good = core(
        "",
        r#"(func (export "handle") (param i32) (result i32) (i32.const 64))"#,
    );
    let runtime = runtime(1);
    Module::load(&runtime, &good).expect("whole it is accepted");
    for end in 0..good.len() {
        Module::load(&runtime, &good[..end]).expect_err("cut off it is refused");
    }
    let component = crate::wrap(&good, &[]).expect("it wraps");
    for at in 0..component.len() {
        let mut bad = component.clone();
        bad[at] ^= 0x55;
        // Some flips only change a name or a number that does not matter.
        let _ = Module::load(&runtime, &bad);
    }
}

#[test]
fn a_core_module_that_names_no_world() {
    let bytes = wat::parse_str(format!("(module {HANDLE})")).expect("valid");
    assert_eq!(refusal(&bytes), Refused::NoComponentType);
}

#[test]
fn a_core_module_for_wasi_is_told_about_its_target() {
    let bytes = wat::parse_str(format!(
        r#"(module (import "wasi_snapshot_preview1" "proc_exit" (func (param i32))) {HANDLE})"#
    ))
    .expect("valid");
    let refused = refusal(&bytes);
    let name = "wasi_snapshot_preview1 proc_exit".to_owned();
    assert_eq!(refused, Refused::ForeignImport { name });
    assert!(refused.to_string().contains("wasm32-unknown-unknown"));
}

#[test]
fn a_component_for_wasi_is_refused_by_the_imports_name() {
    let bytes = wat::parse_str(
        r#"(component (import "wasi:cli/environment@0.2.3" (instance
             (export "get-environment" (func (result (list (tuple string string))))))))"#,
    )
    .expect("valid");
    assert_eq!(
        refusal(&bytes),
        Refused::ForeignImport {
            name: "wasi:cli/environment@0.2.3".to_owned()
        }
    );
}

#[test]
fn an_interface_of_our_package_that_does_not_exist() {
    let bytes =
        wat::parse_str(r#"(component (import "patchcord:handler/teleport@0.1.0" (instance (export "go" (func)))))"#)
            .expect("valid");
    let Refused::UnknownImport {
        interface,
        function: None,
        wit_file: "worlds.wit",
        known,
        ..
    } = refusal(&bytes)
    else {
        panic!("it must be refused as unknown")
    };
    assert_eq!(interface, "patchcord:handler/teleport@0.1.0");
    assert!(
        known.contains(&"patchcord:handler/gather@0.1.0".to_owned()),
        "{known:?}"
    );
}

#[test]
fn another_version_of_the_contract_is_unknown() {
    let bytes =
        wat::parse_str(r#"(component (import "patchcord:handler/clock@9.0.0" (instance (export "now" (func)))))"#)
            .expect("valid");
    assert!(matches!(refusal(&bytes), Refused::UnknownImport { function: None, .. }));
}

#[test]
fn a_function_that_our_interface_does_not_have() {
    let bytes = for_changed_contract(
        |wit| wit.replace("elapsed-ms: func", "stop-time: func() -> bool;\n elapsed-ms: func"),
        &format!(r#"(module (import "patchcord:handler/clock@0.1.0" "stop-time" (func (result i32))) {HANDLE})"#),
    );
    let Refused::UnknownImport {
        interface,
        function,
        wit_file,
        line,
        known,
    } = refusal(&bytes)
    else {
        panic!("it must be refused as unknown")
    };
    assert_eq!(interface, "patchcord:handler/clock@0.1.0");
    assert_eq!(function.as_deref(), Some("stop-time"));
    assert_eq!((wit_file, line), ("clock.wit", 2));
    assert_eq!(known, ["now", "elapsed-ms"]);
}

#[test]
fn a_changed_function_names_file_line_and_difference() {
    let bytes = for_changed_contract(
        |wit| wit.replace("elapsed-ms: func() -> u64", "elapsed-ms: func() -> u32"),
        &format!(r#"(module (import "patchcord:handler/clock@0.1.0" "elapsed-ms" (func (result i32))) {HANDLE})"#),
    );
    let Refused::WrongSignature {
        function,
        wit_file,
        line,
        wit_text,
        why,
        ..
    } = refusal(&bytes)
    else {
        panic!("it must be refused for its type")
    };
    assert_eq!((function.as_str(), wit_file), ("elapsed-ms", "clock.wit"));
    let text = include_str!("../../../../wit/clock.wit")
        .lines()
        .nth(line - 1)
        .expect("the line exists")
        .trim();
    assert_eq!(
        (wit_text.as_str(), text),
        ("elapsed-ms: func() -> u64;", "elapsed-ms: func() -> u64;")
    );
    assert_eq!(why, "the result is `u32` instead of `u64`");
}

#[test]
fn a_changed_record_deep_inside_an_argument_is_found() {
    let bytes = for_changed_contract(
        |wit| wit.replace("times: u16,", "times: u32,"),
        &format!(
            r#"(module (import "patchcord:handler/play@0.1.0" "play"
                 (func (param i32 i32 i32 i32 i32 i32 i32 i32))) {HANDLE})"#
        ),
    );
    let Refused::WrongSignature {
        wit_file: "play.wit",
        why,
        ..
    } = refusal(&bytes)
    else {
        panic!("it must be refused for its type")
    };
    assert_eq!(why, "`times` of record `options` is `u32` instead of `u16`");
}

#[test]
fn a_changed_enum_is_found() {
    let bytes = for_changed_contract(
        |wit| {
            wit.replace(
                "enum level { debug, info, warn, error }",
                "enum level { info, warn, error }",
            )
        },
        &format!(r#"(module (import "patchcord:handler/log@0.1.0" "log" (func (param i32 i32 i32))) {HANDLE})"#),
    );
    let Refused::WrongSignature { why, .. } = refusal(&bytes) else {
        panic!("it must be refused for its type")
    };
    assert_eq!(
        why,
        "enum `level` has (info, warn, error) instead of (debug, info, warn, error)"
    );
}

#[test]
fn a_component_without_the_export() {
    let Refused::MissingExport {
        name: "handle",
        wit_file: "worlds.wit",
        wit_text,
        ..
    } = refusal(&wat::parse_str("(component)").expect("valid"))
    else {
        panic!("it must be refused for what it lacks")
    };
    assert_eq!(wit_text, "export handle: func(caller: leg) -> result<_, error>;");
}

#[test]
fn an_export_of_another_type() {
    let bytes = for_changed_contract(
        |wit| wit.replace("func(caller: leg) -> result<_, error>;\n}", "func(caller: leg);\n}"),
        r#"(module (memory (export "memory") 1) (func (export "handle") (param i32)))"#,
    );
    let Refused::WrongSignature { function, why, .. } = refusal(&bytes) else {
        panic!("it must be refused")
    };
    assert_eq!(
        (function.as_str(), why.as_str()),
        ("handle", "the result is nothing instead of a result")
    );
}

#[test]
fn more_memory_than_any_instance_may_have() {
    let bytes = core_for(
        &crate::contract::Contract::get().resolve,
        crate::contract::Contract::get().world_id(crate::contract::ModuleKind::CallHandler),
        r#"(module (memory (export "memory") 1000)
             (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) unreachable)
             (func (export "handle") (param i32) (result i32) unreachable))"#,
    );
    let Refused::Invalid(why) = refusal(&bytes) else {
        panic!("it must be refused")
    };
    assert!(why.contains("memory"), "{why}");
}

#[test]
fn simd_is_not_offered() {
    let bytes = core(
        "",
        r#"(func (export "handle") (param i32) (result i32)
             (drop (v128.const i64x2 0 0)) (i32.const 64))"#,
    );
    assert!(matches!(refusal(&bytes), Refused::Invalid(why) if why.to_lowercase().contains("simd")));
}
