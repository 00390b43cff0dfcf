//! Which signatures are taken.

use super::*;
use patchcord_control::ids::CallId;

#[test]
fn a_signature_is_good_for_its_link_alone() {
    let key = LinkKey::new([7; 32]);
    let (ours, theirs) = (Tenant("acme".to_owned()), Tenant("other".to_owned()));
    let recording = |call, number| RecordingId {
        call: CallId(call),
        number,
    };
    let link = Link {
        tenant: &ours,
        recording: recording(1, 1),
        expires: 1_000,
    };
    let signature = key.sign(&link);
    assert!(signature.len() == 64 && key.has_signed(&link, &signature));
    let others = [
        Link {
            tenant: &theirs,
            ..link.clone()
        },
        Link {
            recording: recording(2, 1),
            ..link.clone()
        },
        Link {
            recording: recording(1, 2),
            ..link.clone()
        },
        Link {
            expires: 1_001,
            ..link.clone()
        },
    ];
    for other in &others {
        assert!(!key.has_signed(other, &signature), "{other:?}");
    }
    assert!(!LinkKey::new([8; 32]).has_signed(&link, &signature));
    for wrong in ["", "zz", &signature[..62], &format!("{signature}00"), &"é".repeat(32)] {
        assert!(!key.has_signed(&link, wrong), "{wrong:?}");
    }
}
