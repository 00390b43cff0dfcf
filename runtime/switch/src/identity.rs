//! Who vouches for a caller. A new call with a signature (RFC 8224) waits, no longer than its policy says, for the
//! signer's certificate before its handler begins; one without costs nothing and waits for nobody. What peers merely
//! assert counts if the trunk is trusted (RFC 3325). Calls that go out are signed where their trunk wants it.
//!
//! Cryptography and verdicts are `patchcord_sip::identity`'s; the file is fetched by whoever holds the sockets.

use crate::io::{Output, Query};
use crate::ladder::Kept;
use crate::leg_sip::{Target, leg_origin};
use crate::live::LegIo;
use crate::shard::Shard;
use patchcord_control::ids::CallId;
use patchcord_control::numbers::Number as Called;
use patchcord_control::policy::{self, Privacy, Source};
use patchcord_control::words::{self, Identity, LegOrigin};
use patchcord_sip::identity::privacy::{Believed, Trust, believe};
use patchcord_sip::identity::{
    Attestation, CacheLimits, Call, CertificateCache, CertificateChain, CertificateUrl, FetchFailure, Moment, Number,
    Output as Next, Party, Policy, Reason, Signer, Verdict, Verification, date_of_unix_seconds,
};
use patchcord_sip::{DialogId, Event, Origin, Proven, Request, Uri};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

/// Calls of a shard that wait for certificates at the same time. One more goes on as one whose certificate could not be
/// fetched.
const WAITING_MAX: usize = 256;
/// Files a shard waits for at the same time; calls that want the same one wait together. For one more: the same.
const FETCHES_MAX: usize = 32;
/// What a handler is told of a signed call whose request names nobody.
const NOBODY: &str = "the request names no caller or no destination that could be signed";
/// Headers by which a peer asserts who calls.
const ASSERTING: [&str; 2] = ["P-Asserted-Identity", "Remote-Party-ID"];
/// A signature, by both its names: it carries the caller's number for all to read.
const SIGNATURE: [&str; 2] = ["Identity", "y"];

/// How signed caller identity is judged and made.
#[derive(Debug, Clone, Default)]
pub struct IdentityConfig {
    /// How signatures are judged; none: they are not looked at.
    pub verify: Option<Arc<Policy>>,
    /// With what calls are signed that go out over a trunk that wants it; none: no call is.
    pub sign: Option<Arc<Signer>>,
}

/// Whether calls over a trunk are signed, and how far we vouch for the caller (RFC 8588 section 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Signing {
    /// They are not.
    #[default]
    No,
    /// Always so far.
    As(Attestation),
    /// By where the number comes from: A for one of the tenant or the trunk, B for one whose possession the tenant
    /// proved, C for every other.
    BySource,
}

/// What is signed of a call that goes out.
#[derive(Debug, Clone)]
pub(crate) struct ToSign {
    attestation: Attestation,
    caller: Number,
    called: Number,
}

/// A new call before its handler begins.
pub(crate) struct Offer {
    pub(crate) leg: LegIo,
    pub(crate) request: Arc<Request>,
    pub(crate) origin: LegOrigin,
    /// The client that calls, if one does.
    pub(crate) client: Option<Arc<Proven>>,
    pub(crate) target: Target,
    /// For its trace.
    pub(crate) kept: Kept,
    trust: Trust,
    believed: Believed,
}

/// A call that waits for a certificate.
struct Waiting {
    offer: Offer,
    verification: Verification,
    policy: Arc<Policy>,
    query: Query,
}

/// A file that is being fetched, and for whom. Bounded by the calls that wait.
struct Fetch {
    url: CertificateUrl,
    dialogs: Vec<DialogId>,
}

/// Calls whose signature is being looked at, and the certificates of earlier ones.
pub(crate) struct Vetting {
    cache: CertificateCache,
    waiting: BTreeMap<DialogId, Waiting>,
    fetches: BTreeMap<Query, Fetch>,
}

impl Default for Vetting {
    fn default() -> Self {
        Self {
            cache: CertificateCache::new(CacheLimits::default()),
            waiting: BTreeMap::new(),
            fetches: BTreeMap::new(),
        }
    }
}

impl Vetting {
    /// Calls that wait.
    pub(crate) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// When the next one has waited long enough.
    pub(crate) fn wake_at(&self) -> Option<Instant> {
        let waiting = self.waiting.values();
        waiting.filter_map(|waiting| waiting.verification.wake_at()).min()
    }

    /// What is kept of the messages of a call that waits.
    pub(crate) fn kept(&mut self, dialog: DialogId) -> Option<&mut Kept> {
        self.waiting.get_mut(&dialog).map(|waiting| &mut waiting.offer.kept)
    }

    /// A call waits no longer.
    fn take(&mut self, dialog: DialogId) -> Option<Waiting> {
        let waiting = self.waiting.remove(&dialog)?;
        if let Some(fetch) = self.fetches.get_mut(&waiting.query) {
            fetch.dialogs.retain(|other| *other != dialog);
        }
        Some(waiting)
    }
}

impl Offer {
    /// Whether the caller lets itself be shown to those it is connected to.
    pub(crate) fn privacy(&self) -> Privacy {
        match self.believed.privacy.hides_caller() {
            true => Privacy::Withheld,
            false => Privacy::Shown,
        }
    }

    /// Whether the handler may read a header: not what a stranger asserts, and nothing that names a caller who hides.
    pub(crate) fn shows(&self, name: &str) -> bool {
        let is_in = |names: &[&str]| names.iter().any(|known| name.eq_ignore_ascii_case(known));
        let shown = self.privacy() == Privacy::Shown;
        match (is_in(&ASSERTING), is_in(&SIGNATURE)) {
            (true, _) => shown && self.trust == Trust::Trusted,
            (_, true) => shown,
            _ => true,
        }
    }

    /// What a signature has to be about: From, or the asserted identity if that is believed and From is anonymous; and To.
    fn signed_call(&self) -> Option<Call> {
        let call = Call::of_request(&self.request)?;
        let (from, to) = (self.request.from().ok()?.uri, self.request.to().ok()?.uri);
        let anonymous = from.host().eq_ignore_ascii_case(policy::ANONYMOUS_HOST);
        let asserted = self.believed.asserted.best().filter(|_| anonymous);
        let shown = asserted.map_or(&from, |asserted| &asserted.uri);
        Some(Call {
            caller: self.party(shown)?,
            destination: self.party(&to)?,
            ..call
        })
    }

    /// The party of an address. What is signed is a whole number (RFC 8224 section 8.3): one that a peer writes as it is
    /// dialled here is read by the tenant's dial plan.
    fn party(&self, uri: &Uri) -> Option<Party> {
        let party = Party::of(uri)?;
        let user = uri.user().unwrap_or_default();
        if party.number().is_none() || user.starts_with('+') {
            return Some(party);
        }
        let calling = self.target.directory.outgoing.tenants.get(&self.target.tenant);
        let read = calling.and_then(|calling| calling.plan.read(user).ok());
        let whole = match read {
            Some(Called::E164(number)) => Number::parse(number.reveal()),
            _ => None,
        };
        Some(whole.map_or(party, Party::from))
    }

    /// What the handler is told.
    fn identity(&self, verdict: Verdict) -> Identity {
        match verdict {
            // A token without SHAKEN claims says no more than that the call passed its signer.
            Verdict::Valid { attestation, .. } => Identity::Signed(match attestation {
                Some(Attestation::Full) => words::Attestation::Full,
                Some(Attestation::Partial) => words::Attestation::Partial,
                Some(Attestation::Gateway) | None => words::Attestation::Gateway,
            }),
            Verdict::Invalid(reason) => Identity::Invalid(reason.to_string()),
            Verdict::NoSignature => {
                let asserted = self.believed.asserted.best();
                let shown = asserted.filter(|_| self.privacy() == Privacy::Shown);
                match shown.and_then(|asserted| asserted.uri.user()) {
                    Some(user) => Identity::Asserted(user.to_owned().into()),
                    None => Identity::Unsigned,
                }
            }
        }
    }
}

impl Shard {
    /// Looks at who vouches for the caller of a new call, then begins it.
    pub(crate) fn vet(&mut self, now: Instant, leg: LegIo, (request, origin): (Arc<Request>, &Origin), target: Target) {
        let client = match origin {
            Origin::Client(proven) => Some(proven.clone()),
            _ => None,
        };
        let origin = leg_origin(origin);
        let trust = match &origin {
            LegOrigin::Trunk(name) if target.directory.outgoing.trust(name) == policy::Trust::Trusted => Trust::Trusted,
            _ => Trust::Untrusted,
        };
        let offer = Offer {
            believed: believe(&request.headers, trust),
            leg,
            request,
            origin,
            client,
            target,
            kept: Kept::default(),
            trust,
        };
        let is_signed = offer.request.headers.first("Identity").is_some();
        let Some(policy) = self.config.identity.verify.clone().filter(|_| is_signed) else {
            let identity = offer.identity(Verdict::NoSignature);
            return self.begin_call(now, offer, identity);
        };
        let Some(call) = offer.signed_call() else {
            self.counts.signatures_bad += 1;
            return self.begin_call(now, offer, Identity::Invalid(NOBODY.to_owned()));
        };
        let moment = self.moment(now);
        let headers = &offer.request.headers;
        let (verification, next) = Verification::start(headers, call, &policy, &self.vetting.cache, moment);
        self.go_on(now, (offer, verification, policy), next);
    }

    /// Begins the call if there is a verdict, else lets it wait for a file. At most once for each signature looked at.
    fn go_on(
        &mut self,
        now: Instant,
        (offer, mut verification, policy): (Offer, Verification, Arc<Policy>),
        mut next: Next,
    ) {
        let dialog = offer.leg.dialog;
        loop {
            let url = match next {
                Next::Verdict(verdict) => {
                    match verdict {
                        Verdict::Valid { .. } => self.counts.signatures_good += 1,
                        Verdict::Invalid(_) => self.counts.signatures_bad += 1,
                        Verdict::NoSignature => {}
                    }
                    let identity = offer.identity(verdict);
                    return self.begin_call(now, offer, identity);
                }
                Next::Fetch { url } => url,
            };
            if let Some(query) = self.fetch(dialog, url) {
                let waiting = Waiting {
                    offer,
                    verification,
                    policy,
                    query,
                };
                self.vetting.waiting.insert(dialog, waiting);
                return;
            }
            let (busy, moment) = (Err(FetchFailure::Busy), self.moment(now));
            next = verification
                .fetched(busy, &policy, &mut self.vetting.cache, moment)
                .expect("it has just asked for this file");
        }
    }

    /// Asks for a file on behalf of a call, or joins those who did; none if there is no room for that.
    fn fetch(&mut self, dialog: DialogId, url: CertificateUrl) -> Option<Query> {
        if self.vetting.len() >= WAITING_MAX {
            return None;
        }
        let known = self.vetting.fetches.iter_mut().find(|(_, fetch)| fetch.url == url);
        if let Some((query, fetch)) = known {
            fetch.dialogs.push(dialog);
            return Some(*query);
        }
        if self.vetting.fetches.len() >= FETCHES_MAX {
            return None;
        }
        self.next_query += 1;
        let query = Query(self.next_query);
        let dialogs = vec![dialog];
        let fetch = Fetch {
            url: url.clone(),
            dialogs,
        };
        self.vetting.fetches.insert(query, fetch);
        self.outputs.push_back(Output::FetchCertificate { query, url });
        Some(query)
    }

    /// A file came, or will not come.
    pub(crate) fn fetched(&mut self, now: Instant, query: Query, file: Result<Vec<u8>, FetchFailure>) {
        let Some(fetch) = self.vetting.fetches.remove(&query) else {
            return;
        };
        let moment = self.moment(now);
        let file = file.as_deref().map_err(|failure| *failure);
        if fetch.dialogs.is_empty() && file != Err(FetchFailure::Busy) {
            // Those who asked have gone on without it; the next one need not wait.
            let read = |bytes| CertificateChain::read(bytes).map_err(Reason::Certificate);
            let chain = file.map_err(|_| Reason::Fetch).and_then(read);
            self.vetting.cache.insert(fetch.url, chain, now);
            return;
        }
        for dialog in fetch.dialogs {
            let Some(mut waiting) = self.vetting.take(dialog) else {
                continue;
            };
            let cache = &mut self.vetting.cache;
            if let Some(next) = waiting.verification.fetched(file, &waiting.policy, cache, moment) {
                self.go_on(now, (waiting.offer, waiting.verification, waiting.policy), next);
            }
        }
    }

    /// Calls that have waited long enough go on without the file.
    pub(crate) fn vetting_deadline(&mut self, now: Instant) {
        let due = |waiting: &Waiting| waiting.verification.wake_at().is_some_and(|at| at <= now);
        let late = self.vetting.waiting.iter().filter(|(_, waiting)| due(waiting));
        let late: Vec<DialogId> = late.map(|(dialog, _)| *dialog).collect();
        let moment = self.moment(now);
        for dialog in late {
            let Some(mut waiting) = self.vetting.take(dialog) else {
                continue;
            };
            if let Some(next) = waiting.verification.woken(&mut self.vetting.cache, moment) {
                self.go_on(now, (waiting.offer, waiting.verification, waiting.policy), next);
            }
        }
    }

    /// Something happened in a dialog that is no leg: its call may still be waiting.
    pub(crate) fn not_a_leg_yet(&mut self, event: &Event) {
        if let Event::Ended { dialog, .. } = event
            && let Some(waiting) = self.vetting.take(*dialog)
        {
            self.counts.left_early += 1;
            self.ports.push_front(waiting.offer.leg.port);
        }
    }

    /// Calls that wait are not begun any more.
    pub(crate) fn refuse_vetted(&mut self, now: Instant) {
        for (dialog, waiting) in std::mem::take(&mut self.vetting.waiting) {
            self.ports.push_front(waiting.offer.leg.port);
            self.counts.refused_draining += 1;
            self.refuse(now, dialog, crate::leg_sip::UNAVAILABLE);
        }
        self.vetting
            .fetches
            .values_mut()
            .for_each(|fetch| fetch.dialogs.clear());
    }

    /// The headers that say who vouches for a call that goes out: none without something to sign, or to sign it with.
    pub(crate) fn signature(&self, now: Instant, id: CallId, signed: Option<&ToSign>) -> Vec<(String, String)> {
        let (Some(signer), Some(signed)) = (&self.config.identity.sign, signed) else {
            return Vec::new();
        };
        let unix_s = self.unix(now).seconds;
        let Some(date) = date_of_unix_seconds(unix_s) else {
            return Vec::new();
        };
        let tenant = self.calls.get(&id).map_or("", |live| &live.tenant.0);
        let called = std::slice::from_ref(&signed.called);
        let origin = signer.origin_of(tenant);
        let value = signer
            .sign(unix_s, &signed.caller, called, signed.attestation, origin)
            .expect("one destination is neither none nor too many");
        vec![("Date".to_owned(), date), ("Identity".to_owned(), value)]
    }

    fn moment(&self, now: Instant) -> Moment {
        Moment {
            at: now,
            unix_s: self.unix(now).seconds,
        }
    }
}

/// What is signed of a call over a trunk: nothing without a number on both ends. Short and emergency codes are no numbers.
pub(crate) fn to_sign(signing: Signing, caller: &policy::Presented, called: &Called) -> Option<ToSign> {
    let attestation = match (signing, caller.source) {
        (Signing::No, _) => return None,
        (Signing::As(attestation), _) => attestation,
        (Signing::BySource, Source::Own | Source::Trunk) => Attestation::Full,
        (Signing::BySource, Source::Verified) => Attestation::Partial,
        (Signing::BySource, Source::Party | Source::Nobody) => Attestation::Gateway,
    };
    let Called::E164(called) = called else { return None };
    Some(ToSign {
        attestation,
        caller: Number::parse(caller.signable?.reveal())?,
        called: Number::parse(called.reveal())?,
    })
}
