//! Quotas over the configuration.

use super::*;
use std::time::Instant;

fn quota(metric: &str, most: i64) -> Quota {
    Quota {
        metric: metric.to_owned(),
        most,
        revision: 1,
    }
}

#[test]
fn quotas_come_before_the_configuration_and_leave_it_as_it_was() {
    let usual = Limits {
        calls_at_once: Some(100),
        http_per_minute: Some(60),
        ..Limits::default()
    };
    let tenancy = Arc::new(Tenancy::new(Instant::now(), usual));
    let limits = TenantLimits::new(tenancy.clone());
    let tenant = Tenant("acme".to_owned());
    limits.set(&tenant, &[]);
    assert!(tenancy.find(&tenant).is_none(), "one without quotas takes no place");
    let every: Vec<_> = METRICS.iter().map(|metric| quota(metric, 7)).collect();
    limits.set(&tenant, &every);
    let all = tenancy.find(&tenant).expect("it has a share").limits();
    let seven = Limits {
        calls_at_once: Some(7),
        new_calls_per_second: Some(7),
        fuel_per_minute: Some(7),
        memory_bytes: Some(7),
        http_per_minute: Some(7),
        http_bytes_per_minute: Some(7),
        recording_bytes: Some(7),
    };
    assert_eq!(all, seven);
    assert_eq!(
        spend_per_day(&every),
        Some(Micros(7_000_000)),
        "in whole units of the currency"
    );
    assert_eq!(spend_per_day(&[quota("calls_at_once", 3)]), None);
    limits.set(&tenant, &[quota("calls_at_once", 3)]);
    let one = tenancy.find(&tenant).expect("it has a share").limits();
    assert_eq!(
        one,
        Limits {
            calls_at_once: Some(3),
            ..usual
        }
    );
    limits.set(&tenant, &[]);
    assert_eq!(tenancy.find(&tenant).expect("it has a share").limits(), usual);
}
