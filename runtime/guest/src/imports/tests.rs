//! The linked functions against the contract: all of them, with its types.

use crate::contract::{Contract, plain_name};
use crate::testing::{core_for, runtime};
use crate::{Import, Module};
use wit_component::dummy_module;
use wit_parser::{ManglingAndAbi, WorldItem};

#[test]
fn every_function_of_the_contract_is_linked_with_its_types() {
    let contract = Contract::get();
    let world = contract.world_id();
    let everything = dummy_module(&contract.resolve, world, ManglingAndAbi::Standard32);
    let text = wasm_text(&everything);
    let module = Module::load(&runtime(1), &core_for(&contract.resolve, world, &text)).expect("nothing is missing");

    let mut expected: Vec<Import> = Vec::new();
    for item in contract.world().imports.values() {
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
        100,
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
