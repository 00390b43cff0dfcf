//! Certificates of all ages, made for the purpose.

use super::*;
use rcgen::{CertificateParams, KeyPair, date_time_ymd};

fn certificate(from: (i32, u8, u8), until: (i32, u8, u8)) -> String {
    let mut params = CertificateParams::new(vec!["sip.example.com".to_owned()]).unwrap();
    params.not_before = date_time_ymd(from.0, from.1, from.2);
    params.not_after = date_time_ymd(until.0, until.1, until.2);
    params.self_signed(&KeyPair::generate().unwrap()).unwrap().pem()
}

fn looked_at(pem: &str, now: i64) -> Verdict {
    static NEXT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    let number = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let file = std::env::temp_dir().join(format!("patchcord-doctor-{}-{number}.pem", std::process::id()));
    std::fs::write(&file, pem).unwrap();
    let finding = chain(&file, now);
    std::fs::remove_file(&file).unwrap();
    finding.verdict
}

#[test]
fn dates_are_read_in_both_their_forms() {
    assert_eq!(time(0x17, b"700101000000Z"), Some(0));
    assert_eq!(time(0x17, b"261127054159Z"), Some(1_795_758_119));
    assert_eq!(
        time(0x18, b"20500229120000Z"),
        time(0x18, b"20500301120000Z"),
        "a day too many is the next"
    );
    assert_eq!(time(0x18, b"20000229235959Z"), Some(951_868_799));
    assert_eq!(time(0x17, b"2611270541Z"), None);
    assert_eq!(time(0x17, b"26112705415\xff"), None);
}

#[test]
fn a_certificate_holds_ends_soon_has_ended_or_has_not_begun() {
    let pem = certificate((2026, 1, 1), (2027, 1, 1));
    let at = |year, month, day| days_to(year, month, day) * DAY + 1;
    assert_eq!(looked_at(&pem, at(2026, 6, 1)), Verdict::Fine);
    assert!(matches!(looked_at(&pem, at(2026, 12, 25)), Verdict::Note(note) if note.contains("6 days")));
    assert!(
        matches!(looked_at(&pem, at(2027, 1, 11)), Verdict::Wrong(why) if why.contains("10 days ago") || why.contains("11 days ago"))
    );
    assert!(matches!(looked_at(&pem, at(2025, 12, 31)), Verdict::Wrong(why) if why.contains("clock")));
    // Of a chain the one that ends first counts; years from 2050 on are written otherwise.
    let both = certificate((2026, 1, 1), (2060, 1, 1)) + &certificate((2026, 1, 1), (2026, 5, 1));
    assert!(matches!(looked_at(&both, at(2026, 6, 1)), Verdict::Wrong(_)));
    assert_eq!(
        looked_at(&certificate((2026, 1, 1), (2060, 1, 1)), at(2026, 6, 1)),
        Verdict::Fine
    );
}

#[test]
fn what_is_no_certificate_is_told_as_that() {
    for text in [
        "",
        "no PEM at all",
        "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n",
    ] {
        let found = looked_at(text, 0);
        assert!(
            matches!(&found, Verdict::Wrong(why) if why.contains("give a PEM file")),
            "{text}: {found:?}"
        );
    }
    let der = CertificateDer::from_pem_slice(certificate((2026, 1, 1), (2027, 1, 1)).as_bytes()).unwrap();
    for end in 0..der.len().min(200) {
        // Whatever is cut off: none, and no panic.
        let _ = period(&der[..end]);
    }
}
