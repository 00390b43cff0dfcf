//! Answers that are kept for idempotency keys, when there are as many as may be.

use super::two_tenants;
use crate::idempotency::{self, Begun};

pub(super) async fn old_idempotency_keys_make_room(url: &str) {
    let (database, a, _) = two_tenants(url).await;
    let fill = "WITH RECURSIVE numbers (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM numbers WHERE number < $2) \
         INSERT INTO idempotency (tenant, key, request, status, expires_at) \
         SELECT $1, 'k' || number, $3, 200, 1000 + number FROM numbers";
    let mut transaction = database.begin().await.expect("begun");
    let values = crate::value::values![&a, idempotency::IDEMPOTENCY_KEYS_MAX, &[1_u8; 32][..]];
    transaction.execute(fill, values).await.expect("as many as may be");
    transaction.commit().await.expect("committed");
    let begin = async |key: &str| idempotency::begin(&database, &a, (key, &[1; 32]), 2_000_000, 1).await;
    assert_eq!(begin("k1").await, Ok(Begun::Done(200, vec![])));
    assert_eq!(begin("one more").await, Ok(Begun::New));
    assert_eq!(begin("k1").await, Ok(Begun::New), "it made room");
    let newest = format!("k{}", idempotency::IDEMPOTENCY_KEYS_MAX);
    assert_eq!(begin(&newest).await, Ok(Begun::Done(200, vec![])));
    database.close().await;
}
