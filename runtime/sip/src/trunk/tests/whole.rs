//! A trunk of ours registering at a registrar of ours: real messages between two endpoints, gate and registrar behind one
//! of them, under a virtual clock. What both sides could get wrong alike is for the foreign programs to find.

use std::time::{Duration, Instant};

use crate::digest::{AuthenticatorConfig, Secret};
use crate::flow::Flow;
use crate::gate::{Gate, GateConfig, User, Verdict};
use crate::outside::{Origin, Reply};
use crate::registrar::{Owner, Registrar, RegistrarConfig};
use crate::tests::{config as endpoint_config, phone_address, server_address, start};
use crate::trunk::{Registration, Trunk, TrunkInput, TrunkOutput, TrunkRequest};
use crate::{Endpoint, Event, Input, Output};

struct World {
    now: Instant,
    ours: Endpoint,
    theirs: Endpoint,
    trunk: Trunk,
    sent: Vec<(crate::ExchangeId, TrunkRequest)>,
    gate: Gate,
    registrar: Registrar,
    /// The gate's verdicts on REGISTERs.
    challenged: u32,
    admitted: u32,
}

impl World {
    fn new(password: &str) -> Self {
        let now = start();
        let user = User {
            tenant: "acme".into(),
            aor: "4912345@carrier.example".into(),
            username: "4912345".to_owned(),
            secret: Secret::password(password),
        };
        let gate = GateConfig {
            authentication: AuthenticatorConfig {
                realm: "carrier.example".to_owned(),
                ..AuthenticatorConfig::default()
            },
            users: vec![user],
            ..GateConfig::default()
        };
        let mut trunk = Trunk::new(now, super::registering()).expect("a configuration");
        trunk.handle(now, TrunkInput::Deadline);
        Self {
            now,
            ours: Endpoint::new(endpoint_config(phone_address()), 1),
            theirs: Endpoint::new(endpoint_config(server_address()), 2),
            trunk,
            sent: Vec::new(),
            gate: Gate::new(now, gate, [1; 32]).expect("a configuration"),
            registrar: Registrar::new(RegistrarConfig::default()),
            challenged: 0,
            admitted: 0,
        }
    }

    /// What the far side's host does with a request outside dialogs.
    fn judge(&mut self, flow: Flow, request: &crate::Request) -> Reply {
        match self.gate.judge(self.now, flow, request) {
            Verdict::Admit(Origin::User { aor, tenant }) => {
                self.admitted += 1;
                let owner = Owner {
                    tenant: &tenant,
                    aor: &aor,
                    until: None,
                };
                let done = self.registrar.register(self.now, flow, owner, request);
                if let Some(change) = done.change {
                    self.gate.apply(change).expect("room");
                }
                done.reply
            }
            Verdict::Challenge(reply) => {
                self.challenged += 1;
                reply
            }
            other => panic!("{other:?}"),
        }
    }

    fn trunk_output(&mut self, output: TrunkOutput) {
        match output {
            TrunkOutput::Resolve(_) => {
                let targets = vec![Flow::udp(server_address()).into()];
                self.trunk.handle(self.now, TrunkInput::Resolved(Ok(targets)));
            }
            TrunkOutput::Send { request, outgoing } => {
                let exchange = self.ours.request(self.now, *outgoing).expect("it can be sent");
                self.sent.push((exchange, request));
            }
            TrunkOutput::State(_) | TrunkOutput::Targets(_) => {}
        }
    }

    fn our_output(&mut self, output: Output) {
        match output {
            Output::Send { bytes, .. } => {
                let flow = Flow::udp(phone_address());
                self.theirs.handle(
                    self.now,
                    Input::Message {
                        flow,
                        bytes: &bytes,
                        proven: None,
                    },
                );
            }
            Output::Event(Event::Response { exchange, response }) => {
                let at = self
                    .sent
                    .iter()
                    .position(|(known, _)| *known == exchange)
                    .expect("a request of ours");
                let (_, request) = self.sent.remove(at);
                let response = response.as_deref();
                self.trunk.handle(self.now, TrunkInput::Response { request, response });
            }
            Output::Event(other) => panic!("{other:?}"),
        }
    }

    fn their_output(&mut self, output: Output) {
        match output {
            Output::Send { bytes, .. } => {
                let flow = Flow::udp(server_address());
                self.ours.handle(
                    self.now,
                    Input::Message {
                        flow,
                        bytes: &bytes,
                        proven: None,
                    },
                );
            }
            Output::Event(Event::Request {
                exchange,
                request,
                flow,
                ..
            }) => {
                let reply = self.judge(flow, &request);
                self.theirs.reply(self.now, exchange, reply).expect("it waits");
            }
            Output::Event(other) => panic!("{other:?}"),
        }
    }

    fn run(&mut self, time: Duration) {
        let until = self.now + time;
        loop {
            if let Some(output) = self.trunk.poll() {
                self.trunk_output(output);
            } else if let Some(output) = self.ours.poll() {
                self.our_output(output);
            } else if let Some(output) = self.theirs.poll() {
                self.their_output(output);
            } else {
                let wakes = [self.trunk.wake_at(), self.ours.wake_at(), self.theirs.wake_at()];
                let Some(at) = wakes.into_iter().flatten().min().filter(|at| *at <= until) else {
                    break;
                };
                self.now = self.now.max(at);
                self.trunk.handle(self.now, TrunkInput::Deadline);
                self.ours.handle(self.now, Input::Deadline);
                self.theirs.handle(self.now, Input::Deadline);
                self.registrar.expire(self.now);
            }
        }
        self.now = until;
    }

    fn bindings(&self) -> usize {
        self.gate
            .location()
            .bindings(self.now, "acme", "4912345@carrier.example")
            .count()
    }
}

#[test]
fn a_trunk_registers_stays_registered_and_leaves() {
    let mut world = World::new("secret");
    world.run(Duration::from_secs(1));
    assert_eq!(world.trunk.state().registration, Registration::Registered);
    assert_eq!((world.challenged, world.admitted, world.bindings()), (1, 1, 1));
    let now = world.now;
    let binding = world
        .gate
        .location()
        .bindings(now, "acme", "4912345@carrier.example")
        .next()
        .expect("a binding");
    assert_eq!(
        (binding.contact.as_str(), binding.flow),
        ("sip:4912345@198.51.100.2", Flow::udp(phone_address()))
    );
    world.run(Duration::from_secs(4 * 3600));
    assert_eq!(
        (world.trunk.state().registration, world.bindings()),
        (Registration::Registered, 1)
    );
    assert!((5..=7).contains(&world.admitted), "{}", world.admitted);
    world.trunk.handle(world.now, TrunkInput::Stop);
    world.run(Duration::from_secs(1));
    assert_eq!(world.bindings(), 0);
}

#[test]
fn a_wrong_secret_is_told_and_not_hammered() {
    let mut world = World::new("another secret");
    world.run(Duration::from_secs(3600));
    assert_eq!(world.trunk.state().registration, Registration::Failed(Some(401)));
    assert_eq!((world.admitted, world.bindings()), (0, 0));
    assert!((10..40).contains(&world.challenged), "{}", world.challenged);
    assert_eq!(world.gate.counters().lockouts, 0);
}
