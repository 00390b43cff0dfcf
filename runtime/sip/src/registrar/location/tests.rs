//! What other tests of the table need to see, and the escapes of a device's address.

use super::*;

impl Location {
    /// Whether nothing is left of what was indexed.
    pub(in crate::registrar) fn holds_no_index(&self) -> bool {
        self.tenants.is_empty() && self.expiries.is_empty() && self.flows.is_empty() && self.sources.is_empty()
    }
}

#[test]
fn a_device_address_can_be_read_back() {
    for instance in ["urn:uuid:f81d4fae-7dec", "a;b=c?d@e&f,g/%41", "ü"] {
        let text = gruu("al ice@office.example", instance);
        let uri: Uri = text.parse().expect("an address");
        assert_eq!(uri.param("gr").and_then(unescaped).as_deref(), Some(instance));
        assert_eq!((uri.user(), uri.host()), (Some("al%20ice"), "office.example"));
    }
}
