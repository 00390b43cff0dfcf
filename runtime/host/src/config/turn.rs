//! The section `[turn]`: servers beside the node that help the sound of clients through networks in the way. Clients are told of them
//! when they sign in, with credentials of their own.
//!
//! ```toml
//! [turn]
//! urls = ["stun:turn.example.com", "turn:turn.example.com", "turns:turn.example.com:443?transport=tcp"]
//! secret = "env:TURN_SECRET"       # what coturn has as static-auth-secret, with use-auth-secret
//! ```

use super::reader::{ConfigError, Table};
use crate::clients::{IceServers, IceServersError, IceUrl};

/// The keys there are.
pub(super) const KEYS: &[&str] = &["urls", "secret"];

/// Reads the section.
pub(super) fn read(section: &Table<'_>, has_browsers: bool) -> Result<IceServers, ConfigError> {
    let right = "addresses such as \"turn:turn.example.com\" or \"turns:turn.example.com:443?transport=tcp\"";
    let urls = section.parsed_list("urls", right, IceUrl::parse)?;
    if !urls.is_empty() && !has_browsers {
        return Err(section.wrong("urls", "it says nothing without [media] browser_port: give that too"));
    }
    IceServers::new(urls, section.secret("secret")?).map_err(|why| {
        let key = match why {
            IceServersError::TooMany => "urls",
            IceServersError::NoSecret | IceServersError::NoTurn => "secret",
        };
        section.wrong(key, &why.to_string())
    })
}
