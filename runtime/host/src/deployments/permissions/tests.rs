//! What a version may do.

use super::*;

fn strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}

#[test]
fn a_permission_is_what_its_text_says() {
    for text in ["dial", "http:https://crm.example.com/", "secret:crm-token"] {
        assert_eq!(Permission::read(text).to_string(), text);
    }
}

#[test]
fn all_that_is_asked_for_stands_in_the_list_once() {
    let asked = asked_for(
        &strings(&["http", "dial"]),
        &strings(&["https://a.example/", "https://a.example/"]),
        &strings(&["token"]),
    );
    let texts: Vec<_> = asked
        .expect("it can be asked for")
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(texts, ["dial", "http", "http:https://a.example/", "secret:token"]);
    assert_eq!(
        asked_for(&[], &strings(&["no address"]), &[]),
        Err("no address".to_owned())
    );
}

#[test]
fn an_address_covers_what_is_below_it_and_nothing_beside_it() {
    let granted = [Permission::read("http:https://a.example/x/"), Permission::read("dial")];
    assert!(covered(&granted, &Permission::read("http:https://a.example/x/y")));
    assert!(covered(&granted, &Permission::read("dial")));
    assert!(!covered(&granted, &Permission::read("http:https://a.example/xy")));
    assert!(!covered(&granted, &Permission::read("http:https://a.example.evil/x/")));
    assert!(!covered(&granted, &Permission::read("http:https://a.example/x/../")));
    assert!(!covered(&granted, &Permission::read("http:http://a.example/x/")));
    assert!(!covered(&granted, &Permission::read("record")));
}
