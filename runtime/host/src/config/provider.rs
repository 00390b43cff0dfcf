//! What the sections of those who speak and who recognise have in common: a program beside us, a web server, or nobody.

use super::beside;
use super::reader::{ConfigError, Table};
use crate::hosted::HostedServer;
use crate::recognition::RecogniserServer;
use crate::web::WebAddress;
use hyper::header::{HeaderName, HeaderValue};
use patchcord_control::private::Private;
use patchcord_control::speech::is_language;
use patchcord_control::stream_urls::StreamUrl;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Headers that can be given.
const HEADERS_MAX: usize = 32;
/// A caller who waits longer than this has left.
const TIME_MS_MAX: u64 = 60_000;
/// Pieces of work at the same time at most: each is a process, or a connection.
const AT_ONCE_MAX: u64 = 64;
/// Keys that mean nothing without a server.
const OF_SERVERS: [&str; 3] = ["url", "headers", "roots"];
/// Keys that mean nothing but to a web server.
const OF_WEB_SERVERS: [&str; 1] = ["fields"];

/// Who does the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Provider {
    Program,
    Http,
    WebSocket,
    Nobody,
}

/// A section, and what its usual program is.
#[derive(Clone, Copy)]
pub(super) struct Section<'s, 't> {
    pub(super) table: &'s Table<'t>,
    /// The configuration's file.
    pub(super) file: &'s Path,
    /// The provider's name for it.
    pub(super) program: &'static str,
    /// Keys that mean nothing without it.
    pub(super) of_program: &'static [&'static str],
    /// Whether a server may do it over a WebSocket.
    pub(super) sockets: Sockets,
}

/// Whether a server may be one that is connected to all the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sockets {
    No,
    Yes,
}

/// How the work is done, whoever does it.
pub(super) struct Common {
    pub(super) language: Option<String>,
    pub(super) time: Option<Duration>,
    pub(super) at_once: Option<usize>,
}

impl Section<'_, '_> {
    /// Who does the work; the program if nothing is said. Keys of another provider are refused.
    pub(super) fn provider(&self) -> Result<Provider, ConfigError> {
        let usual = self.program;
        let right = match self.sockets {
            Sockets::No => format!("{usual:?}, \"http\" or \"none\""),
            Sockets::Yes => format!("{usual:?}, \"http\", \"websocket\" or \"none\""),
        };
        let provider = self.table.parsed("provider", &right, |text| match text {
            "http" => Some(Provider::Http),
            "none" => Some(Provider::Nobody),
            "websocket" => (self.sockets == Sockets::Yes).then_some(Provider::WebSocket),
            text => (text == usual).then_some(Provider::Program),
        })?;
        let provider = provider.unwrap_or(Provider::Program);
        let keys: [(&[&str], &[Provider], &str); 3] = [
            (self.of_program, &[Provider::Program], usual),
            (&OF_SERVERS, &[Provider::Http, Provider::WebSocket], "http"),
            (&OF_WEB_SERVERS, &[Provider::Http], "http"),
        ];
        for (keys, needs, name) in keys {
            let idle = keys
                .iter()
                .find(|key| !needs.contains(&provider) && self.table.has(key));
            if let Some(key) = idle {
                let what = format!("it means nothing without provider = {name:?}");
                return Err(self.table.wrong(key, &what));
            }
        }
        Ok(provider)
    }

    pub(super) fn common(&self) -> Result<Common, ConfigError> {
        let tag = |tag: &str| is_language(tag).then(|| tag.to_owned());
        let language = self
            .table
            .parsed("language", "a language's tag such as \"en\" or \"de-AT\"", tag)?;
        let time_ms = self.table.number("time_ms", 100..=TIME_MS_MAX)?;
        let at_once = self.table.number("at_once", 1..=AT_ONCE_MAX)?;
        Ok(Common {
            language,
            time: time_ms.map(Duration::from_millis),
            at_once: at_once.map(|count| count as usize),
        })
    }

    /// A name alone is looked for where programs are; anything else is a file.
    pub(super) fn program(&self, example: &str) -> Result<Option<PathBuf>, ConfigError> {
        let right = format!("a program such as {example:?}");
        self.table.parsed("program", &right, |text| match text {
            "" => None,
            text if text.starts_with('-') => None,
            path if path.contains('/') => std::path::absolute(beside(self.file, path)).ok(),
            name => Some(name.into()),
        })
    }

    /// A file or folder that is there for the program.
    pub(super) fn path(&self, key: &str, right: &str) -> Result<Option<PathBuf>, ConfigError> {
        self.table.parsed(key, right, |text| {
            let path = (!text.is_empty()).then(|| beside(self.file, text))?;
            std::path::absolute(path).ok()
        })
    }

    pub(super) fn server(&self, example: &str) -> Result<HostedServer, ConfigError> {
        let right = format!("an address such as {example:?}, without a password in it");
        let address = self.table.required("url", &right, WebAddress::parse)?;
        let (headers, roots) = self.headers_and_roots()?;
        Ok(HostedServer {
            address,
            headers,
            roots,
        })
    }

    /// A server over a WebSocket.
    pub(super) fn socket(&self, example: &str) -> Result<RecogniserServer, ConfigError> {
        let right = format!("an address such as {example:?}, without a password in it");
        let url = self.table.required("url", &right, |text| StreamUrl::parse(text).ok())?;
        let (headers, roots) = self.headers_and_roots()?;
        Ok(RecogniserServer { url, headers, roots })
    }

    fn headers_and_roots(&self) -> Result<(Headers, Option<PathBuf>), ConfigError> {
        let right = "a header such as \"X-Key: secret\"";
        let headers = self.table.parsed_list("headers", right, header)?;
        if headers.len() > HEADERS_MAX {
            return Err(self
                .table
                .wrong("headers", &format!("give at most {HEADERS_MAX} of them")));
        }
        let roots = self.table.parsed("roots", "a PEM file such as \"roots.pem\"", |text| {
            (!text.is_empty()).then(|| beside(self.file, text))
        })?;
        Ok((headers, roots))
    }
}

type Headers = Vec<(HeaderName, Private<HeaderValue>)>;

fn header(text: &str) -> Option<(HeaderName, Private<HeaderValue>)> {
    let (name, value) = text.split_once(':')?;
    let name: HeaderName = name.trim().parse().ok()?;
    let value: HeaderValue = value.trim().parse().ok()?;
    Some((name, value.into()))
}
