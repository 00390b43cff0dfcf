//! What can be tested of a handler without a call.

use super::branch;

#[test]
fn three_keys_lead_somewhere_and_others_do_not() {
    assert_eq!(
        [branch("1"), branch("2"), branch("3")],
        [Some(440), Some(620), Some(880)]
    );
    assert_eq!([branch(""), branch("4"), branch("#"), branch("12")], [None; 4]);
}
