//! Files that do not hold, each with its sentence. What good files do is tested where connections are.

use super::{Certificates, Identity, Reload, TlsFiles, When};
use std::fs;
use std::path::PathBuf;

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("patchcord-certificates-{}-{name}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let file = self.0.join(name);
        fs::write(&file, text).unwrap();
        file
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn pair() -> (String, String) {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    (made.cert.pem(), made.signing_key.serialize_pem())
}

fn load(certificate: PathBuf, key: PathBuf) -> Result<Certificates, String> {
    let files = TlsFiles {
        identity: Some(Identity { certificate, key }),
        client_ca: None,
        roots: None,
    };
    Certificates::load(files).map_err(|why| why.to_string())
}

fn sentence(loaded: Result<Certificates, String>) -> String {
    loaded.err().expect("this does not hold")
}

#[test]
fn every_wrong_file_has_its_sentence() {
    let folder = Folder::new("wrong");
    let (certificate, key) = pair();
    let good = folder.write("certificate.pem", &certificate);
    let fits = folder.write("key.pem", &key);
    assert!(load(good.clone(), fits.clone()).is_ok());

    let missing = folder.0.join("missing.pem");
    assert!(sentence(load(missing.clone(), fits.clone())).contains("missing.pem: cannot be read"));
    let empty = folder.write("empty.pem", "");
    assert!(sentence(load(empty.clone(), fits.clone())).ends_with("empty.pem: there is no certificate in it; give them as PEM"));
    assert!(sentence(load(good.clone(), empty.clone())).contains("there is no private key in it"));
    let other = folder.write("other.pem", &pair().1);
    assert!(sentence(load(good.clone(), other)).contains("this is not the key of the certificate"));
    let cut = folder.write("cut.pem", &certificate[..certificate.len() / 2]);
    assert!(sentence(load(cut, fits.clone())).contains("cut.pem: "));
    let garbled = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let garbled = folder.write("garbled.pem", garbled);
    assert!(sentence(load(garbled.clone(), fits)).contains("the first certificate in it cannot be read"));

    for files in [
        TlsFiles {
            roots: Some(garbled),
            ..TlsFiles::default()
        },
        TlsFiles {
            roots: Some(empty),
            ..TlsFiles::default()
        },
    ] {
        assert!(Certificates::load(files).is_err());
    }
}

#[test]
fn without_files_there_are_the_systems_authorities_and_no_door() {
    let certificates = Certificates::load(TlsFiles::default()).unwrap();
    assert!(certificates.server().is_none());
    assert!(certificates.websocket().is_none());
    certificates.client();
}

#[test]
fn a_wrong_file_is_looked_at_again_when_it_changes() {
    let folder = Folder::new("again");
    let (certificate, key) = pair();
    let certificate = folder.write("certificate.pem", &certificate);
    let loaded = load(certificate, folder.write("key.pem", &key)).unwrap();
    let before = loaded.server().unwrap();
    assert!(matches!(loaded.reload(When::Changed), Reload::Same));
    folder.write("key.pem", "half of it");
    assert!(matches!(loaded.reload(When::Changed), Reload::Refused(_)));
    assert!(matches!(loaded.reload(When::Changed), Reload::Same));
    assert!(std::sync::Arc::ptr_eq(&before, &loaded.server().unwrap()));
    folder.write("key.pem", &key);
    assert!(matches!(loaded.reload(When::Changed), Reload::Done));
    assert!(!std::sync::Arc::ptr_eq(&before, &loaded.server().unwrap()));
}
