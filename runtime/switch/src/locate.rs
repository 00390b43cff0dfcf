//! Where an endpoint of a dialling can be reached: phones of a user by where they registered, addresses by their host,
//! numbers through trunks. Every way is kept until the call places a leg on it.

use crate::browsers::is_websocket;
use crate::identity::ToSign;
use crate::io::{Output, Query};
use crate::phones::Phone;
use crate::presence::{Party, ToReach, Told, WayElsewhere, name_in};
use crate::shard::Shard;
use patchcord_control::call::{Branch, Input as CallInput, NotLocated, Presented};
use patchcord_control::ids::{CallId, OperationId, Tenant};
use patchcord_control::ledger::Permit;
use patchcord_control::policy::Privacy;
use patchcord_control::presence::{ClientId, WhenBusy};
use patchcord_control::private::Private;
use patchcord_control::words::{CallerId, Destination};
use patchcord_sip::identity::privacy::anonymous;
use patchcord_sip::{Credentials, NameAddr, Scheme, Target, Uri};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

/// Phones of one user that are called together; those that registered last come first.
const PHONES_MAX: usize = 10;

/// A way to an endpoint: one leg, and the places where its INVITE is tried.
pub(crate) struct Way {
    /// Best first; at least one until it is placed.
    pub(crate) stops: VecDeque<Stop>,
    /// Route values (a phone's Path).
    pub(crate) routes: Vec<String>,
    /// What the placing added, kept for the next place.
    pub(crate) asked: Vec<(String, Private<String>)>,
    /// The call's place in the limits of tenant and trunk.
    pub(crate) permit: Option<Permit>,
    /// Whose phone is there, if it is a user's.
    pub(crate) party: Option<Party>,
}

/// One place to send an INVITE to, as it wants it.
#[derive(Clone)]
pub(crate) struct Stop {
    /// The Request-URI.
    pub(crate) uri: Uri,
    pub(crate) target: Target,
    pub(crate) from: NameAddr,
    /// Headers of ours: privacy, an asserted identity, for trunks that are trusted.
    pub(crate) headers: Vec<(String, String)>,
    /// What is signed of the call, if anything.
    pub(crate) signed: Option<ToSign>,
    /// The trunk it belongs to.
    pub(crate) trunk: Option<Arc<str>>,
    /// For its challenges.
    pub(crate) credentials: Option<Credentials>,
    /// Whether it is offered what browsers want: who is reached over a WebSocket, here or at another node.
    pub(crate) is_browser: bool,
}

/// An address whose host is being looked up.
pub(crate) struct Pending {
    pub(crate) call: CallId,
    pub(crate) dial: OperationId,
    pub(crate) endpoint: u32,
    uri: Uri,
    from: Presented,
    when_busy: WhenBusy,
}

impl Shard {
    /// Finds an endpoint, at once or after its host was looked up.
    pub(crate) fn locate(
        &mut self,
        now: Instant,
        id: CallId,
        dial: OperationId,
        endpoint: u32,
        (to, from, when_busy): (Destination, Presented, WhenBusy),
    ) {
        let tenant = self.live(id).tenant.clone();
        let found = match &to {
            Destination::User(user) => {
                let wanted = ToReach {
                    call: id,
                    place: (dial, endpoint),
                    user: user.clone(),
                    from,
                };
                return self.ask_reach(tenant, wanted, when_busy);
            }
            Destination::Number(number) => {
                let first = self.live(id).first_trunk.take();
                self.ways_to_number(now, &tenant, number.reveal(), (&from, first))
            }
            Destination::Address(address) => match Uri::parse(address.reveal()) {
                Ok(uri) if matches!(uri.scheme(), Scheme::Sip | Scheme::Sips) => {
                    let pending = Pending {
                        call: id,
                        dial,
                        endpoint,
                        uri,
                        from,
                        when_busy,
                    };
                    return self.locate_address(now, &tenant, pending);
                }
                _ => Err(NotLocated::NotFound),
            },
        };
        self.located(now, id, (dial, endpoint), found);
    }

    /// Tells the call which ways there are.
    pub(crate) fn located(
        &mut self,
        now: Instant,
        id: CallId,
        (dial, endpoint): (OperationId, u32),
        found: Result<Vec<Way>, NotLocated>,
    ) {
        let live = self.live(id);
        let found = found.map(|ways| {
            let keep = |way: Way| {
                live.next_way += 1;
                let user = |uri: Option<&Uri>| uri.and_then(Uri::user).unwrap_or_default().to_owned().into();
                let first = way.stops.front();
                let branch = Branch {
                    key: live.next_way,
                    from: user(first.map(|stop| &stop.from.uri)),
                    to: user(first.map(|stop| &stop.uri)),
                    longest: way.permit.as_ref().map(Permit::longest),
                };
                live.ways.insert(branch.key, way);
                branch
            };
            ways.into_iter().map(keep).collect()
        });
        self.tell(now, id, CallInput::Located { dial, endpoint, found });
    }

    /// Those phones of a user that are these clients, each by the way it registered.
    pub(crate) fn ways_to_user(
        &self,
        now: Instant,
        tenant: &Tenant,
        user: &str,
        (from, clients): (&Presented, &[ClientId]),
    ) -> Vec<Way> {
        let phones = self.phones_of(now, tenant, user).into_iter();
        let rings = phones.filter(|phone| clients.contains(&phone.client));
        let way = |phone: Phone| Way {
            stops: [self.stop(phone.contact, phone.target, from)].into(),
            routes: phone.routes,
            asked: Vec::new(),
            permit: None,
            party: Some(party((tenant, user), phone.client)),
        };
        rings.take(PHONES_MAX).map(way).collect()
    }

    /// Adds the ways to devices of a user that are registered at other nodes, as many as may ring beside those of this one.
    pub(crate) fn ways_elsewhere(
        &self,
        ways: &mut Vec<Way>,
        (tenant, user): (&Tenant, &str),
        from: &Presented,
        elsewhere: Vec<(ClientId, WayElsewhere)>,
    ) {
        let room = PHONES_MAX.saturating_sub(ways.len());
        let way = |(client, way): (ClientId, WayElsewhere)| Way {
            stops: [Stop {
                is_browser: way.is_browser,
                ..self.stop(way.contact.clone(), way.target(), from)
            }]
            .into(),
            routes: vec![way.path],
            asked: Vec::new(),
            permit: None,
            party: Some(party((tenant, user), client)),
        };
        ways.extend(elsewhere.into_iter().take(room).map(way));
    }

    fn locate_address(&mut self, now: Instant, tenant: &Tenant, pending: Pending) {
        let place = (pending.dial, pending.endpoint);
        let id = pending.call;
        if let Some(user) = self.local_user(tenant, &pending.uri) {
            let wanted = ToReach {
                call: id,
                place,
                user: user.into(),
                from: pending.from,
            };
            return self.ask_reach(tenant.clone(), wanted, pending.when_busy);
        }
        if let Err(reason) = self.allowed_address(tenant, &pending.uri) {
            return self.located(now, id, place, Err(NotLocated::Forbidden(reason)));
        }
        self.next_query += 1;
        let query = Query(self.next_query);
        let uri = pending.uri.clone();
        self.queries.insert(query, pending);
        self.outputs.push_back(Output::Resolve { query, uri });
    }

    /// A host was looked up.
    pub(crate) fn resolved(&mut self, now: Instant, query: Query, targets: Vec<Target>) {
        if self.trunk_resolved(now, query, &targets) {
            return;
        }
        let Some(pending) = self.queries.remove(&query) else {
            return;
        };
        let id = pending.call;
        if !self.calls.contains_key(&id) {
            return;
        }
        let tenant = self.live(id).tenant.clone();
        let was_found = !targets.is_empty();
        let targets = self.allowed_targets(&tenant, &pending.uri, targets);
        let found = if targets.is_empty() && was_found {
            Err(NotLocated::Forbidden(
                "the addresses of this host may not be called".to_owned(),
            ))
        } else if targets.is_empty() {
            Err(NotLocated::Unreachable)
        } else {
            let stop = |target| self.stop(pending.uri.clone(), target, &pending.from);
            Ok(vec![Way {
                stops: targets.into_iter().map(stop).collect(),
                routes: Vec::new(),
                asked: Vec::new(),
                permit: None,
                party: None,
            }])
        };
        self.located(now, id, (pending.dial, pending.endpoint), found);
        self.drive(now, id);
    }

    fn stop(&self, uri: Uri, target: Target, from: &Presented) -> Stop {
        Stop {
            uri,
            is_browser: is_websocket(target.flow),
            target,
            from: self.presented(from),
            // Nobody here is trusted with more than From says (RFC 3325 section 7), and From says no more than it may.
            headers: Vec::new(),
            signed: None,
            trunk: None,
            credentials: None,
        }
    }

    /// From as the callee sees it.
    fn presented(&self, from: &Presented) -> NameAddr {
        let user = match &from.id {
            CallerId::Anonymous => return anonymous(),
            CallerId::Caller if from.privacy == Privacy::Withheld => return anonymous(),
            CallerId::Number(number) => number.reveal().clone(),
            CallerId::Caller => from
                .caller
                .as_ref()
                .map(|caller| caller.reveal().clone())
                .unwrap_or_default(),
        };
        let host = self.domain();
        let uri = Uri::parse(&format!("sip:{}@{host}", escaped(&user)))
            .or_else(|_| Uri::parse(&format!("sip:{host}")))
            .expect("our own host is an address");
        let name = from.name.as_ref().map(|name| name.reveal().clone());
        NameAddr {
            display: name.filter(|name| !name.is_empty()),
            ..NameAddr::new(uri)
        }
    }
}

/// Whose a leg at this client is.
fn party((tenant, user): (&Tenant, &str), client: ClientId) -> Party {
    Party {
        tenant: tenant.clone(),
        identity: name_in(user).to_owned().into(),
        client: Some(client),
        told: Told::Nothing,
    }
}

/// A user part with everything escaped that may not stand in one (RFC 3261 section 25.1).
fn escaped(user: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.!~*'()&=+$,;?/".contains(&byte);
    let mut text = String::with_capacity(user.len());
    for byte in user.bytes() {
        if plain(byte) {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}
