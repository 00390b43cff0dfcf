//! Transfers between phones: blind and attended, refused, and to somebody who does not answer.

use super::street::{SECOND, Street};
use super::*;

const ONE: LineId = LineId::FIRST;
const TWO: LineId = LineId::SECOND;

fn office(config: &mut Config) {
    config.incoming = Incoming::Answer { after: SECOND };
    config.refer = Refers::Accept;
    config.lines = 2;
}

fn to(phone: usize) -> Uri {
    Uri::parse(&format!("sip:p{phone}@10.0.1.{}", phone + 1)).unwrap()
}

fn outcomes(street: &Street, phone: usize) -> Vec<u16> {
    let outcome = |(_, event): &(LineId, Event)| match event {
        Event::TransferEnded { status } => Some(*status),
        _ => None,
    };
    street.events[phone].iter().filter_map(outcome).collect()
}

#[test]
fn a_blind_transfer_connects_the_other_two_and_the_one_who_asked_leaves() {
    let mut street = Street::of(vec![office, office, office]);
    street.call(0, ONE, 1, Offer::InInvite);
    street.pass(3 * SECOND);
    street.act(1, ONE, Action::Transfer(to(2)));
    street.pass(3 * SECOND);
    assert!(street.saw(0, ONE, &Event::Referred { line: TWO }));
    assert!(street.saw(1, ONE, &Event::TransferProgress { status: 180 }));
    assert_eq!(outcomes(&street, 1), [200]);
    assert_eq!(
        (street.end(1, ONE), street.end(0, ONE)),
        (Some(End::ByPhone), Some(End::ByFarEnd))
    );
    assert_eq!((street.hears(0, TWO), street.hears(2, ONE)), (Some(2), Some(0)));
}

#[test]
fn a_transfer_that_comes_to_nothing_leaves_the_call() {
    let busy: fn(&mut Config) = |_| ();
    let mut street = Street::of(vec![office, office, busy]);
    street.call(0, ONE, 1, Offer::InInvite);
    street.pass(3 * SECOND);
    street.act(1, ONE, Action::Transfer(to(2)));
    street.pass(3 * SECOND);
    assert_eq!(outcomes(&street, 1), [486]);
    assert_eq!(
        (street.end(0, ONE), street.end(0, TWO)),
        (None, Some(End::Refused { status: 486 }))
    );
    assert_eq!((street.hears(0, ONE), street.hears(1, ONE)), (Some(1), Some(0)));
    // And it can be asked again.
    street.act(1, ONE, Action::Transfer(to(2)));
    street.pass(3 * SECOND);
    assert_eq!(outcomes(&street, 1), [486, 486]);
}

#[test]
fn a_phone_may_refuse_to_be_transferred() {
    let stays: fn(&mut Config) = |config| config.incoming = Incoming::Answer { after: SECOND };
    let mut street = Street::of(vec![office, stays, office]);
    street.call(0, ONE, 1, Offer::InInvite);
    street.pass(3 * SECOND);
    street.act(0, ONE, Action::Transfer(to(2)));
    street.pass(SECOND);
    assert_eq!(outcomes(&street, 0), [603]);
    assert!(street.events[2].is_empty() && street.phones[0].is_up(ONE));
}

#[test]
fn an_attended_transfer_joins_the_two_far_ends() {
    let mut street = Street::of(vec![office, office, office]);
    street.call(0, ONE, 1, Offer::InInvite);
    street.pass(3 * SECOND);
    street.act(0, ONE, Action::Hold);
    street.call(0, TWO, 2, Offer::InInvite);
    street.pass(3 * SECOND);
    assert_eq!((street.hears(0, TWO), street.hears(2, ONE)), (Some(2), Some(0)));
    street.act(0, ONE, Action::TransferTo(TWO));
    street.pass(3 * SECOND);
    assert_eq!(outcomes(&street, 0), [200]);
    assert_eq!(street.end(0, ONE), Some(End::ByPhone));
    assert_eq!(street.end(2, ONE), Some(End::Replaced), "the other call took its place");
    assert!(street.end(0, TWO).is_some() && !street.phones[0].in_call());
    assert_eq!((street.hears(1, TWO), street.hears(2, TWO)), (Some(2), Some(1)));
}

#[test]
fn what_cannot_be_transferred_is_refused_at_once() {
    let mut street = Street::of(vec![office, office]);
    let refused = |street: &Street| street.events[0].last().cloned();
    street.act(0, ONE, Action::Transfer(to(1)));
    assert_eq!(refused(&street), Some((ONE, Event::Refused(Refusal::NoCall))));
    street.call(0, ONE, 1, Offer::InInvite);
    street.act(0, ONE, Action::Transfer(to(1)));
    assert_eq!(refused(&street), Some((ONE, Event::Refused(Refusal::WrongState))));
    street.pass(3 * SECOND);
    street.act(0, ONE, Action::TransferTo(TWO));
    assert_eq!(refused(&street), Some((ONE, Event::Refused(Refusal::NoCall))));
    street.act(0, ONE, Action::TransferTo(ONE));
    assert_eq!(refused(&street), Some((ONE, Event::Refused(Refusal::WrongState))));
}
