//! Secrets by name, and texts without them.

use super::*;

#[test]
fn a_secret_is_given_by_its_name_and_shown_to_nobody() {
    let grants = Grants::default()
        .with_secret("crm", "sk-12345678")
        .expect("it can be one");
    let given = grants.secret("crm").map(|secret| secret.reveal().as_str());
    assert_eq!(given, Some("sk-12345678"));
    assert_eq!(grants.secret("other"), None);
    assert!(!format!("{grants:?}").contains("12345678"));
    assert_eq!(
        grants.for_a_log("asked with sk-12345678, twice: sk-12345678"),
        "asked with <secret>, twice: <secret>"
    );
    assert_eq!(grants.for_a_log("nothing of it"), "nothing of it");
}

#[test]
fn what_could_not_be_kept_out_of_texts_is_no_secret() {
    for value in ["", "1234567", "a line\nand another", "schlüssel", &"x".repeat(4_097)] {
        assert_eq!(Grants::default().with_secret("crm", value), Err(NoSecret), "{value}");
    }
    assert!(Grants::default().with_secret("crm", &"x".repeat(4_096)).is_ok());
}
