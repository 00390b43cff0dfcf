//! The host functions, one file per interface. A function turns its arguments into an [`Ask`], rests, and turns the
//! [`Answer`] into its result: no decision is taken here.

mod bridge;
mod call;
mod clock;
mod dial;
mod gather;
mod http;
mod inbox;
mod log;
mod play;
mod presence;
mod random;
mod recognise;
mod record;
mod report;
mod room;
mod secrets;
mod store;
mod stream;
mod transfer;
mod types;
mod wait;

use crate::bindings::patchcord::handler::types::Error;
use crate::handles::{Operation, operation};
use crate::slot::{self, State};
use patchcord_control::ask::{Answer, Ask};
use wasmtime::component::{ComponentNamedList, Lift, Linker, LinkerInstance, Lower, Resource, ResourceType};

/// The package of the contract, as interfaces spell it.
const PACKAGE: &str = "patchcord:handler";
const VERSION: &str = "0.1.0";

/// Defines every function of the contract.
pub(crate) fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    types::link(&mut linker.instance(&name("types"))?)?;
    call::link(&mut linker.instance(&name("call"))?)?;
    play::link(&mut linker.instance(&name("play"))?)?;
    gather::link(&mut linker.instance(&name("gather"))?)?;
    record::link(&mut linker.instance(&name("record"))?)?;
    stream::link(&mut linker.instance(&name("stream"))?)?;
    dial::link(&mut linker.instance(&name("dial"))?)?;
    transfer::link(&mut linker.instance(&name("transfer"))?)?;
    bridge::link(&mut linker.instance(&name("bridge"))?)?;
    wait::link(&mut linker.instance(&name("wait"))?)?;
    clock::link(&mut linker.instance(&name("clock"))?)?;
    random::link(&mut linker.instance(&name("random"))?)?;
    log::link(&mut linker.instance(&name("log"))?)?;
    room::link(&mut linker.instance(&name("room"))?)?;
    recognise::link(&mut linker.instance(&name("recognise"))?)?;
    store::link(&mut linker.instance(&name("store"))?)?;
    secrets::link(&mut linker.instance(&name("secrets"))?)?;
    http::link(&mut linker.instance(&name("http"))?)?;
    report::link(&mut linker.instance(&name("report"))?)?;
    inbox::link(&mut linker.instance(&name("inbox"))?)?;
    presence::link(&mut linker.instance(&name("presence"))?)
}

/// The contract that modules are run against, as its package is called.
pub fn contract() -> String {
    format!("{PACKAGE}@{VERSION}")
}

fn name(interface: &str) -> String {
    format!("{PACKAGE}/{interface}@{VERSION}")
}

/// Defines one function: its arguments become an ask, and of the answer's variant `take` makes the result. None means
/// that the answer is of another variant than the ask names, which is a mistake of ours.
fn define<P, R>(
    instance: &mut LinkerInstance<'_, State>,
    name: &'static str,
    ask: fn(P) -> Ask,
    take: fn(&mut State, Answer) -> Option<R>,
) -> wasmtime::Result<()>
where
    P: ComponentNamedList + Lift + Send + 'static,
    R: ComponentNamedList + Lower + Send + 'static,
{
    instance.func_wrap_async(name, move |mut store, arguments: P| {
        Box::new(async move {
            let answer = slot::exchange(&mut store, ask(arguments)).await?;
            let result = take(store.data_mut(), answer);
            Ok(result.unwrap_or_else(|| panic!("the answer to {name} is of another variant than its ask names")))
        })
    })
}

/// Defines the resource of an operation: when the guest drops its last handle to it, the call may forget it.
fn define_operation<T: 'static>(instance: &mut LinkerInstance<'_, State>, name: &str) -> wasmtime::Result<()> {
    instance.resource_async(name, ResourceType::host::<T>(), |mut store, rep| {
        Box::new(async move {
            let id = operation(&Resource::<T>::new_borrow(rep));
            if !store.data_mut().operations.take_back(id) {
                return Ok(());
            }
            let answer = slot::exchange(&mut store, Ask::Forget { operation: id }).await?;
            assert_eq!(
                answer,
                Answer::Nothing,
                "the answer to `forget` is of another variant than its ask names"
            );
            Ok(())
        })
    })
}

/// Defines the function that gives a general handle to an operation of kind `T`. The call does not hear of it.
fn define_as_operation<T: 'static>(instance: &mut LinkerInstance<'_, State>, name: &str) -> wasmtime::Result<()> {
    instance.func_wrap(name, |mut store, (special,): (Resource<T>,)| {
        slot::count_call(store.data_mut())?;
        let general = store.data_mut().operations.give::<Operation>(operation(&special));
        Ok((general,))
    })
}

/// The result of the functions that start an operation of kind `T`.
fn started<T: 'static>(state: &mut State, answer: Answer) -> Option<(Result<Resource<T>, Error>,)> {
    match answer {
        Answer::Started(Ok(id)) => Some((Ok(state.operations.give(id)),)),
        Answer::Started(Err(why)) => Some((Err(why.into()),)),
        _ => None,
    }
}

/// The result of the functions that tell a name.
fn named(_: &mut State, answer: Answer) -> Option<(String,)> {
    match answer {
        Answer::Name(name) => Some((name,)),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
