import base64, hashlib, json, time, uuid
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

def token(api_key, tenant, grants, seconds=3600):
    seed = HKDF(SHA256(), 32, None, b"patchcord access tokens 1").derive(api_key.encode())
    b64 = lambda data: base64.urlsafe_b64encode(data).rstrip(b"=")
    part = lambda value: b64(json.dumps(value).encode())
    iat = int(time.time())
    kid = "key_" + hashlib.sha256(api_key.encode()).hexdigest()[:16]
    claims = {"iss": tenant, "iat": iat, "exp": iat + seconds, "jti": str(uuid.uuid4()), "grants": grants}
    signed = part({"alg": "EdDSA", "kid": kid, "typ": "JWT"}) + b"." + part(claims)
    return (signed + b"." + b64(Ed25519PrivateKey.from_private_bytes(seed).sign(signed))).decode()
