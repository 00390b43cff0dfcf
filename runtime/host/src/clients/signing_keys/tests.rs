//! Keys of the configuration and of a database: which make tokens, and what becomes of their tokens when they are revoked.

use super::*;
use crate::api::KeyHash;
use crate::clients::{key_id, public_key, testing};
use crate::testing::Folder;
use patchcord_control::ids::Tenant;
use patchcord_database::TenantId;
use patchcord_database::tenants::{self, TenantState};

const KEPT: &str = "pck_in_the_database";
const FIXED: &str = "pck_in_the_configuration";

fn minted(api_key: &str, tenant: &str) -> String {
    testing::minted(api_key, tenant, None)
}

fn fixed(scopes: &[Scope]) -> ApiKey {
    ApiKey {
        name: "fixed".to_owned(),
        tenant: Tenant("acme".to_owned()),
        scopes: scopes.to_vec(),
        token_key: Some(public_key(FIXED)),
        hash: KeyHash::of(FIXED),
    }
}

fn kept(token_key: Option<[u8; 32]>, scopes: Vec<Stored>) -> keys::NewKey {
    let hash = KeyHash::of(KEPT);
    keys::NewKey {
        id: key_id(&hash),
        hash: *hash.bytes(),
        name: "kept".to_owned(),
        scopes,
        expires_at: None,
        token_key,
    }
}

/// A database with the key in it, and whoever asks it.
async fn with(key: keys::NewKey) -> (Folder, Database, Arc<SigningKeys>) {
    let folder = Folder::new("tokens");
    let file = folder.path().join("node.db");
    let database = Database::open(&format!("sqlite:{}", file.display()))
        .await
        .expect("opened");
    let tenant = TenantId::new("acme").expect("a name");
    tenants::create(&database, &tenant, "Acme", 1).await.expect("a tenant");
    keys::create(&database, &tenant, &key, 1).await.expect("a key");
    let (signing, questions) = signing_keys(&[]);
    tokio::spawn(answer(questions, database.clone()));
    (folder, database, signing)
}

#[tokio::test]
async fn a_key_of_the_configuration_makes_tokens_if_it_has_the_scope() {
    let (keys, _questions) = signing_keys(&[fixed(&Scope::USUAL)]);
    assert!(keys.check(&minted(FIXED, "acme")).await.is_ok());
    assert_eq!(
        keys.check(&minted(FIXED, "globex")).await,
        Err(TokenError::ForeignTenant)
    );
    let (keys, questions) = signing_keys(&[fixed(&[Scope::Read])]);
    assert_eq!(keys.check(&minted(FIXED, "acme")).await, Err(TokenError::KeyMayNotMint));
    drop(questions);
    assert_eq!(
        keys.check(&minted("pck_unknown", "acme")).await,
        Err(TokenError::UnknownKey)
    );
}

#[tokio::test]
async fn a_key_of_the_database_makes_tokens_until_it_is_revoked() {
    let (_folder, database, signing) = with(kept(Some(public_key(KEPT)), vec![Stored::Clients])).await;
    let token = signing.check(&minted(KEPT, "acme")).await.expect("it is good");
    assert!(signing.still_counts(&token).await);
    let tenant = TenantId::new("acme").expect("a name");
    keys::revoke(&database, &tenant, &token.kid, 1, 5)
        .await
        .expect("revoked");
    assert_eq!(signing.check(&minted(KEPT, "acme")).await, Err(TokenError::KeyRevoked));
    // The answer of a moment ago is forgotten as it would be ten seconds later.
    signing.remembered().clear();
    assert!(!signing.still_counts(&token).await);
}

#[tokio::test]
async fn a_key_from_before_tokens_and_one_without_the_scope_make_none() {
    let (_folder, _database, signing) = with(kept(None, vec![Stored::Clients])).await;
    assert_eq!(
        signing.check(&minted(KEPT, "acme")).await,
        Err(TokenError::KeyWithoutTokens)
    );
    let (_folder, _database, signing) = with(kept(Some(public_key(KEPT)), vec![Stored::Admin])).await;
    assert_eq!(
        signing.check(&minted(KEPT, "acme")).await,
        Err(TokenError::KeyMayNotMint)
    );
}

#[tokio::test]
async fn a_suspended_tenant_has_no_tokens() {
    let (_folder, database, signing) = with(kept(Some(public_key(KEPT)), vec![Stored::Clients])).await;
    let tenant = TenantId::new("acme").expect("a name");
    let revision = tenants::get(&database, &tenant).await.expect("it").revision;
    tenants::update(&database, &tenant, revision, "Acme", TenantState::Suspended)
        .await
        .expect("suspended");
    assert_eq!(signing.check(&minted(KEPT, "acme")).await, Err(TokenError::KeyRevoked));
}
