//! Places are taken, refused, and free again.

use super::*;

fn tenant(name: &str) -> Tenant {
    Tenant(name.to_owned())
}

#[test]
fn one_tenant_takes_its_share_and_leaves_the_rest_to_others() {
    let readers = Readers::default();
    let mut ours: Vec<_> = (0..READERS_OF_TENANT)
        .map(|_| readers.enter(&tenant("a")).unwrap())
        .collect();
    let refused = readers.enter(&tenant("a")).unwrap_err();
    assert_eq!(refused.code, Code::TooMany);
    assert!(refused.detail.contains("of this tenant"), "{}", refused.detail);
    let theirs = readers.enter(&tenant("b")).unwrap();
    ours.pop();
    ours.push(readers.enter(&tenant("a")).unwrap());
    drop((ours, theirs));
    assert!(readers.lock().is_empty());
}

#[test]
fn the_node_has_places_for_so_many() {
    let readers = Readers::default();
    let name = |number: usize| tenant(&format!("t{}", number / READERS_OF_TENANT));
    let all: Vec<_> = (0..READERS)
        .map(|number| readers.enter(&name(number)).unwrap())
        .collect();
    let refused = readers.enter(&tenant("one-more")).unwrap_err();
    assert!(refused.detail.contains("of this node"), "{}", refused.detail);
    drop(all);
    readers.enter(&tenant("one-more")).unwrap();
}
