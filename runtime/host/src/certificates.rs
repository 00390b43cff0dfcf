//! Certificates, keys and authorities from files, loaded again when they change or on SIGHUP without harm to any
//! connection. A new file that does not hold is refused with one sentence, and the old ones stay. rustls with aws-lc; the
//! system's authorities where no file is named.

use rustls::client::WebPkiServerVerifier;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

/// Bytes of one file at most; a longer one is not read.
const FILE_BYTES: u64 = 4 * 1024 * 1024;

/// Which files.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TlsFiles {
    /// Our certificate with those that signed it, ours first, and its key; PEM. Needed to listen for TLS; shown to peers
    /// that ask when we connect.
    pub identity: Option<Identity>,
    /// Authorities one of which must have signed the certificate of whoever connects; none: nobody needs one.
    pub client_ca: Option<PathBuf>,
    /// Authorities one of which must have signed the certificate of whom we connect to; none: those of the system.
    pub roots: Option<PathBuf>,
}

/// Files of a certificate and its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The certificate with those that signed it.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

impl TlsFiles {
    fn all(&self) -> impl Iterator<Item = &Path> {
        let identity = self.identity.iter().flat_map(|pair| [&pair.certificate, &pair.key]);
        identity
            .chain(&self.client_ca)
            .chain(&self.roots)
            .map(PathBuf::as_path)
    }
}

/// What is wrong with a file, in one sentence.
#[derive(Debug)]
pub struct CertificateError {
    file: PathBuf,
    sentence: String,
}

impl fmt::Display for CertificateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.file.display(), self.sentence)
    }
}

impl std::error::Error for CertificateError {}

fn wrong(file: &Path, sentence: impl Into<String>) -> CertificateError {
    CertificateError {
        file: file.to_owned(),
        sentence: sentence.into(),
    }
}

/// What the files hold now.
pub(crate) struct Certificates {
    files: TlsFiles,
    loaded: Mutex<Loaded>,
}

struct Loaded {
    configs: Configs,
    /// What the files looked like before they were read.
    stamps: Vec<Option<Stamp>>,
}

/// For each kind of connection.
struct Configs {
    server: Option<Arc<ServerConfig>>,
    websocket: Option<Arc<ServerConfig>>,
    client: Arc<ClientConfig>,
}

/// By what a changed file is known.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stamp {
    modified: Option<SystemTime>,
    bytes: u64,
}

/// What came of loading again.
#[derive(Debug)]
pub(crate) enum Reload {
    /// The files are as they were.
    Same,
    /// New connections use the new ones.
    Done,
    /// The old ones stay.
    Refused(CertificateError),
}

/// When to load again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    /// If a file looks other than before.
    Changed,
    /// In any case.
    Always,
}

impl Certificates {
    /// Loads all files.
    ///
    /// # Errors
    /// The first file that does not hold.
    pub(crate) fn load(files: TlsFiles) -> Result<Self, CertificateError> {
        let loaded = Loaded {
            stamps: stamps(&files),
            configs: configs(&files)?,
        };
        Ok(Self {
            files,
            loaded: Mutex::new(loaded),
        })
    }

    /// Loads the files again. Blocks for as long as the file system does.
    pub(crate) fn reload(&self, when: When) -> Reload {
        let stamps = stamps(&self.files);
        if when == When::Changed && stamps == self.loaded().stamps {
            return Reload::Same;
        }
        let configs = configs(&self.files);
        let mut loaded = self.loaded();
        // A file that is wrong is looked at again when it changes again.
        loaded.stamps = stamps;
        match configs {
            Ok(configs) => {
                loaded.configs = configs;
                Reload::Done
            }
            Err(why) => Reload::Refused(why),
        }
    }

    /// For peers that connect; none without a certificate.
    pub(crate) fn server(&self) -> Option<Arc<ServerConfig>> {
        self.loaded().configs.server.clone()
    }

    /// For browsers that connect; none without a certificate.
    pub(crate) fn websocket(&self) -> Option<Arc<ServerConfig>> {
        self.loaded().configs.websocket.clone()
    }

    /// For peers that we connect to.
    pub(crate) fn client(&self) -> Arc<ClientConfig> {
        self.loaded().configs.client.clone()
    }

    fn loaded(&self) -> MutexGuard<'_, Loaded> {
        self.loaded.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn stamps(files: &TlsFiles) -> Vec<Option<Stamp>> {
    let stamp = |file: &Path| {
        let found = std::fs::metadata(file).ok()?;
        Some(Stamp {
            modified: found.modified().ok(),
            bytes: found.len(),
        })
    };
    files.all().map(stamp).collect()
}

fn configs(files: &TlsFiles) -> Result<Configs, CertificateError> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let identity = match &files.identity {
        Some(pair) => Some((pair, certified(pair, &provider)?)),
        None => None,
    };
    let server = match &identity {
        Some((pair, key)) => Some(server(pair, key, files.client_ca.as_deref(), &provider)?),
        None => None,
    };
    let websocket = server.as_ref().map(|server| {
        let mut config = ServerConfig::clone(server);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Arc::new(config)
    });
    let client = client(files.roots.as_deref(), identity.map(|(_, key)| key), &provider)?;
    Ok(Configs {
        server,
        websocket,
        client,
    })
}

fn server(
    pair: &Identity,
    key: &Arc<CertifiedKey>,
    client_ca: Option<&Path>,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<ServerConfig>, CertificateError> {
    let builder = ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|why| wrong(&pair.certificate, why.to_string()))?;
    let builder = match client_ca {
        None => builder.with_no_client_auth(),
        Some(file) => {
            let roots = Arc::new(authorities(file)?);
            let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider.clone()).build();
            builder.with_client_cert_verifier(verifier.map_err(|why| wrong(file, why.to_string()))?)
        }
    };
    let resolver = SingleCertAndKey::from(key.clone());
    Ok(Arc::new(builder.with_cert_resolver(Arc::new(resolver))))
}

fn client(
    roots: Option<&Path>,
    key: Option<Arc<CertifiedKey>>,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<ClientConfig>, CertificateError> {
    let file = roots.unwrap_or(Path::new("the system's authorities"));
    let trusted = match roots {
        Some(file) => authorities(file)?,
        None => system(),
    };
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|why| wrong(file, why.to_string()))?;
    let builder = if trusted.is_empty() {
        builder.with_root_certificates(trusted)
    } else {
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(trusted), provider.clone()).build();
        builder.with_webpki_verifier(verifier.map_err(|why| wrong(file, why.to_string()))?)
    };
    Ok(Arc::new(match key {
        Some(key) => builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(key))),
        None => builder.with_no_client_auth(),
    }))
}

/// A certificate and its key, which must fit each other.
fn certified(pair: &Identity, provider: &CryptoProvider) -> Result<Arc<CertifiedKey>, CertificateError> {
    let chain = certificates(&pair.certificate)?;
    let key = PrivateKeyDer::from_pem_slice(&read(&pair.key)?)
        .map_err(|_| wrong(&pair.key, "there is no private key in it; give it as PEM without a password"))?;
    let certified = CertifiedKey::from_der(chain, key, provider).map_err(|why| match why {
        rustls::Error::InconsistentKeys(_) => {
            let certificate = pair.certificate.display();
            wrong(&pair.key, format!("this is not the key of the certificate {certificate}"))
        }
        rustls::Error::InvalidCertificate(_) => wrong(
            &pair.certificate,
            "the first certificate in it cannot be read; give ours first, then those that signed it",
        ),
        why => wrong(&pair.key, why.to_string()),
    });
    certified.map(Arc::new)
}

fn authorities(file: &Path) -> Result<RootCertStore, CertificateError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(file)? {
        roots
            .add(certificate)
            .map_err(|_| wrong(file, "a certificate in it is not one of an authority"))?;
    }
    Ok(roots)
}

/// Those of the system that can be read; a node that connects to nobody needs none.
fn system() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    if found.certs.is_empty() {
        tracing::warn!("this system has no certificate authorities: no TLS peer will be trusted; name some with sip.roots");
    }
    roots.add_parsable_certificates(found.certs);
    roots
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, CertificateError> {
    let bytes = read(file)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        Ok(_) => Err(wrong(file, "there is no certificate in it; give them as PEM")),
        Err(_) => Err(wrong(file, "a certificate in it is cut off or garbled")),
    }
}

fn read(file: &Path) -> Result<Vec<u8>, CertificateError> {
    let unreadable = |why: std::io::Error| wrong(file, format!("cannot be read: {why}"));
    if std::fs::metadata(file).map_err(unreadable)?.len() > FILE_BYTES {
        return Err(wrong(file, "this is too long to be a file of certificates"));
    }
    std::fs::read(file).map_err(unreadable)
}

#[cfg(test)]
mod tests;
