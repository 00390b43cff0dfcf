//! TLS on a connection, both sides (RFC 5246, RFC 8446; RFC 3261 26.3.1, RFC 5922 for the names). Which certificates: see
//! [`Certificates`].

use crate::certificates::Certificates;
use rustls::pki_types::ServerName;
use std::net::SocketAddr;
use tokio::net::TcpStream;
use tokio_rustls::client;
use tokio_rustls::server;
use tokio_rustls::{TlsAcceptor, TlsConnector};

/// The handshake of a peer that connected.
pub(super) async fn accept(certificates: &Certificates, stream: TcpStream) -> Option<server::TlsStream<TcpStream>> {
    let config = certificates.server()?;
    TlsAcceptor::from(config).accept(stream).await.ok()
}

/// The same for what speaks HTTP: a secure WebSocket, a browser.
pub(crate) async fn accept_websocket(
    certificates: &Certificates,
    stream: TcpStream,
) -> Option<server::TlsStream<TcpStream>> {
    let config = certificates.websocket()?;
    TlsAcceptor::from(config).accept(stream).await.ok()
}

/// The handshake with a peer that we connected to. It must prove `name`, or its address if there is none.
pub(super) async fn connect(
    certificates: &Certificates,
    stream: TcpStream,
    peer: SocketAddr,
    name: Option<&str>,
) -> Option<client::TlsStream<TcpStream>> {
    let name = match name {
        Some(name) => ServerName::try_from(name.to_owned()).ok()?,
        None => ServerName::from(peer.ip().to_canonical()),
    };
    let config = certificates.client();
    match TlsConnector::from(config).connect(name, stream).await {
        Ok(stream) => Some(stream),
        Err(error) => {
            // Names no host: rustls says what was wrong with the certificate.
            tracing::warn!(reason = %reason(&error), "a TLS peer is not trusted");
            None
        }
    }
}

/// What was wrong, without the names that a certificate holds or lacks.
fn reason(error: &std::io::Error) -> String {
    use rustls::{CertificateError, Error};
    let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
    match tls {
        Some(Error::InvalidCertificate(CertificateError::NotValidForNameContext { .. })) => {
            "its certificate is for another name".to_owned()
        }
        Some(Error::InvalidCertificate(
            CertificateError::ExpiredContext { .. } | CertificateError::NotValidYetContext { .. },
        )) => "its certificate is expired or not valid yet".to_owned(),
        Some(Error::InvalidCertificate(why)) => format!("its certificate does not hold: {why:?}"),
        Some(other) => other.to_string(),
        None => error.kind().to_string(),
    }
}
