//! Tenants and their limits where calls are made: places for calls and instances, refusals at the door, and turns that wait
//! until their tenant has fuel again. What is counted is [`patchcord_control::tenancy`]'s.
//!
//! **A turn that is held changes nothing that its handler sees**: the answer is the one it would have had, later. A journal
//! has the moment at which it was told, so a replay knows nothing of it. Turns of a tenant wait in the order they came, and
//! none overtakes; those of other tenants do not wait. After [`FUEL_WAIT`] the handler is ended as one over its budget:
//! better its fallback, or an announcement, than a caller who hears nothing.

use crate::io::{Notice, Output};
use crate::journal::HandlerOver;
use crate::shard::{DUE_PER_DEADLINE, Shard};
use crate::working::ending;
use patchcord_control::ask::Answer;
use patchcord_control::call::{Input as CallInput, Turn};
use patchcord_control::ids::{CallId, Tenant};
use patchcord_control::record::{CallRecord, CallStatus, Fault, FaultKind, HandlerEnd, LegRecord, Spent, Usage};
use patchcord_control::route::Route;
use patchcord_control::tenancy::{FUEL_WAIT, Refused, Seat, Share};
use patchcord_control::words::{Began, Interruption, LegDirection};
use patchcord_sip::{DialogId, Rejection, Request};
use rand_chacha::rand_core::Rng;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Instant;

/// This tenant is busy (486); its neighbours are not. Not 503: whoever sends us calls would send none of any tenant for a
/// while (RFC 3261 section 21.5.4), so that one tenant's limit would silence all.
const BUSY: u16 = 486;
/// For the moment there is nobody (480), and Retry-After says when there is; not 503 for the same reason.
const NOT_NOW: u16 = 480;
/// Longest that a caller who is refused by a rate is asked to wait, in seconds: each from 1 s to this.
const RATE_RETRY_MAX_S: u32 = 5;
/// Longest that Retry-After asks for at all, in seconds.
const RETRY_MAX_S: u64 = 60;

/// Turns that wait for fuel. Bounded by the calls of the shard.
#[derive(Default)]
pub(crate) struct HeldTurns(BTreeMap<Tenant, Queue>);

/// Those of one tenant, the first first.
struct Queue {
    share: Arc<Share>,
    calls: VecDeque<(CallId, Instant)>,
}

/// What a handler whose turn is held will be told; none if it has not begun.
#[derive(Debug)]
pub(crate) struct HeldTurn(Option<Answer>);

impl HeldTurns {
    /// When the first of any tenant goes on, or has waited long enough.
    pub(crate) fn wake_at(&self) -> Option<Instant> {
        let due = |queue: &Queue| {
            let (_, since) = queue.calls.front()?;
            let give_up = *since + FUEL_WAIT;
            Some(queue.share.fuel_at().unwrap_or(*since).min(give_up))
        };
        self.0.values().filter_map(due).min()
    }

    fn push(&mut self, now: Instant, share: &Arc<Share>, id: CallId) {
        let queue = self.0.entry(share.tenant().clone()).or_insert_with(|| Queue {
            share: share.clone(),
            calls: VecDeque::new(),
        });
        queue.calls.push_back((id, now));
    }

    /// A call does not wait any more.
    pub(crate) fn leave(&mut self, tenant: &Tenant, id: CallId) {
        if let Some(queue) = self.0.get_mut(tenant) {
            queue.calls.retain(|(call, _)| *call != id);
            if queue.calls.is_empty() {
                self.0.remove(tenant);
            }
        }
    }

    /// The first turn that goes on now, or that has waited long enough.
    fn due(&self, now: Instant) -> Option<(Tenant, CallId, Due)> {
        self.0.iter().find_map(|(tenant, queue)| {
            let (id, since) = queue.calls.front()?;
            let due = match queue.share.has_fuel(now) {
                Ok(()) => Due::Fuel,
                Err(refused) if now >= *since + FUEL_WAIT => Due::Late(refused),
                Err(_) => return None,
            };
            Some((tenant.clone(), *id, due))
        })
    }
}

/// Why a turn waits no longer.
enum Due {
    /// It may go on.
    Fuel,
    /// It has waited for too long.
    Late(Refused),
}

impl Shard {
    /// The share of a tenant.
    ///
    /// # Errors
    /// The node knows as many tenants as it may.
    pub(crate) fn share_of(&self, tenant: &Tenant) -> Result<Arc<Share>, Refused> {
        self.config.tenancy.share(tenant)
    }

    /// Linear memory that an instance may have.
    pub(crate) fn instance_memory(&self) -> u64 {
        self.config.instance.memory_bytes
    }

    /// A place for a new call of a tenant; whoever runs the node hears of a refusal.
    pub(crate) fn new_seat(&mut self, now: Instant, tenant: &Tenant) -> Result<Seat, Refused> {
        let memory = self.instance_memory();
        let seat = self.share_of(tenant).and_then(|share| share.new_call(now, memory));
        seat.inspect_err(|refused| self.limited(now, tenant, *refused))
    }

    /// A place for a call that a call makes of its own legs.
    pub(crate) fn another_seat(&mut self, now: Instant, id: CallId) -> Result<Seat, Refused> {
        let memory = self.instance_memory();
        let share = self.live(id).seat.share().clone();
        let seat = share.another_call(memory);
        seat.inspect_err(|refused| self.limited(now, share.tenant(), *refused))
    }

    /// A place for the call in which a caller goes on with another handler.
    pub(crate) fn moved_seat(&mut self, id: CallId) -> Seat {
        let memory = self.instance_memory();
        self.live(id).seat.share().moved_call(memory)
    }

    /// Tells that a tenant has reached a limit: the first time, and then once a minute with how often it was.
    pub(crate) fn limited(&mut self, now: Instant, tenant: &Tenant, refused: Refused) {
        let share = self.config.tenancy.find(tenant);
        if let Some(times) = share.and_then(|share| share.tell(now, refused.limit())) {
            let tenant = tenant.clone();
            self.outputs.push_back(Output::Limited { tenant, refused, times });
        }
    }

    /// Refuses a new call because of its tenant's limit, before anything is made of it but a record; see [`REFUSALS_KEPT`].
    ///
    /// [`REFUSALS_KEPT`]: patchcord_control::tenancy::REFUSALS_KEPT
    pub(crate) fn refuse_for_tenant(
        &mut self,
        now: Instant,
        dialog: DialogId,
        (request, route): (&Request, &Route),
        refused: Refused,
    ) {
        let (status, retry_after_s) = match refused {
            Refused::TooFast { .. } => (NOT_NOW, Some(1 + self.random.next_u32() % RATE_RETRY_MAX_S)),
            Refused::FuelUsed { wait_ms, .. } => {
                let seconds = wait_ms.div_ceil(1_000).clamp(1, RETRY_MAX_S);
                (NOT_NOW, u32::try_from(seconds).ok())
            }
            Refused::TooManyTenants { .. } => return self.refuse(now, dialog, crate::leg_sip::UNAVAILABLE),
            _ => (BUSY, None),
        };
        if self.share_of(&route.tenant).is_ok_and(|share| share.keeps_refusal(now)) {
            let record = self.refusal_record(now, (request, route), (status, refused));
            self.outputs.push_back(Output::Record(Box::new(record)));
        }
        // The dialog may have been cancelled in the same breath; then there is nothing left to refuse.
        let _ = self.sip.reject(now, dialog, Rejection { status, retry_after_s });
    }

    /// What is left of a call that was refused.
    fn refusal_record(
        &mut self,
        now: Instant,
        (request, route): (&Request, &Route),
        (status, refused): (u16, Refused),
    ) -> CallRecord {
        let at = self.unix(now);
        let from = request.from().ok().and_then(|from| from.uri.user().map(str::to_owned));
        let leg = LegRecord {
            direction: LegDirection::Inbound,
            from: from.unwrap_or_default().into(),
            to: request.uri.user().unwrap_or_default().to_owned().into(),
            answered_at: None,
            ended_at: at,
            ended_by: Interruption::EndedByPlatform,
            status: Some(status),
            media: None,
        };
        CallRecord {
            id: self.new_call_id(),
            tenant: route.tenant.clone(),
            handler: route.handler.clone(),
            module: String::new(),
            began: Began::Offered,
            continues: None,
            continued_as: None,
            started_at: at,
            ended_at: at,
            legs: vec![leg],
            recordings: Vec::new(),
            streams: Vec::new(),
            recognitions: Vec::new(),
            handler_end: HandlerEnd::NotRun,
            turns: 0,
            usage: Usage::default(),
            spent: Spent::default(),
            log_lines_dropped: 0,
            keys_dropped: 0,
            status: if status == BUSY {
                CallStatus::Busy
            } else {
                CallStatus::Failed
            },
            answered_by: None,
            refusal: Some(refused.to_string()),
        }
    }

    /// A turn of a handler: at once, or when its tenant has fuel and those before it are through.
    pub(crate) fn take_turn(&mut self, now: Instant, id: CallId, answer: Option<Answer>, turn: Turn) {
        let share = self.live(id).seat.share().clone();
        let waits = turn == Turn::New && (self.held.0.contains_key(share.tenant()) || share.has_fuel(now).is_err());
        if !waits {
            return self.resume(now, id, answer, turn);
        }
        share.hold();
        if let Err(refused) = share.has_fuel(now) {
            self.limited(now, share.tenant(), refused);
        }
        self.held.push(now, &share, id);
        self.live(id).held = Some(HeldTurn(answer));
    }

    /// Turns that may go on do, those that have waited too long do not any more.
    pub(crate) fn held_deadline(&mut self, now: Instant) {
        for _ in 0..DUE_PER_DEADLINE {
            let Some((tenant, id, due)) = self.held.due(now) else {
                return;
            };
            self.held.leave(&tenant, id);
            let Some(HeldTurn(answer)) = self.live(id).held.take() else {
                continue;
            };
            match due {
                Due::Fuel => self.resume(now, id, answer, Turn::New),
                Due::Late(refused) => self.out_of_fuel(now, id, ending(&answer), refused),
            }
            self.drive(now, id);
        }
    }

    /// A handler has waited for fuel long enough: it is ended where it rests, as one that is over its budget.
    fn out_of_fuel(&mut self, now: Instant, id: CallId, ending: HandlerOver, refused: Refused) {
        let live = self.live(id);
        let Some(instance) = live.instance.take() else { return };
        let usage = crate::drive::usage(instance.usage());
        instance.kill();
        if let Some(journal) = &mut live.journal {
            journal.ended(now, ending, usage);
        }
        let text = format!("its turn waited {} s in vain: {refused}", FUEL_WAIT.as_secs());
        self.notice(id, Notice::Fault(text.clone()));
        let kind = FaultKind::TenantFuel;
        let fault = Fault { kind, text };
        self.tell(now, id, CallInput::Failed { fault, usage });
    }

    /// The turn of a handler that is ended is held no longer; how its journal ends.
    pub(crate) fn forget_held(&mut self, id: CallId) -> HandlerOver {
        let live = self.live(id);
        let Some(held) = live.held.take() else {
            return HandlerOver::Stopped;
        };
        let tenant = live.tenant.clone();
        self.held.leave(&tenant, id);
        ending(&held.0)
    }
}
