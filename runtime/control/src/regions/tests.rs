//! What names a region or a node, and what does not.

use super::*;

#[test]
fn small_letters_digits_and_hyphens_are_a_name() {
    for good in ["eu1", "a", "us-east-1", &"a".repeat(REGION_BYTES)] {
        assert_eq!(good.parse::<Region>().unwrap().as_str(), good);
    }
    assert_eq!(
        NodeId::new(&"n".repeat(NODE_BYTES)).unwrap().to_string().len(),
        NODE_BYTES
    );
}

#[test]
fn all_else_is_refused_with_what_would_be_right() {
    for bad in [
        "",
        "1eu",
        "-a",
        "EU1",
        "eu.1",
        "eu 1",
        "eu_1",
        "é",
        &"a".repeat(REGION_BYTES + 1),
    ] {
        let why = Region::new(bad).unwrap_err().to_string();
        assert!(why.contains("a region") && why.contains("at most 32"), "{bad}: {why}");
    }
    assert!(NodeId::new("eu1.a").unwrap_err().to_string().contains("at most 64"));
}
