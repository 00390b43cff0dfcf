//! Numbers of the configuration, of the database, and the default among them.

use super::*;
use patchcord_control::ids::Tenant;
use patchcord_control::route::Routes;
use patchcord_switch::Directory;

fn number(text: &str) -> E164 {
    E164::parse(text).unwrap()
}

fn base() -> (Directory, Tenant) {
    let directory = Directory::new(Routes::new(Vec::new()), Vec::new(), crate::programs::announcement());
    let tenant = Tenant("ours".to_owned());
    let configured = CallerIds::new(vec![number("+4930111111")], Vec::new(), Some(number("+4930111111"))).unwrap();
    (directory.with_caller_ids(&tenant, configured), tenant)
}

#[test]
fn what_the_configuration_names_stays_and_the_chosen_default_counts() {
    let (base, tenant) = base();
    assert!(Shown::default().with(&base, &tenant).is_none());
    let shown = Shown {
        own: vec![number("+4930222222")],
        verified: vec![number("+4930333333")],
        default: Some(number("+4930333333")),
    };
    let all = shown.with(&base, &tenant).unwrap();
    for text in ["+4930111111", "+4930222222", "+4930333333"] {
        assert!(all.has(&number(text)), "{text}");
    }
    assert_eq!(all.default_number(), Some(number("+4930333333")));
    let of_another = shown.with(&base, &Tenant("another".to_owned())).unwrap();
    assert!(!of_another.has(&number("+4930111111")));
}

#[test]
fn a_default_that_was_lost_is_the_configurations_again() {
    let (base, tenant) = base();
    let shown = Shown {
        own: vec![number("+4930222222")],
        default: Some(number("+4930999999")),
        ..Shown::default()
    };
    let all = shown.with(&base, &tenant).unwrap();
    assert_eq!(all.default_number(), Some(number("+4930111111")));
}

#[test]
fn a_number_without_its_plus_is_the_same() {
    assert_eq!(read_number("4930111111"), Some(number("+4930111111")));
    assert_eq!(read_number("+4930111111"), Some(number("+4930111111")));
    assert_eq!(read_number("100"), None);
}
