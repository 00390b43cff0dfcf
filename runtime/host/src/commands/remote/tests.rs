//! How answers are shown.

use super::*;

#[test]
fn columns_stand_below_each_other() {
    let rows = [["to", "handler"], ["+15550100", "line"]].map(|row| row.map(str::to_owned).to_vec());
    assert_eq!(table(&rows), ["to         handler", "+15550100  line"]);
    assert_eq!(encoded("+1 ü/*"), "%2B1%20%C3%BC%2F%2A");
}
