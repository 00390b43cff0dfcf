//! What waits: in order, with shares, and without leftovers.

use super::*;
use patchcord_control::events::Happening;
use patchcord_control::words::UnixTime;

fn event(call: u128, tenant: &str) -> Arc<Event> {
    Arc::new(Event {
        call: CallId(call),
        tenant: Tenant(tenant.to_owned()),
        handler: "h".to_owned(),
        module: "m".to_owned(),
        at: UnixTime {
            seconds: 1,
            nanoseconds: 0,
        },
        what: Happening::LegRinging(0),
    })
}

fn put(chains: &mut Chains, receiver: &str, event: &Arc<Event>, sequence: u32) -> (Chain, Put) {
    let chain = Chain::of(Receiver::Named(receiver.into()), event);
    let waiting = Waiting {
        event: event.clone(),
        sequence,
    };
    (chain.clone(), chains.put(chain, waiting))
}

#[test]
fn events_of_a_call_wait_in_order_and_other_calls_beside_them() {
    let mut chains = Chains::default();
    let (first, other) = (event(1, "t"), event(2, "t"));
    let (chain, began) = put(&mut chains, "crm", &first, 1);
    assert_eq!(began, Put::First);
    assert_eq!(put(&mut chains, "crm", &first, 2).1, Put::Behind);
    assert_eq!(put(&mut chains, "crm", &other, 1).1, Put::First);
    assert_eq!(put(&mut chains, "erp", &first, 1).1, Put::First);
    assert_eq!(chains.waiting(), 4);
    assert_eq!(chains.first(&chain).map(|(waiting, _)| waiting.sequence), Some(1));
    assert_eq!(chains.over(&chain), Left::More);
    assert_eq!(chains.first(&chain).map(|(waiting, _)| waiting.sequence), Some(2));
    assert_eq!(chains.over(&chain), Left::Nothing);
    assert!(chains.first(&chain).is_none());
    assert_eq!(put(&mut chains, "crm", &first, 3).1, Put::First);
}

#[test]
fn a_tenant_has_its_share_and_nothing_is_left_of_what_is_over() {
    let mut chains = Chains::default();
    let ours = event(1, "ours");
    let mut chain = None;
    for sequence in 0..WAITING_OF_TENANT as u32 {
        let (of, put) = put(&mut chains, "crm", &ours, sequence);
        assert_ne!(put, Put::NoRoom);
        chain = Some(of);
    }
    assert_eq!(put(&mut chains, "erp", &ours, 0).1, Put::NoRoom);
    assert_eq!(put(&mut chains, "crm", &event(2, "others"), 0).1, Put::First);
    let chain = chain.expect("there was one");
    while chains.over(&chain) == Left::More {}
    assert_eq!(chains.waiting(), 1);
    assert_eq!(
        (chains.of_tenant.len(), chains.places.len(), chains.chains.len()),
        (1, 1, 1)
    );
}
