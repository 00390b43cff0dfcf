//! `types`: the operation resource.

use super::call::flag;
use super::{define, define_operation};
use crate::handles::{Operation, operation};
use crate::slot::State;
use patchcord_control::ask::Ask;
use wasmtime::component::{LinkerInstance, Resource};

pub(super) fn link(types: &mut LinkerInstance<'_, State>) -> wasmtime::Result<()> {
    define_operation::<Operation>(types, "operation")?;
    define(
        types,
        "[method]operation.done",
        |(it,): (Resource<Operation>,)| Ask::Done {
            operation: operation(&it),
        },
        flag,
    )
}
