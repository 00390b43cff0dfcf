//! The linked functions against the contract: all of them, with its types.

use crate::contract::{Contract, ModuleKind, plain_name};
use crate::testing::{core_for, runtime};
use crate::{Import, Module, Refused};
use wit_component::dummy_module;
use wit_parser::{ManglingAndAbi, WorldItem};

#[test]
fn every_function_of_the_contract_is_linked_with_its_types() {
    let contract = Contract::get();
    let world = contract.world_id(ModuleKind::CallHandler);
    let everything = dummy_module(&contract.resolve, world, ManglingAndAbi::Standard32);
    let text = wasm_text(&everything);
    let module = Module::load(&runtime(1), &core_for(&contract.resolve, world, &text)).expect("nothing is missing");

    let mut expected: Vec<Import> = Vec::new();
    for item in contract.world(ModuleKind::CallHandler).imports.values() {
        let WorldItem::Interface { id, .. } = item else {
            continue;
        };
        let interface = contract.resolve.id_of(*id).expect("interfaces of a package are named");
        let functions = contract.resolve.interfaces[*id].functions.values();
        let functions: Vec<String> = functions.map(|function| plain_name(function).to_owned()).collect();
        if !functions.is_empty() {
            expected.push(Import { interface, functions });
        }
    }
    assert_eq!(
        expected.iter().map(|import| import.functions.len()).sum::<usize>(),
        108,
        "a new function needs an ask"
    );
    let sorted = |mut imports: Vec<Import>| {
        imports.sort_by(|a, b| a.interface.cmp(&b.interface));
        imports
    };
    assert_eq!(sorted(module.imports().to_vec()), sorted(expected));
}

/// `core_for` takes text; bytes are text too, once escaped.
fn wasm_text(bytes: &[u8]) -> String {
    let escaped: String = bytes.iter().map(|byte| format!("\\{byte:02x}")).collect();
    format!("(module binary \"{escaped}\")")
}

#[test]
fn an_event_sink_may_call_everything_of_its_world_and_nothing_that_changes_calls() {
    let contract = Contract::get();
    let world = contract.world_id(ModuleKind::EventSink);
    let own = ["clock", "http", "log", "random", "secrets", "store"];
    let interfaces: Vec<_> = contract
        .interface_names()
        .into_iter()
        .filter(|name| ModuleKind::EventSink.may_import(name))
        .collect();
    let short = |name: &String| name.split(['/', '@']).nth(1).map(str::to_owned);
    let mut names: Vec<_> = interfaces.iter().filter_map(short).collect();
    names.sort();
    assert_eq!(names, own);
    // All of its world is there but what only its types are taken from; an import of that is refused by name.
    let everything = dummy_module(&contract.resolve, world, ManglingAndAbi::Standard32);
    let text = wasm_text(&everything);
    let refused = Module::load(&runtime(1), &core_for(&contract.resolve, world, &text));
    assert!(matches!(refused, Err(Refused::NotOfItsWorld { .. })), "{refused:?}");
}
