//! `transfer`: transfers that far ends ask for, and those asked of far ends.

use super::bridge::taken;
use super::call::{flag, nothing};
use super::define;
use crate::bindings::patchcord::handler::dial::Destination;
use crate::bindings::patchcord::handler::transfer::Outcome;
use crate::bindings::patchcord::handler::types::Error;
use crate::convert::result;
use crate::handles::{Leg, TransferRequest, give_leg, leg, transfer};
use crate::slot::{self, State};
use patchcord_control::ask::{Answer, Ask};
use wasmtime::component::{LinkerInstance, Resource, ResourceType};

type Request = (Resource<TransferRequest>,);

pub(super) fn link(it: &mut LinkerInstance<'_, State>) -> wasmtime::Result<()> {
    define_request(it)?;
    link_views(it)?;
    link_progress(it)?;
    define(
        it,
        "refer",
        |(it, to): (Resource<Leg>, String)| Ask::Refer {
            leg: leg(&it),
            to: to.into(),
        },
        referred,
    )?;
    define(
        it,
        "refer-to-leg",
        |(it, other): (Resource<Leg>, Resource<Leg>)| Ask::ReferToLeg {
            leg: leg(&it),
            other: leg(&other),
        },
        referred,
    )
}

/// Defines the request: when the guest drops its handle, the far end that still waits is told that nothing came of it.
fn define_request(it: &mut LinkerInstance<'_, State>) -> wasmtime::Result<()> {
    it.resource_async("request", ResourceType::host::<TransferRequest>(), |mut store, rep| {
        Box::new(async move {
            let transfer = transfer(&Resource::new_borrow(rep));
            let answer = slot::exchange(&mut store, Ask::TransferDrop { transfer }).await?;
            assert_eq!(
                answer,
                Answer::Nothing,
                "the answer to a dropped transfer is of another variant than its ask names"
            );
            Ok(())
        })
    })
}

/// What is known of a request.
fn link_views(it: &mut LinkerInstance<'_, State>) -> wasmtime::Result<()> {
    define(
        it,
        "[method]request.asked-by",
        |(it,): Request| Ask::TransferAskedBy {
            transfer: transfer(&it),
        },
        |_, answer| match answer {
            Answer::Leg(leg) => Some((give_leg(leg),)),
            _ => None,
        },
    )?;
    define(
        it,
        "[method]request.destination",
        |(it,): Request| Ask::TransferDestination {
            transfer: transfer(&it),
        },
        |_, answer| match answer {
            Answer::Destination(to) => Some((Destination::from(to),)),
            _ => None,
        },
    )?;
    define(
        it,
        "[method]request.is-attended",
        |(it,): Request| Ask::TransferIsAttended {
            transfer: transfer(&it),
        },
        flag,
    )
}

/// What is done with a request.
fn link_progress(it: &mut LinkerInstance<'_, State>) -> wasmtime::Result<()> {
    define(
        it,
        "[method]request.take",
        |(it,): Request| Ask::TransferTake {
            transfer: transfer(&it),
        },
        taken,
    )?;
    define(
        it,
        "[method]request.accept",
        |(it,): Request| Ask::TransferAccept {
            transfer: transfer(&it),
        },
        nothing,
    )?;
    define(it, "[method]request.finish", finish, nothing)?;
    // Whether a request was accepted before is the call's to know: the same ask serves both.
    define(it, "[method]request.refuse", finish, nothing)
}

fn finish((it, status): (Resource<TransferRequest>, u16)) -> Ask {
    Ask::TransferFinish {
        transfer: transfer(&it),
        status,
    }
}

fn referred(_: &mut State, answer: Answer) -> Option<(Result<Outcome, Error>,)> {
    match answer {
        Answer::Referred(outcome) => Some((result(outcome),)),
        _ => None,
    }
}
