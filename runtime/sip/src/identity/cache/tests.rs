//! Time to live, failures, and what goes when it is full.

use super::*;
use crate::identity::tests::{chain, url};
use crate::tests::start;

const SECOND: Duration = Duration::from_secs(1);

fn cache(entries: usize) -> CertificateCache {
    CertificateCache::new(CacheLimits {
        entries,
        ttl: 100 * SECOND,
        failure_ttl: 10 * SECOND,
    })
}

#[test]
fn good_for_long_and_bad_for_short() {
    let (mut cache, now) = (cache(9), start());
    let (good, bad) = (url("https://a.example/c"), url("https://b.example/c"));
    assert!(cache.get(&good, now).is_none());
    cache.insert(good.clone(), Ok(chain()), now);
    cache.insert(bad.clone(), Err(Reason::Fetch), now);
    assert!(cache.get(&good, now + 99 * SECOND).unwrap().is_ok());
    assert!(cache.get(&good, now + 100 * SECOND).is_none());
    assert_eq!(cache.get(&bad, now + 9 * SECOND).unwrap().unwrap_err(), Reason::Fetch);
    assert!(cache.get(&bad, now + 10 * SECOND).is_none());
    cache.insert(bad.clone(), Ok(chain()), now + 5 * SECOND);
    assert!(cache.get(&bad, now + 10 * SECOND).unwrap().is_ok());
}

#[test]
fn a_flood_of_failures_leaves_the_good_ones() {
    let (mut cache, now) = (cache(3), start());
    let good = url("https://a.example/c");
    cache.insert(good.clone(), Ok(chain()), now);
    for at in 0..50 {
        cache.insert(url(&format!("https://b.example/{at}")), Err(Reason::Fetch), now);
        assert!(cache.len() <= 3);
    }
    assert!(cache.get(&good, now).is_some());
}

#[test]
fn expired_ones_make_room_first() {
    let (mut cache, now) = (cache(2), start());
    cache.insert(url("https://a.example/c"), Err(Reason::Fetch), now);
    cache.insert(url("https://b.example/c"), Ok(chain()), now);
    cache.insert(url("https://c.example/c"), Ok(chain()), now + 20 * SECOND);
    assert_eq!(cache.len(), 2);
    assert!(cache.get(&url("https://b.example/c"), now + 20 * SECOND).is_some());
    let mut none = super::CertificateCache::new(CacheLimits {
        entries: 0,
        ..CacheLimits::default()
    });
    none.insert(url("https://a.example/c"), Ok(chain()), now);
    none.insert(url("https://b.example/c"), Ok(chain()), now);
    assert_eq!(none.len(), 1);
}
