//! The recogniser that the operator names, as far as it is a WebSocket server: how it is reached. Not here: what is said to it.

use super::client::{Client, Socket};
use crate::certificates::{CertificateError, Certificates, TlsFiles};
use crate::recognition::RecogniserServer;
use hickory_resolver::TokioResolver;
use patchcord_switch::stream::Failure;

/// The way to a recogniser.
pub(crate) struct LiveRecogniser {
    client: Client,
    server: RecogniserServer,
    /// Of what names none.
    pub(crate) language: String,
}

impl LiveRecogniser {
    /// # Errors
    /// Authorities that cannot be read.
    pub(crate) fn new(
        server: RecogniserServer,
        language: &str,
        resolver: Option<TokioResolver>,
    ) -> Result<Self, CertificateError> {
        let files = TlsFiles {
            roots: server.roots.clone(),
            ..TlsFiles::default()
        };
        Ok(Self {
            client: Client::new(resolver, Certificates::load(files)?.client()),
            server,
            language: language.to_owned(),
        })
    }

    /// Opens a connection.
    pub(crate) async fn open(&self) -> Result<Socket, Failure> {
        self.client.open(&self.server.url, &self.server.headers).await
    }
}
