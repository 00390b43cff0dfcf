//! What a loaded module says of itself.

use super::*;
use crate::testing::{core, runtime};
use crate::wrap;

fn quiet() -> Vec<u8> {
    core(
        "",
        r#"(func (export "handle") (param i32) (result i32) (i32.const 64))"#,
    )
}

#[test]
fn a_component_and_its_core_module_are_both_accepted_and_differ_in_name() {
    let (core, runtime) = (quiet(), runtime(1));
    let component = wrap(&core, &[]).expect("it wraps");
    let (from_core, from_component) = (Module::load(&runtime, &core), Module::load(&runtime, &component));
    let (from_core, from_component) = (from_core.expect("accepted"), from_component.expect("accepted"));
    assert_ne!(from_core.hash(), from_component.hash());
    assert_eq!((from_core.size(), from_component.size()), (core.len(), component.len()));
    assert!(
        from_core.imports().is_empty(),
        "what it does not call it does not import"
    );
}

#[test]
fn the_hash_is_the_sha_256_of_the_bytes() {
    assert_eq!(
        hex(&Sha256::digest(b"abc")),
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    );
}

#[test]
fn prompts_come_out_as_they_went_in() {
    let prompts = [
        ("b.wav".to_owned(), vec![0, 1, 255]),
        ("a/ü.wav".to_owned(), Vec::new()),
    ];
    let module = Module::load(&runtime(1), &wrap(&quiet(), &prompts).expect("it wraps")).expect("accepted");
    let carried: Vec<_> = module.prompts().collect();
    assert_eq!(carried, [("a/ü.wav", &[][..]), ("b.wav", &[0, 1, 255][..])]);
}

#[test]
fn a_prompt_that_is_there_twice_is_refused() {
    let once = wrap(&quiet(), &[("a.wav".to_owned(), vec![1])]).expect("it wraps");
    let section = sections(&once)
        .expect("valid")
        .last()
        .map(|section| section.range.clone())
        .expect("the prompt");
    let twice = [&once[..], &once[section]].concat();
    assert!(matches!(Module::load(&runtime(1), &twice), Err(Refused::Invalid(why)) if why.contains("a.wav")));
}
