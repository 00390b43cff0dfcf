//! The cryptography of the handshake, by aws-lc, which the whole process uses: what RFC 8827 demands of everybody and nothing else, so
//! AES-128 in GCM, X25519 and P-256, ECDSA. `dimpl` brings the same by itself, but with a second generation of the crates that read
//! certificates. It tries all of this against known answers when an [`super::Identity`] is made.

use super::certificate::{self, Curve};
use aws_lc_rs::{aead, agreement, cipher, digest, hmac, rand, signature};
use dimpl::crypto::{
    Aad, ActiveKeyExchange, Buf, Cipher, CryptoProvider, Dtls12CipherSuite, Dtls13CipherSuite, HashAlgorithm,
    HashContext, HashProvider, HmacProvider, KeyProvider, NamedGroup, Nonce, SecureRandom, SignatureAlgorithm,
    SignatureVerifier, SigningKey, SupportedDtls12CipherSuite, SupportedDtls13CipherSuite, SupportedKxGroup, TmpBuf,
};
use dimpl::{CryptoError, CryptoOperation};
use std::fmt;

/// Bytes of a key of AES-128.
const KEY: usize = 16;
/// Bytes of GCM's tag.
const TAG: usize = 16;

/// What `dimpl` is given.
pub(super) fn provider() -> CryptoProvider {
    CryptoProvider {
        kx_groups: &[&Group::X25519, &Group::P256],
        signature_verification: &AwsLc,
        key_provider: &AwsLc,
        secure_random: &AwsLc,
        hash_provider: &AwsLc,
        hmac_provider: &AwsLc,
        cipher_suites: &[&AwsLc],
        dtls13_cipher_suites: &[&AwsLc],
    }
}

fn failed(operation: CryptoOperation) -> CryptoError {
    CryptoError::OperationFailed(operation)
}

/// All that has no state.
#[derive(Debug)]
struct AwsLc;

/// Hides what it holds.
macro_rules! silent_debug {
    ($($name:ident),*) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(<secret>)"))
            }
        }
    )*};
}

struct Gcm(aead::LessSafeKey);
struct Hash(digest::Context);
struct Signer(signature::EcdsaKeyPair);
struct Exchange {
    group: Group,
    private: agreement::EphemeralPrivateKey,
    public: Buf,
}

silent_debug!(Gcm, Hash, Signer, Exchange);

impl Gcm {
    fn boxed(key: &[u8]) -> Result<Box<dyn Cipher>, CryptoError> {
        let key = aead::UnboundKey::new(&aead::AES_128_GCM, key).map_err(|_| failed(CryptoOperation::CreateCipher))?;
        Ok(Box::new(Self(aead::LessSafeKey::new(key))))
    }
}

fn nonce(nonce: &Nonce) -> Result<aead::Nonce, CryptoError> {
    aead::Nonce::try_assume_unique_for_key(nonce).map_err(|_| CryptoError::InvalidNonce)
}

impl Cipher for Gcm {
    fn encrypt(&mut self, plaintext: &mut Buf, aad: Aad, with: Nonce) -> Result<(), CryptoError> {
        self.0
            .seal_in_place_append_tag(nonce(&with)?, aead::Aad::from(&aad[..]), plaintext)
            .map_err(|_| failed(CryptoOperation::Encrypt))
    }

    fn decrypt(&mut self, ciphertext: &mut TmpBuf<'_>, aad: Aad, with: Nonce) -> Result<(), CryptoError> {
        let plain = self
            .0
            .open_in_place(nonce(&with)?, aead::Aad::from(&aad[..]), ciphertext.as_mut())
            .map_err(|_| failed(CryptoOperation::Decrypt))?;
        let length = plain.len();
        ciphertext.truncate(length);
        Ok(())
    }
}

impl SupportedDtls12CipherSuite for AwsLc {
    fn suite(&self) -> Dtls12CipherSuite {
        Dtls12CipherSuite::ECDHE_ECDSA_AES128_GCM_SHA256
    }

    fn hash_algorithm(&self) -> HashAlgorithm {
        HashAlgorithm::SHA256
    }

    fn key_lengths(&self) -> (usize, usize, usize) {
        (0, KEY, 4)
    }

    fn explicit_nonce_len(&self) -> usize {
        8
    }

    fn tag_len(&self) -> usize {
        TAG
    }

    fn create_cipher(&self, key: &[u8]) -> Result<Box<dyn Cipher>, CryptoError> {
        Gcm::boxed(key)
    }
}

impl SupportedDtls13CipherSuite for AwsLc {
    fn suite(&self) -> Dtls13CipherSuite {
        Dtls13CipherSuite::AES_128_GCM_SHA256
    }

    fn hash_algorithm(&self) -> HashAlgorithm {
        HashAlgorithm::SHA256
    }

    fn key_len(&self) -> usize {
        KEY
    }

    fn iv_len(&self) -> usize {
        12
    }

    fn tag_len(&self) -> usize {
        TAG
    }

    fn create_cipher(&self, key: &[u8]) -> Result<Box<dyn Cipher>, CryptoError> {
        Gcm::boxed(key)
    }

    fn encrypt_sn(&self, sn_key: &[u8], sample: &[u8; 16]) -> [u8; 16] {
        let mut block = *sample;
        let key = cipher::UnboundCipherKey::new(&cipher::AES_128, sn_key)
            .and_then(cipher::EncryptingKey::ecb)
            .expect("the key is as long as `key_len` says");
        key.encrypt(&mut block).expect("a block is as long as a block");
        block
    }
}

/// Where keys are agreed on.
#[derive(Debug, Clone, Copy)]
enum Group {
    X25519,
    P256,
}

impl Group {
    fn algorithm(self) -> &'static agreement::Algorithm {
        match self {
            Self::X25519 => &agreement::X25519,
            Self::P256 => &agreement::ECDH_P256,
        }
    }
}

impl SupportedKxGroup for Group {
    fn name(&self) -> NamedGroup {
        match self {
            Self::X25519 => NamedGroup::X25519,
            Self::P256 => NamedGroup::Secp256r1,
        }
    }

    fn start_exchange(&self, mut public: Buf) -> Result<Box<dyn ActiveKeyExchange>, CryptoError> {
        let private = agreement::EphemeralPrivateKey::generate(self.algorithm(), &rand::SystemRandom::new())
            .map_err(|_| failed(CryptoOperation::GenerateEphemeralKey))?;
        let point = private
            .compute_public_key()
            .map_err(|_| failed(CryptoOperation::ComputePublicKey))?;
        public.clear();
        public.extend_from_slice(point.as_ref());
        Ok(Box::new(Exchange {
            group: *self,
            private,
            public,
        }))
    }
}

impl ActiveKeyExchange for Exchange {
    fn pub_key(&self) -> &[u8] {
        &self.public
    }

    fn complete(self: Box<Self>, peer_pub: &[u8], out: &mut Buf) -> Result<(), CryptoError> {
        let name = self.group.name();
        let theirs = agreement::UnparsedPublicKey::new(self.group.algorithm(), peer_pub);
        agreement::agree_ephemeral(self.private, theirs, CryptoError::InvalidPublicKey(name), |secret| {
            out.clear();
            out.extend_from_slice(secret);
            Ok(())
        })
    }

    fn group(&self) -> NamedGroup {
        self.group.name()
    }
}

impl SignatureVerifier for AwsLc {
    fn verify_signature(
        &self,
        cert_der: &[u8],
        data: &[u8],
        signature: &[u8],
        hash_alg: HashAlgorithm,
        sig_alg: SignatureAlgorithm,
    ) -> Result<(), CryptoError> {
        if sig_alg != SignatureAlgorithm::ECDSA {
            return Err(CryptoError::UnsupportedSignatureAlgorithm(sig_alg));
        }
        let (curve, point) = certificate::public_key(cert_der).ok_or(CryptoError::CertificateParseFailed)?;
        let group = match curve {
            Curve::P256 => NamedGroup::Secp256r1,
            Curve::P384 => NamedGroup::Secp384r1,
        };
        let algorithm = match (curve, hash_alg) {
            (Curve::P256, HashAlgorithm::SHA256) => &signature::ECDSA_P256_SHA256_ASN1,
            (Curve::P256, HashAlgorithm::SHA384) => &signature::ECDSA_P256_SHA384_ASN1,
            (Curve::P384, HashAlgorithm::SHA256) => &signature::ECDSA_P384_SHA256_ASN1,
            (Curve::P384, HashAlgorithm::SHA384) => &signature::ECDSA_P384_SHA384_ASN1,
            _ => {
                return Err(CryptoError::UnsupportedSignatureVerification {
                    signature: sig_alg,
                    hash: hash_alg,
                    group,
                });
            }
        };
        signature::UnparsedPublicKey::new(algorithm, point)
            .verify(data, signature)
            .map_err(|_| CryptoError::SignatureVerificationFailed {
                signature: sig_alg,
                hash: hash_alg,
                group,
            })
    }
}

impl KeyProvider for AwsLc {
    fn load_private_key(&self, key_der: &[u8]) -> Result<Box<dyn SigningKey>, CryptoError> {
        signature::EcdsaKeyPair::from_pkcs8(&signature::ECDSA_P256_SHA256_ASN1_SIGNING, key_der)
            .map(|pair| -> Box<dyn SigningKey> { Box::new(Signer(pair)) })
            .map_err(|_| CryptoError::InvalidPrivateKey)
    }
}

impl SigningKey for Signer {
    fn sign(&mut self, data: &[u8], hash_alg: HashAlgorithm, out: &mut Buf) -> Result<(), CryptoError> {
        if hash_alg != HashAlgorithm::SHA256 {
            return Err(CryptoError::SigningKeyHashMismatch {
                key_hash: HashAlgorithm::SHA256,
                requested: hash_alg,
            });
        }
        let signature = self
            .0
            .sign(&rand::SystemRandom::new(), data)
            .map_err(|_| failed(CryptoOperation::Sign))?;
        out.clear();
        out.extend_from_slice(signature.as_ref());
        Ok(())
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::ECDSA
    }

    fn hash_algorithm(&self) -> HashAlgorithm {
        HashAlgorithm::SHA256
    }

    fn supported_hash_algorithms(&self) -> &[HashAlgorithm] {
        &[HashAlgorithm::SHA256]
    }
}

impl SecureRandom for AwsLc {
    fn fill(&self, buf: &mut [u8]) -> Result<(), CryptoError> {
        rand::fill(buf).map_err(|_| failed(CryptoOperation::FillRandom))
    }
}

impl HashProvider for AwsLc {
    fn create_hash(&self, algorithm: HashAlgorithm) -> Box<dyn HashContext> {
        let algorithm = match algorithm {
            HashAlgorithm::SHA384 => &digest::SHA384,
            // The suites that we have know no other; the handshake compares, so a wrong one could not pass for a right one.
            _ => &digest::SHA256,
        };
        Box::new(Hash(digest::Context::new(algorithm)))
    }
}

impl HashContext for Hash {
    fn update(&mut self, data: &[u8]) {
        self.0.update(data);
    }

    fn clone_and_finalize(&self, out: &mut Buf) {
        out.clear();
        out.extend_from_slice(self.0.clone().finish().as_ref());
    }
}

impl HmacProvider for AwsLc {
    fn hmac(&self, hash: HashAlgorithm, key: &[u8], data: &[u8], out: &mut [u8]) -> Result<usize, CryptoError> {
        let algorithm = match hash {
            HashAlgorithm::SHA256 => hmac::HMAC_SHA256,
            HashAlgorithm::SHA384 => hmac::HMAC_SHA384,
            _ => return Err(CryptoError::UnsupportedHmacHash(hash)),
        };
        let tag = hmac::sign(&hmac::Key::new(algorithm, key), data);
        let tag = tag.as_ref();
        out.get_mut(..tag.len())
            .ok_or(failed(CryptoOperation::ComputeHmac))?
            .copy_from_slice(tag);
        Ok(tag.len())
    }
}
