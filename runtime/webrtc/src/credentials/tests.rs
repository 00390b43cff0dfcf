//! Names, passwords and fingerprints that are taken and refused.

use super::*;

#[test]
fn credentials_are_as_long_and_plain_as_rfc_8839_says() {
    let password = "p".repeat(22);
    assert!(Credentials::new("abcd", &password).is_ok());
    assert!(Credentials::new("+/zZ09", &"p".repeat(256)).is_ok());
    for (ufrag, password, error) in [
        ("abc", password.as_str(), TextError::Length("ice-ufrag")),
        ("abcd", "short", TextError::Length("ice-pwd")),
        ("ab:d", &password, TextError::Character("ice-ufrag")),
        ("abcd", "spaces are not allowed", TextError::Character("ice-pwd")),
    ] {
        assert_eq!(Credentials::new(ufrag, password), Err(error));
    }
}

#[test]
fn our_own_differ_and_are_no_secret_of_a_log() {
    let mut random = Random::new([1; 32]);
    let (a, b) = (Credentials::make(&mut random), Credentials::make(&mut random));
    assert_ne!(a, b);
    assert_eq!(Credentials::new(a.ufrag(), a.password()), Ok(a.clone()));
    assert!(!format!("{a:?}").contains(a.password()));
}

#[test]
fn a_fingerprint_is_read_as_it_is_written() {
    let certificate = b"a certificate";
    let ours = Fingerprint::of(certificate);
    let text = ours.to_string();
    assert!(text.starts_with("sha-256 ") && text.len() == 8 + 32 * 3 - 1, "{text}");
    assert_eq!(text.parse(), Ok(ours.clone()));
    assert_eq!(text.to_lowercase().parse(), Ok(ours.clone()));
    assert!(ours.fits(certificate) && !ours.fits(b"another"));
}

#[test]
fn a_fingerprint_that_proves_nothing_is_refused() {
    let digits = |count: usize| vec!["AB"; count].join(":");
    for (text, error) in [
        (format!("sha-1 {}", digits(20)), TextError::WeakFunction),
        (format!("md5 {}", digits(16)), TextError::WeakFunction),
        (format!("sha-256 {}", digits(31)), TextError::Length("fingerprint")),
        (format!("sha-512 {}", digits(32)), TextError::Length("fingerprint")),
        ("sha-256 +1:+2".to_owned(), TextError::Value("fingerprint")),
        ("sha-256".to_owned(), TextError::Missing("fingerprint")),
    ] {
        assert_eq!(text.parse::<Fingerprint>(), Err(error), "{text}");
    }
    assert!(format!("sha-384 {}", digits(48)).parse::<Fingerprint>().is_ok());
}
