//! Where the database of a node is, and what its secrets are sealed with. Not here: what is in it (the crate `database`).

use crate::encoding::from_hex;
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};
use patchcord_control::ids::Tenant;
use patchcord_database::{Database, Error, TenantId};
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

/// Bytes of the key that seals secrets.
const KEY_BYTES: usize = 32;

/// The database of a node.
#[derive(Debug, Clone)]
pub struct DatabaseConfig {
    /// `sqlite:` and the path of a file, or `postgres://…`.
    pub url: String,
    /// Seals what tenants keep secret; without it they can keep nothing secret.
    pub sealing: Option<SealingKey>,
    /// The folder where compiled modules are kept, an absolute path; none: every start compiles them again.
    pub code_cache: Option<PathBuf>,
}

/// Seals the secrets of tenants (AES-256-GCM): whoever has the database alone has none of them.
#[derive(Clone)]
pub struct SealingKey {
    seals: Arc<LessSafeKey>,
    /// Signs links; derived, so that nothing that is sealed hangs on it.
    links: [u8; KEY_BYTES],
}

/// What the key of links is derived for (RFC 5869 section 3.2).
const LINKS: &[u8] = b"patchcord links 1";

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealingKey")
    }
}

impl SealingKey {
    /// Reads 64 hex digits: 256 random bits.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = from_hex::<KEY_BYTES>(text)?;
        let key = UnboundKey::new(&AES_256_GCM, &bytes).ok()?;
        let mut links = [0; KEY_BYTES];
        let derived = Salt::new(HKDF_SHA256, &[]).extract(&bytes);
        let filled = derived
            .expand(&[LINKS], HKDF_SHA256)
            .and_then(|okm| okm.fill(&mut links));
        filled.expect("one block of the function is asked for");
        Some(Self {
            seals: Arc::new(LessSafeKey::new(key)),
            links,
        })
    }

    /// What signs links to recordings: the same at each start, and on every node that has this key.
    pub(crate) fn links(&self) -> [u8; KEY_BYTES] {
        self.links
    }

    /// Seals a tenant's secret of this name; it opens under no other.
    ///
    /// # Errors
    /// The system has no randomness.
    pub(crate) fn seal(&self, (tenant, name): (&Tenant, &str), value: &str) -> Result<Vec<u8>, getrandom::Error> {
        let mut nonce = [0; NONCE_LEN];
        getrandom::fill(&mut nonce)?;
        let mut sealed = value.as_bytes().to_vec();
        let place = Aad::from(place(tenant, name));
        let tag = self
            .seals
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), place, &mut sealed);
        tag.expect("a secret is shorter than what this cipher can seal");
        Ok([&nonce[..], &sealed].concat())
    }

    /// Opens it; none if it was sealed with another key or for another place.
    pub(crate) fn open(&self, (tenant, name): (&Tenant, &str), sealed: &[u8]) -> Option<String> {
        let (nonce, rest) = sealed.split_first_chunk::<NONCE_LEN>()?;
        let mut opened = rest.to_vec();
        let place = Aad::from(place(tenant, name));
        let opened = self
            .seals
            .open_in_place(Nonce::assume_unique_for_key(*nonce), place, &mut opened);
        String::from_utf8(opened.ok()?.to_vec()).ok()
    }
}

fn place(tenant: &Tenant, name: &str) -> Vec<u8> {
    format!("{}\n{name}", tenant.0).into_bytes()
}

/// A tenant as the database names it.
///
/// # Errors
/// A name that no tenant of the database can have.
pub(crate) fn tenant_id(tenant: &Tenant) -> Result<TenantId, Error> {
    TenantId::new(&tenant.0)
}

/// Makes sure that the tenants of the configuration are in the database.
pub(crate) async fn with_tenants(database: &Database, tenants: &[Tenant], now: i64) -> Result<(), Error> {
    for tenant in tenants {
        let id = tenant_id(tenant)?;
        match patchcord_database::tenants::create(database, &id, &tenant.0, now).await {
            Ok(()) | Err(Error::Exists(_)) => {}
            Err(other) => return Err(other),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
