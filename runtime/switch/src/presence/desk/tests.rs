//! The desk with a registrar before it, by a pretend clock.

use super::*;
use patchcord_control::presence::{Policy, WINDOW, WhenBusy};
use patchcord_sip::{CLIENTS_DOMAIN, Flow, Message, Owner, Registrar, RegistrarConfig, parse};

const SECOND: Duration = Duration::from_secs(1);

/// One registrar, one desk, one clock.
pub(super) struct World {
    pub(super) registrar: Registrar,
    pub(super) desk: PresenceDesk,
    pub(super) now: Instant,
    pub(super) cseq: u32,
}

/// A device that registers.
#[derive(Clone, Copy)]
pub(super) struct Device {
    user: &'static str,
    domain: &'static str,
    instance: Option<&'static str>,
    host: u8,
    reg_id: Option<u32>,
}

fn desk_phone(user: &'static str, host: u8) -> Device {
    Device {
        user,
        domain: "office.example",
        instance: None,
        host,
        reg_id: None,
    }
}

pub(super) fn browser(user: &'static str, instance: &'static str, host: u8) -> Device {
    Device {
        domain: CLIENTS_DOMAIN,
        instance: Some(instance),
        ..desk_phone(user, host)
    }
}

pub(super) fn acme() -> Tenant {
    Tenant("acme".to_owned())
}

pub(super) fn says(availability: Availability, text: &str) -> Status {
    Status {
        text: text.to_owned().into(),
        ..Status::new(availability)
    }
}

impl World {
    #[allow(clippy::disallowed_methods, reason = "a test begins at some moment")]
    pub(super) fn new() -> Self {
        Self {
            registrar: Registrar::new(RegistrarConfig::default()),
            desk: PresenceDesk::default(),
            now: Instant::now(),
            cseq: 0,
        }
    }

    pub(super) fn register(&mut self, device: Device, expires_s: u32) {
        self.cseq += 1;
        let Device {
            user,
            domain,
            instance,
            host,
            reg_id,
        } = device;
        let address = format!("10.0.0.{host}:5060");
        let instance = instance.map_or_else(String::new, |name| format!(";+sip.instance=\"<{name}>\""));
        let reg_id = reg_id.map_or_else(String::new, |id| format!(";reg-id={id}"));
        let text = format!(
            "REGISTER sip:{domain} SIP/2.0\r\nVia: SIP/2.0/UDP {address};branch=z9hG4bK{cseq}\r\nMax-Forwards: 70\r\n\
             From: <sip:{user}@{domain}>;tag=1\r\nTo: <sip:{user}@{domain}>\r\nCall-ID: {host}-{user}\r\n\
             CSeq: {cseq} REGISTER\r\nSupported: outbound, path\r\nUser-Agent: Phone {host}\r\n\
             Contact: <sip:{user}@{address}>;expires={expires_s}{instance}{reg_id}\r\nContent-Length: 0\r\n\r\n",
            cseq = self.cseq,
        );
        let Ok(Message::Request(request)) = parse(text.as_bytes()) else {
            panic!("a REGISTER is a request");
        };
        let (tenant, aor): (Arc<str>, Arc<str>) = ("acme".into(), format!("{user}@{domain}").into());
        let owner = Owner {
            tenant: &tenant,
            aor: &aor,
            until: None,
        };
        let flow = Flow::udp(address.parse().expect("an address"));
        let registered = self.registrar.register(self.now, flow, owner, &request);
        assert_eq!(registered.reply.status, 200);
        let change = registered.change.expect("it changes something");
        self.desk.located(self.now, &change);
    }

    pub(super) fn status(&self, user: &str) -> Status {
        self.desk.view((&acme(), user)).expect("a name").status
    }

    fn reach(&mut self, user: &str, when_busy: WhenBusy) -> Reach {
        let ask = PresenceAsk::Reach {
            identity: user.to_owned().into(),
            when_busy,
        };
        match self.desk.ask(self.now, &acme(), &ask) {
            PresenceTold::Reach(reach, _) => reach,
            other => panic!("{other:?}"),
        }
    }

    fn publish(&mut self, user: &str, instance: &str, status: Status) -> PresenceSaid {
        let said = self.desk.publish(self.now, (&acme(), user), instance, status);
        said.expect("it may be said")
    }

    fn pass(&mut self, time: Duration) {
        self.now += time;
        for change in self.registrar.expire(self.now) {
            self.desk.located(self.now, &change);
        }
        self.desk.deadline(self.now);
    }

    fn told(&mut self) -> Vec<(WatcherId, Vec<String>)> {
        let told = std::iter::from_fn(|| self.desk.poll());
        told.map(|told| {
            let names = told.views.iter().map(|view| view.name.to_string());
            (told.watcher, names.collect())
        })
        .collect()
    }
}

fn rings(reach: &Reach) -> usize {
    match reach {
        Reach::Ring(clients) => clients.len(),
        Reach::Unavailable(_) => 0,
    }
}

#[test]
fn a_registration_is_a_client_as_long_as_it_lasts() {
    let mut world = World::new();
    assert_eq!(world.status("bob").availability, Availability::Unavailable);
    world.register(desk_phone("bob", 1), 120);
    assert_eq!(world.status("bob").availability, Availability::Available);
    world.pass(100 * SECOND);
    world.register(desk_phone("bob", 1), 120);
    world.pass(100 * SECOND);
    assert_eq!(
        world.status("bob").availability,
        Availability::Available,
        "it was renewed"
    );
    world.pass(21 * SECOND);
    assert_eq!(world.status("bob").availability, Availability::Unavailable);
    world.register(desk_phone("bob", 1), 120);
    world.register(desk_phone("bob", 1), 0);
    assert_eq!(world.status("bob").availability, Availability::Unavailable, "it left");
    world.pass(WINDOW);
    assert_eq!(world.desk.sizes(), (0, 0), "nothing is kept of who is gone");
}

#[test]
fn the_phone_on_the_desk_and_the_browser_are_one_person() {
    let mut world = World::new();
    world.register(desk_phone("bob", 1), 120);
    world.register(browser("bob", "urn:uuid:tab", 2), 120);
    assert_eq!(rings(&world.reach("bob", WhenBusy::Ring)), 2);
    let quiet = says(Availability::DoNotDisturb, "writing");
    assert_eq!(world.publish("bob", "urn:uuid:tab", quiet.clone()), PresenceSaid::Now);
    assert_eq!(rings(&world.reach("bob", WhenBusy::Ring)), 1, "the desk phone alone");
    assert_eq!(world.status("bob").availability, Availability::Available);
    world.register(desk_phone("bob", 1), 0);
    assert_eq!(world.reach("bob", WhenBusy::Ring), Reach::Unavailable(quiet));
    let instances = world.desk.instances((&acme(), "bob"));
    let names: Vec<&str> = instances.iter().map(|view| &*view.instance).collect();
    assert_eq!(names, ["urn:uuid:tab"]);
    assert!(world.desk.instances((&acme(), "bo")).is_empty());
}

#[test]
fn what_an_instance_said_is_there_again_when_it_comes_back_and_is_forgotten_in_the_end() {
    let mut world = World::new();
    let away = says(Availability::Busy, "at lunch");
    assert_eq!(world.publish("bob", "urn:uuid:tab", away.clone()), PresenceSaid::Kept);
    assert_eq!(
        world.status("bob").availability,
        Availability::Unavailable,
        "it is not there yet"
    );
    world.register(browser("bob", "urn:uuid:tab", 2), 120);
    assert_eq!(world.status("bob"), away);
    world.pass(121 * SECOND);
    assert_eq!(world.status("bob").availability, Availability::Unavailable);
    world.register(browser("bob", "urn:uuid:tab", 2), 120);
    assert_eq!(world.status("bob"), away);
    world.pass(121 * SECOND);
    world.pass(SAID_KEPT);
    world.register(browser("bob", "urn:uuid:tab", 2), 120);
    assert_eq!(world.status("bob"), Status::new(Availability::Available));
    assert_eq!((world.desk.said.len(), world.desk.left.len()), (0, 0));
}

#[test]
fn two_flows_of_one_device_are_one_client() {
    let mut world = World::new();
    let first = Device {
        reg_id: Some(1),
        ..browser("bob", "urn:uuid:phone", 2)
    };
    let second = Device {
        reg_id: Some(2),
        host: 3,
        ..first
    };
    world.register(first, 120);
    world.register(second, 120);
    assert_eq!(rings(&world.reach("bob", WhenBusy::Ring)), 1);
    let said = world.publish("bob", "urn:uuid:phone", says(Availability::Busy, "in a meeting"));
    assert_eq!(said, PresenceSaid::Now);
    world.register(first, 0);
    assert_eq!(
        world.status("bob").text.reveal(),
        "in a meeting",
        "the other flow is the same device"
    );
}

#[test]
fn a_leg_makes_its_party_busy_and_call_waiting_rings_all_the_same() {
    let mut world = World::new();
    world.register(desk_phone("bob", 1), 120);
    let Reach::Ring(clients) = world.reach("bob", WhenBusy::Skip) else {
        panic!("bob is there");
    };
    let leg = |what| OnCall {
        tenant: acme(),
        identity: "bob".to_owned().into(),
        client: Some(clients[0]),
        what,
    };
    world.desk.on_call(world.now, &leg(LegOf::Began));
    assert_eq!(world.status("bob").availability, Availability::Busy);
    assert_eq!(rings(&world.reach("bob", WhenBusy::Skip)), 0);
    assert_eq!(rings(&world.reach("bob", WhenBusy::Ring)), 1);
    world.desk.on_call(world.now, &leg(LegOf::Over));
    assert_eq!(world.status("bob").availability, Availability::Available);
}

#[test]
fn what_is_said_of_the_identity_keeps_callers_away_and_makes_nobody_ring() {
    let mut world = World::new();
    world.register(desk_phone("bob", 1), 120);
    let holiday = says(Availability::Unavailable, "on holiday");
    let set = |world: &mut World, status: Option<Status>| {
        world
            .desk
            .set(world.now, (&acme(), "bob"), status)
            .expect("it may be said")
    };
    set(&mut world, Some(holiday.clone()));
    assert_eq!(world.reach("bob", WhenBusy::Ring), Reach::Unavailable(holiday));
    set(&mut world, Some(says(Availability::Available, "at home")));
    assert_eq!(world.status("bob"), says(Availability::Available, "at home"));
    world.register(desk_phone("bob", 1), 0);
    assert_eq!(rings(&world.reach("bob", WhenBusy::Ring)), 0);
    set(&mut world, None);
    world.pass(WINDOW);
    assert_eq!(world.desk.sizes(), (0, 0));
}

#[test]
fn handlers_ask_choose_and_are_refused_in_words() {
    let mut world = World::new();
    world.register(desk_phone("carol", 3), 120);
    let pick = PresenceAsk::Do(PresenceAction::Pick {
        candidates: vec!["bob".to_owned().into(), "carol".to_owned().into()],
        policy: Policy::InOrder,
    });
    let picked = world.desk.ask(world.now, &acme(), &pick);
    assert_eq!(
        picked,
        PresenceTold::Done(Ok(PresenceReply::Picked(Some("carol".to_owned().into()))))
    );
    let other = Tenant("other".to_owned());
    let picked = world.desk.ask(world.now, &other, &pick);
    assert_eq!(
        picked,
        PresenceTold::Done(Ok(PresenceReply::Picked(None))),
        "of nobody else"
    );
    let get = PresenceAsk::Do(PresenceAction::Get {
        identities: vec![String::new().into()],
    });
    let told = world.desk.ask(world.now, &acme(), &get);
    assert!(
        matches!(told, PresenceTold::Done(Err(Error::Unavailable(_)))),
        "{told:?}"
    );
}

#[test]
fn watchers_are_told_and_a_tenant_has_so_many() {
    let mut world = World::new();
    let watcher = world.desk.watch(&acme(), ["carol", "bob"]).expect("there is room");
    assert_eq!(world.told(), [(watcher, vec!["bob".to_owned(), "carol".to_owned()])]);
    world.register(desk_phone("bob", 1), 120);
    assert_eq!(world.told(), []);
    world.pass(WINDOW);
    assert_eq!(world.told(), [(watcher, vec!["bob".to_owned()])]);
    for _ in 1..WATCHERS_OF_A_TENANT {
        world.desk.watch(&acme(), ["bob"]).expect("there is room");
    }
    assert_eq!(world.desk.watch(&acme(), ["bob"]), Err(PresenceError::Watchers));
    let other = Tenant("other".to_owned());
    world
        .desk
        .watch(&other, ["bob"])
        .expect("others have room of their own");
    world.desk.unwatch(watcher);
    world.desk.watch(&acme(), ["bob"]).expect("there is room again");
}
