//! The console beside `dev`: each call's page, live, by a link that signs in with a key of this run.

use super::TENANT;
use anyhow::{Context, Result, anyhow};
use patchcord_control::ids::{CallId, Tenant};
use patchcord_host::clients::public_key;
use patchcord_host::{ApiConfig, ApiKey, DatabaseConfig, Scope, new_key, usual_outbound};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};

/// Files of traces that are kept, and their bytes.
pub(crate) const TRACES_KEPT: usize = 200;
pub(crate) const TRACES_BYTES: u64 = 50 * 1024 * 1024;
/// Opens an address in the browser of whoever works here.
const OPENER: &str = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };

/// Who may look, and where.
pub(crate) struct Page {
    key: String,
    address: SocketAddr,
}

impl Page {
    /// A key of its own for this run, and the API that knows it. What is deployed there is kept in this file.
    ///
    /// # Errors
    /// There are no random bytes, or the folder of the file cannot be made.
    pub(crate) fn new(listen: SocketAddr, kept: &Path) -> Result<(Self, ApiConfig)> {
        let folder = kept.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
        let (key, hash) = new_key().map_err(|why| anyhow!("the system gives no random bytes: {why}"))?;
        let tenant = Tenant(TENANT.to_owned());
        let config = ApiConfig {
            listen,
            tls: None,
            keys: vec![ApiKey {
                name: "dev".to_owned(),
                tenant: tenant.clone(),
                scopes: Scope::USUAL.to_vec(),
                hash,
                token_key: Some(public_key(&key)),
            }],
            outbound: usual_outbound(),
            database: DatabaseConfig {
                url: format!("sqlite:{}", kept.display()),
                sealing: None,
                code_cache: None,
            },
            home: tenant,
            caller_ids: None,
        };
        Ok((Self { key, address: listen }, config))
    }

    /// It is served here.
    pub(crate) fn at(self, address: SocketAddr) -> Self {
        Self { address, ..self }
    }

    /// Where the API is.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Shows the calls, and knows whoever follows it.
    pub(crate) fn link(&self) -> String {
        format!("http://{}/#/sign-in/{}", self.address, self.key)
    }

    /// The telephone, and knows whoever follows it.
    pub(crate) fn phone(&self) -> String {
        format!("{}/phone", self.link())
    }

    /// The page of a call, for whoever has followed [`Page::link`].
    pub(crate) fn of(&self, call: CallId) -> String {
        format!("http://{}/#/calls/{call}", self.address)
    }

    /// Shows the calls in the browser.
    ///
    /// # Errors
    /// There is no program that opens addresses.
    pub(crate) fn open(&self) -> Result<()> {
        let mut opener = Command::new(OPENER);
        opener
            .arg(self.link())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let opened = opener.spawn().map(drop);
        opened.with_context(|| format!("{OPENER} cannot be run; open the address of the line \"page\" yourself"))
    }
}
