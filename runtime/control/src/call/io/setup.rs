//! What a call is made from.

use super::Listens;
use crate::call::check::PromptNames;
use crate::call::leg::Description;
use crate::events::Subscription;
use crate::grants::Grants;
use crate::ids::{CallId, Tenant};
use crate::limits::Limits;
use crate::route::Fallback;
use crate::stream_urls::StreamAllow;
use crate::words::{Began, LegInfo, UnixTime};
use std::sync::Arc;

/// What a call is made from: facts fixed for its life.
#[derive(Debug, Clone)]
pub struct Setup {
    /// The call's id.
    pub id: CallId,
    /// Whose call.
    pub tenant: Tenant,
    /// The handler's name.
    pub handler: String,
    /// Content hash of its module.
    pub module: String,
    /// The prompts the module carries.
    pub prompts: Arc<PromptNames>,
    /// Why it has the call.
    pub began: Began,
    /// The call that its first leg was in before, if there was one.
    pub continues: Option<CallId>,
    /// Who takes over if it breaks.
    pub fallbacks: Arc<[Fallback]>,
    /// Limits in force.
    pub limits: Limits,
    /// The time of day at the call's beginning.
    pub started_at: UnixTime,
    /// Seed of the handler's random numbers.
    pub seed: [u8; 32],
    /// The first leg.
    pub info: LegInfo,
    /// Headers of the request that opened it.
    pub headers: Vec<(String, String)>,
    /// Whether that request described a session.
    pub description: Description,
    /// Which servers legs may be streamed to.
    pub streams: Arc<StreamAllow>,
    /// What the operator grants the handler.
    pub grants: Arc<Grants>,
    /// Who is told what happens in it.
    pub receivers: Vec<Arc<Subscription>>,
    /// How the node's recogniser listens.
    pub listens: Listens,
    /// Whether turns are reported.
    pub trace: Trace,
}

/// Whether a call reports its turns as they happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trace {
    /// No: nothing is spent on it.
    Off,
    /// Yes, as [`Output::Turn`].
    On,
}
