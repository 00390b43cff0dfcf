//! Certificates by OpenSSL, whole and damaged.

use super::*;
use crate::identity::tests::fixture;

fn fault(der: &[u8]) -> CertificateFault {
    Certificate::read(der).expect_err("it must not be read")
}

#[test]
fn a_foreign_certificate_is_read() {
    let certificate = Certificate::read(fixture!("signer.der")).unwrap();
    assert!(certificate.numbers().is_some());
    assert!(!certificate.is_self_issued());
    assert_eq!(certificate.may_sign_tokens(), Ok(()));
    assert_eq!(certificate.may_issue(0), Err(CertificateFault::Usage));
    assert_eq!(certificate.is_current(1_767_225_600), Err(CertificateFault::Period));
    assert_eq!(certificate.is_current(1_800_000_000), Ok(()));
    assert_eq!(certificate.is_current(2_600_000_000), Err(CertificateFault::Period));
}

#[test]
fn no_prefix_is_a_certificate() {
    let der = fixture!("signer.der");
    for len in 0..der.len() {
        assert_eq!(fault(&der[..len]), CertificateFault::Malformed, "{len}");
    }
    assert_eq!(fault(&[der, b"\0"].concat()), CertificateFault::Malformed);
    assert_eq!(fault(&[0x30; CERTIFICATE_BYTES + 1]), CertificateFault::TooLong);
}

/// Whatever byte changes, it is not read any more or not signed any more.
#[test]
fn no_changed_byte_keeps_the_signature() {
    let issuer = crate::identity::base64::blocks(fixture!("chain.pem"), "CERTIFICATE")
        .nth(1)
        .unwrap()
        .unwrap();
    let issuer = Certificate::read(&issuer).unwrap();
    let der = fixture!("signer.der");
    assert_eq!(Certificate::read(der).unwrap().is_signed_by(&issuer), Ok(()));
    for at in 0..der.len() {
        let mut changed = der.to_vec();
        changed[at] ^= 0x01;
        if let Ok(certificate) = Certificate::read(&changed) {
            assert_eq!(
                certificate.is_signed_by(&issuer),
                Err(CertificateFault::Signature),
                "byte {at}"
            );
        }
    }
}

#[test]
fn version_one_and_doubled_extensions_are_refused() {
    let der = fixture!("signer.der");
    let version = b"\xa0\x03\x02\x01\x02";
    let at = memchr::memmem::find(der, version).unwrap();
    let mut old = der.to_vec();
    old[at + 4] = 0;
    assert_eq!(fault(&old), CertificateFault::Malformed);
    // keyUsage becomes a second basicConstraints.
    let at = memchr::memmem::find(der, b"\x06\x03\x55\x1d\x0f").unwrap();
    let mut doubled = der.to_vec();
    doubled[at + 4] = 0x13;
    assert_eq!(fault(&doubled), CertificateFault::Malformed);
}
