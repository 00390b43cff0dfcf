//! Secrets of handlers: `[[secret]]` gives each a name, and a handler is given those that it names.
//!
//! ```toml
//! [[secret]]
//! name = "crm-token"
//! value = "env:CRM_TOKEN"          # or the secret itself, or "file:crm.token"
//!
//! [[handler]]
//! name = "office"
//! module = "office.wasm"
//! secrets = ["crm-token"]
//! ```

use super::reader::{ConfigError, Table};
use super::{NAME, name, tenant};
use patchcord_control::grants::{Grants, SECRET_BYTES_MIN, SECRETS_MAX};
use patchcord_control::ids::Tenant;
use patchcord_control::private::Private;
use std::collections::BTreeMap;

/// The secrets of the file, by tenant and name.
pub(super) struct Secrets(BTreeMap<(Tenant, String), Private<String>>);

impl Secrets {
    pub(super) fn read(root: &Table<'_>) -> Result<Self, ConfigError> {
        let mut all = BTreeMap::new();
        for table in root.sections("secret", &["name", "tenant", "value"])? {
            let place = (tenant(&table)?, table.required("name", NAME, name)?);
            let right = format!("it is missing: give {SECRET_BYTES_MIN} bytes or more, \"env:NAME\" or \"file:PATH\"");
            let value = table.secret("value")?.ok_or_else(|| table.wrong("value", &right))?;
            if Grants::default().with_secret(&place.1, &value).is_err() {
                let right = format!(
                    "this can be no secret of a handler: give {SECRET_BYTES_MIN} signs of ASCII or more, or it cannot be kept \
                     out of logs"
                );
                return Err(table.wrong("value", &right));
            }
            if all.insert(place, value.into()).is_some() {
                return Err(table.wrong("name", "a tenant has one secret of each name"));
            }
        }
        Ok(Self(all))
    }

    /// What the table of a handler grants it.
    pub(super) fn granted(&self, handler: &Table<'_>, whose: &Tenant) -> Result<Grants, ConfigError> {
        let names = handler.parsed_list("secrets", "the name of a [[secret]] of its tenant", |text| {
            let place = (whose.clone(), name(text)?);
            self.0.get_key_value(&place)
        })?;
        if names.len() > SECRETS_MAX {
            return Err(handler.wrong("secrets", &format!("give at most {SECRETS_MAX} of them")));
        }
        let mut grants = Grants::default();
        for ((_, name), value) in names {
            grants = grants
                .with_secret(name, value.reveal())
                .map_err(|_| handler.wrong("secrets", "one of them can be none"))?;
        }
        Ok(grants)
    }
}

#[cfg(test)]
mod tests;
