//! What the phones of a world are made to do: by action, or in the words of whoever holds the phone.

use super::setup::{DOMAIN, password};
use super::{Node, PhoneId, Recording, World, describe};
use crate::phone::{self, Action, Incoming, LineId, Offer, Registering};
use patchcord_sip::{Fault, NameAddr, Uri};

/// Seconds a phone asks its registrar for: short, so that renewals are part of every longer test.
const REGISTRATION_S: u32 = 300;

impl World {
    /// Makes a phone do something now, on its first line.
    pub fn act(&mut self, phone: PhoneId, action: Action) {
        self.act_on(phone, LineId::FIRST, action);
    }

    /// Makes a phone do something now.
    pub fn act_on(&mut self, phone: PhoneId, line: LineId, action: Action) {
        let seat = &mut self.seats[phone.0];
        let places = matches!(action, Action::Call(_)) && !seat.phone.uses(line);
        if places {
            seat.recordings[line.number()] = Recording::default();
        }
        if let Action::Press(keys) | Action::PressByInfo(keys) = &action {
            seat.press(self.now - self.base, keys);
        }
        let what = describe::on_line(line, describe::action(&action));
        self.log.push(self.now - self.base, &seat.name, what);
        seat.phone.handle(self.now, phone::Input::OnLine(line, action));
        seat.placed += u64::from(places && seat.phone.uses(line));
        self.drain_phone(phone.0);
    }

    /// Makes a phone call a user at the node, on its first line. A phone that has registered calls as the user it is.
    ///
    /// # Errors
    /// If the name cannot stand in a SIP address.
    pub fn call(&mut self, phone: PhoneId, user: &str, offer: Offer) -> Result<(), Fault> {
        self.call_on(phone, LineId::FIRST, user, offer)
    }

    /// The same on another line.
    ///
    /// # Errors
    /// If the name cannot stand in a SIP address.
    pub fn call_on(&mut self, phone: PhoneId, line: LineId, user: &str, offer: Offer) -> Result<(), Fault> {
        let seat = &self.seats[phone.0];
        let us = match (&seat.user, seat.phone.registers()) {
            (Some(user), true) => format!("sip:{user}@{DOMAIN}"),
            _ => format!("sip:{}@{}", seat.name, seat.sip.ip()),
        };
        let dial = phone::Dial {
            uri: Self::address_at_node(user)?,
            destination: Node::sip_address(),
            from: NameAddr::new(Uri::parse(&us)?),
            offer,
        };
        self.act_on(phone, line, Action::Call(dial));
        Ok(())
    }

    /// Makes a phone register as a user. One of [`super::Setup::users`] is let in.
    pub fn register(&mut self, phone: PhoneId, user: &str) {
        let user = user.to_owned();
        self.seats[phone.0].user = Some(user.clone());
        let wanted = Registering {
            registrar: Node::sip_address(),
            domain: DOMAIN.to_owned(),
            password: password(&user),
            user,
            expires_s: REGISTRATION_S,
            contact_params: String::new(),
        };
        self.act(phone, Action::Register(wanted));
    }

    /// Makes a phone transfer the far end of a line to a user at the node.
    ///
    /// # Errors
    /// If the name cannot stand in a SIP address.
    pub fn transfer(&mut self, phone: PhoneId, line: LineId, user: &str) -> Result<(), Fault> {
        let to = Self::address_at_node(user)?;
        self.act_on(phone, line, Action::Transfer(to));
        Ok(())
    }

    /// Changes what a phone does with calls from now on.
    pub fn set_incoming(&mut self, phone: PhoneId, incoming: Incoming) {
        self.seats[phone.0].phone.set_incoming(incoming);
    }

    /// Lets all phones leave the registrar, so that nobody is called any more and the world can come to rest.
    pub(super) fn leave_registrar(&mut self) {
        for place in 0..self.seats.len() {
            if self.seats[place].phone.stays_registered() {
                self.act(PhoneId(place), Action::Unregister);
            }
        }
    }

    fn address_at_node(user: &str) -> Result<Uri, Fault> {
        Uri::parse(&format!("sip:{user}@{}", Node::sip_address()))
    }
}
