//! Paths to a root: the good one in every order, and each way in which one is broken.

use super::*;
use crate::identity::tests::{NOW, chain, fixture, roots};

fn validated(file: &[u8]) -> Result<(), CertificateFault> {
    CertificateChain::read(file)?.validate(&roots(), NOW)
}

#[test]
fn a_good_path_with_and_without_its_root() {
    assert_eq!(validated(fixture!("chain.pem")), Ok(()));
    let pem = std::str::from_utf8(fixture!("chain.pem")).unwrap();
    let (signer, middle) = pem.split_at(pem.rfind("-----BEGIN").unwrap());
    let root = std::str::from_utf8(fixture!("root.pem")).unwrap();
    assert_eq!(validated(format!("{signer}{root}{middle}").as_bytes()), Ok(()));
    assert_eq!(validated(format!("{signer}{middle}{middle}{root}").as_bytes()), Ok(()));
    assert_eq!(validated(signer.as_bytes()), Err(CertificateFault::Untrusted));
    assert_eq!(validated(fixture!("signer.der")), Err(CertificateFault::Untrusted));
    // Trust may begin at the issuer itself.
    let issuer = TrustRoots::read(middle.as_bytes()).unwrap();
    assert_eq!(
        CertificateChain::read(fixture!("signer.der"))
            .unwrap()
            .validate(&issuer, NOW),
        Ok(())
    );
}

#[test]
fn broken_paths() {
    for (file, fault) in [
        (fixture!("expired.pem"), CertificateFault::Period),
        (fixture!("not_yet.pem"), CertificateFault::Period),
        (fixture!("constrained.pem"), CertificateFault::Extension),
        (fixture!("critical.pem"), CertificateFault::Extension),
        (fixture!("no_signing.pem"), CertificateFault::Usage),
        (fixture!("signer_ca.pem"), CertificateFault::Usage),
        (fixture!("issuer_not_ca.pem"), CertificateFault::Usage),
        (fixture!("path_length.pem"), CertificateFault::PathLength),
        (fixture!("p384.pem"), CertificateFault::Algorithm),
        (fixture!("five.pem"), CertificateFault::TooMany),
        (fixture!("root.pem"), CertificateFault::Usage),
        (b"", CertificateFault::Empty),
        (b"<html>404</html>", CertificateFault::Empty),
    ] {
        assert_eq!(validated(file), Err(fault), "{}", String::from_utf8_lossy(file));
    }
    assert_eq!(validated(&vec![b'a'; CHAIN_BYTES + 1]), Err(CertificateFault::TooLong));
}

#[test]
fn another_root_of_the_same_name_is_not_believed() {
    let other = TrustRoots::read(fixture!("other_root.pem")).unwrap();
    assert_eq!(chain().validate(&other, NOW), Err(CertificateFault::Signature));
    assert_eq!(
        chain().validate(&TrustRoots::default(), NOW),
        Err(CertificateFault::Untrusted)
    );
    let both = [fixture!("other_root.pem"), fixture!("root.pem")].concat();
    assert_eq!(chain().validate(&TrustRoots::read(&both).unwrap(), NOW), Ok(()));
}

#[test]
fn everything_on_the_path_has_a_period() {
    assert_eq!(chain().validate(&roots(), 1_700_000_000), Err(CertificateFault::Period));
    assert_eq!(chain().validate(&roots(), 2_500_000_000), Err(CertificateFault::Period));
}

#[test]
fn roots_are_bounded() {
    assert_eq!(TrustRoots::read(b"").unwrap_err(), CertificateFault::Empty);
    let many = fixture!("root.pem").repeat(TRUST_ROOTS + 1);
    assert_eq!(TrustRoots::read(&many).unwrap_err(), CertificateFault::TooMany);
    assert_eq!(TrustRoots::read(&fixture!("root.pem").repeat(2)).unwrap().len(), 2);
}
