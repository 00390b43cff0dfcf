//! The connection to the servers: how it is made, kept, and why it could not be made. The client reconnects by itself, for ever.

use crate::config::{Certificate, Config, Credentials};
use crate::names::Names;
use crate::state::Link;
use crate::{JoinError, limits};
use async_nats::rustls::pki_types::pem::PemObject as _;
use async_nats::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use async_nats::{Client, ConnectError, ConnectErrorKind, ConnectOptions, Event, ServerAddr, rustls};
use std::error::Error as _;
use std::path::Path;
use std::time::Duration;
use tokio::sync::watch;

/// How long one server may take to be connected to.
const CONNECT_PATIENCE: Duration = Duration::from_secs(5);
/// The longest pause between two attempts to reconnect.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// The oldest server that is worked with, as crates that count on it ask for.
const OLDEST_SERVER: (i64, i64) = (2, 11);

/// Connects, and says why not.
pub(crate) async fn connect(
    config: &Config,
    names: &Names,
    servers: Vec<ServerAddr>,
) -> Result<(Client, watch::Receiver<Link>), JoinError> {
    readable(config).await?;
    let (told, link) = watch::channel(Link::default());
    let spread = spread(config);
    let mut options = ConnectOptions::new()
        .name(config.node.as_str())
        .require_tls(true)
        .add_root_certificates(config.tls.roots.clone())
        .custom_inbox_prefix(names.inbox())
        .connection_timeout(CONNECT_PATIENCE)
        .request_timeout(Some(limits::STORE_PATIENCE))
        .subscription_capacity(limits::WAITING_MESSAGES)
        // Two pings without an answer are the end of a connection: it is noticed within a lease.
        .ping_interval(config.renewal())
        .reconnect_delay_callback(move |attempts| pause(attempts, spread))
        .event_callback(move |event| {
            told.send_modify(|link| note(link, event));
            std::future::ready(())
        });
    if let Some(Certificate { chain, key }) = &config.tls.certificate {
        options = options.add_client_certificate(chain.clone(), key.clone());
    }
    if let Credentials::Password { user, password } = &config.credentials {
        options = options.user_and_password(user.clone(), password.clone());
    }
    let named = named(&servers);
    let client = options
        .connect(servers)
        .await
        .map_err(|error| why(&error, named.clone(), config.credentials.user()))?;
    fit(&client, named)?;
    let mut connected = link.clone();
    let _ = connected.wait_for(|link| link.connected).await;
    Ok((client, link))
}

/// What an event of the client says of the connection.
fn note(link: &mut Link, event: Event) {
    match event {
        Event::Connected => {
            link.connected = true;
            link.connects += 1;
        }
        Event::Disconnected | Event::Closed => link.connected = false,
        Event::ServerError(error) => link.refused = Some(error.to_string()),
        Event::SlowConsumer(_) | Event::ClientError(_) | Event::LameDuckMode | Event::Draining => {}
    }
}

/// Doubles from a tenth of a second; nodes that lost the same server come back one after the other.
fn pause(attempts: usize, spread: Duration) -> Duration {
    if attempts <= 1 {
        return Duration::ZERO;
    }
    let doubled = Duration::from_millis(100 << attempts.min(7));
    doubled.min(LONGEST_PAUSE) + spread
}

/// Up to a quarter of a second, by the node's name.
fn spread(config: &Config) -> Duration {
    let sum = config
        .node
        .as_str()
        .bytes()
        .fold(0_u64, |sum, byte| sum * 31 % 251 + u64::from(byte));
    Duration::from_millis(sum % 251)
}

pub(crate) fn named(servers: &[ServerAddr]) -> String {
    let named: Vec<String> = servers
        .iter()
        .map(|server| format!("{}:{}", server.host(), server.port()))
        .collect();
    named.join(", ")
}

/// The files are there and hold what they are to hold. The client reads them again, but says less.
async fn readable(config: &Config) -> Result<(), JoinError> {
    let roots = read(&config.tls.roots).await?;
    let authorities = CertificateDer::pem_slice_iter(&roots).filter(Result::is_ok).count();
    if authorities == 0 {
        return Err(file(&config.tls.roots, "holds no certificate in PEM"));
    }
    let Some(Certificate { chain, key }) = &config.tls.certificate else {
        return Ok(());
    };
    if CertificateDer::from_pem_slice(&read(chain).await?).is_err() {
        return Err(file(chain, "holds no certificate in PEM"));
    }
    if PrivateKeyDer::from_pem_slice(&read(key).await?).is_err() {
        return Err(file(key, "holds no private key in PEM"));
    }
    Ok(())
}

async fn read(path: &Path) -> Result<Vec<u8>, JoinError> {
    tokio::fs::read(path)
        .await
        .map_err(|error| file(path, &error.to_string()))
}

fn file(path: &Path, why: &str) -> JoinError {
    JoinError::File {
        path: path.display().to_string(),
        why: why.to_owned(),
    }
}

/// The client's error in our words: who did what.
fn why(error: &ConnectError, servers: String, user: &str) -> JoinError {
    if let Some(tls) = tls_error(error) {
        return JoinError::Untrusted { servers, why: tls };
    }
    let unreachable = |why: String| JoinError::Unreachable {
        servers: servers.clone(),
        why,
    };
    match error.kind() {
        ConnectErrorKind::Authentication | ConnectErrorKind::AuthorizationViolation => JoinError::Refused {
            servers: servers.clone(),
            user: user.to_owned(),
        },
        ConnectErrorKind::Tls => JoinError::Untrusted {
            servers: servers.clone(),
            why: innermost(error),
        },
        ConnectErrorKind::TimedOut => unreachable(format!("it did not answer within {CONNECT_PATIENCE:?}")),
        ConnectErrorKind::Dns => unreachable(format!("its name is not known ({})", innermost(error))),
        _ => unreachable(innermost(error)),
    }
}

/// What TLS found wrong, wherever in the chain of causes it stands.
fn tls_error(error: &ConnectError) -> Option<String> {
    let mut cause = error.source();
    while let Some(error) = cause {
        if let Some(found) = error.downcast_ref::<rustls::Error>() {
            return Some(found.to_string());
        }
        let inside = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        if let Some(found) = inside.and_then(|inside| inside.downcast_ref::<rustls::Error>()) {
            return Some(found.to_string());
        }
        cause = error.source();
    }
    None
}

fn innermost(error: &ConnectError) -> String {
    let mut innermost: &dyn std::error::Error = error;
    while let Some(cause) = innermost.source() {
        innermost = cause;
    }
    innermost.to_string()
}

/// Whether the server is new enough and takes messages as long as ours.
fn fit(client: &Client, server: String) -> Result<(), JoinError> {
    let (major, minor) = OLDEST_SERVER;
    if !client.is_server_compatible(major, minor, 0) {
        return Err(JoinError::Unfit {
            server,
            has: format!("version {}", client.server_info().version),
            needs: format!("at least {major}.{minor}"),
        });
    }
    if client.max_payload() < limits::LONGEST_MESSAGE {
        return Err(JoinError::Unfit {
            server,
            has: format!("max_payload {}", client.max_payload()),
            needs: format!("at least {}", limits::LONGEST_MESSAGE),
        });
    }
    Ok(())
}
