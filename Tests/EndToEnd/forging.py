"""Tokens made by hand, so that anything can be wrong with them: JWS in compact form (RFC 7515 §7.1) and RSA by openssl."""

import base64
import hashlib
import hmac
import json
import re
import secrets
import subprocess

DIGEST_INFO = bytes.fromhex("3031300d060960864801650304020105000420")
RSA_ENCRYPTION = bytes.fromhex("300d06092a864886f70d0101010500")


def encoded(value):
    """base64url without padding, of octets, text, or whatever JSON says."""
    octets = value if isinstance(value, bytes) else (value if isinstance(value, str) else json.dumps(value)).encode()
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def decoded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def read(token):
    """Header and claims of a token, unchecked."""
    header, claims, _ = token.split(".")
    return json.loads(decoded(header)), json.loads(decoded(claims))


def with_secret(header, claims, secret, digest=hashlib.sha256):
    """A token under a shared secret."""
    message = f"{encoded(header)}.{encoded(claims)}"
    return f"{message}.{encoded(hmac.new(secret, message.encode(), digest).digest())}"


def der(tag, octets):
    size = len(octets)
    length = bytes([size]) if size < 128 else bytes([0x80 | (size.bit_length() + 7) // 8]) + size.to_bytes(
        (size.bit_length() + 7) // 8, "big")
    return bytes([tag]) + length + octets


def spellings(jwk):
    """Every way in which a published key could be taken for a secret: name and octets."""
    modulus, exponent = decoded(jwk["n"]), decoded(jwk["e"])
    pkcs1 = der(0x30, der(2, b"\0" + modulus) + der(2, exponent))
    spki = der(0x30, RSA_ENCRYPTION + der(3, b"\0" + pkcs1))

    def pem(name, octets, end="\n"):
        text = base64.encodebytes(octets).decode().replace("\n", "")
        lines = [text[index:index + 64] for index in range(0, len(text), 64)]
        return "\n".join([f"-----BEGIN {name}-----", *lines, f"-----END {name}-----"]).encode() + end.encode()

    return {
        "pem": pem("PUBLIC KEY", spki), "pem-without-newline": pem("PUBLIC KEY", spki, ""),
        "pkcs1-pem": pem("RSA PUBLIC KEY", pkcs1), "der": spki, "pkcs1-der": pkcs1, "n-as-text": jwk["n"].encode(),
        "n-as-octets": modulus, "jwk": json.dumps(jwk).encode(),
        "jwk-compact": json.dumps(jwk, separators=(",", ":")).encode(), "kid": jwk["kid"].encode(), "nothing": b"",
    }


class Forger:
    """An RSA key of ours."""

    def __init__(self, folder, bits=2048):
        self.path = folder / f"forger-{secrets.token_hex(4)}.pem"
        self._openssl("genrsa", "-out", self.path, bits)
        modulus = self._openssl("rsa", "-in", self.path, "-noout", "-modulus").decode().strip().partition("=")[2]
        text = self._openssl("rsa", "-in", self.path, "-noout", "-text").decode()
        digits = re.search(r"privateExponent:([\s0-9a-f:]+)", text)[1]
        self.modulus, self.private_exponent = int(modulus, 16), int(re.sub(r"[^0-9a-f]", "", digits), 16)
        self.kid = "forger-" + secrets.token_hex(8)
        self.jwk = {
            "kty": "RSA", "use": "sig", "alg": "RS256", "kid": self.kid, "n": encoded(bytes.fromhex(modulus)), "e": "AQAB",
        }

    @staticmethod
    def _openssl(*arguments, given=None):
        return subprocess.run(["openssl", *map(str, arguments)], input=given, capture_output=True, check=True).stdout

    def sign(self, header, claims, digest="sha256", options=()):
        """A token whose signature holds. Header and claims are JSON values, or text as it is to stand there."""
        message = f"{encoded(header)}.{encoded(claims)}"
        signature = self._openssl("dgst", f"-{digest}", "-sign", self.path, *options, given=message.encode())
        return f"{message}.{encoded(signature)}"

    def sign_loosely(self, header, claims, block):
        """A token whose signature opens to what `block` makes of the digest: padding that only a careless reader takes."""
        message = f"{encoded(header)}.{encoded(claims)}"
        opened = block(hashlib.sha256(message.encode()).digest())
        assert len(opened) == 256
        number = pow(int.from_bytes(opened, "big"), self.private_exponent, self.modulus)
        return f"{message}.{encoded(number.to_bytes(256, 'big'))}"
