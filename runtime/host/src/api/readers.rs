//! Who reads events and log lines as they come: each holds a connection for as long as it likes, so there are places for so many, and
//! for so many of one tenant, that others find one too.

use super::problem::{Code, Problem};
use patchcord_control::ids::Tenant;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Readers at the same time.
const READERS: usize = 384;
/// Of these, of one tenant.
const READERS_OF_TENANT: usize = 64;

/// The places that are taken, by tenant.
#[derive(Debug, Clone, Default)]
pub(super) struct Readers(Arc<Mutex<HashMap<Tenant, usize>>>);

/// A place, until it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    readers: Readers,
    tenant: Tenant,
}

impl Readers {
    /// Takes a place for a reader of a tenant.
    pub(super) fn enter(&self, tenant: &Tenant) -> Result<Place, Problem> {
        let mut taken = self.lock();
        let of_tenant = taken.get(tenant).copied().unwrap_or_default();
        if of_tenant >= READERS_OF_TENANT {
            let detail =
                format!("{READERS_OF_TENANT} connections of this tenant read events and logs, which is as many as may");
            return Err(Problem::new(Code::TooMany, detail));
        }
        if taken.values().sum::<usize>() >= READERS {
            let detail = format!("{READERS} connections read events and logs of this node, which is as many as may");
            return Err(Problem::new(Code::TooMany, detail));
        }
        taken.insert(tenant.clone(), of_tenant + 1);
        Ok(Place {
            readers: self.clone(),
            tenant: tenant.clone(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Tenant, usize>> {
        // Nothing is left half done in it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.readers.lock();
        if let Some(of_tenant) = taken.get_mut(&self.tenant) {
            *of_tenant -= 1;
            if *of_tenant == 0 {
                taken.remove(&self.tenant);
            }
        }
    }
}

#[cfg(test)]
mod tests;
