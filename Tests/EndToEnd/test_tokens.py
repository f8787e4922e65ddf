"""Access tokens that were tampered with, against the running gateway and the keys it publishes: none is believed."""

import base64
import hashlib
import json
import secrets
import time

import pytest

from forging import DIGEST_INFO, Forger, decoded, encoded, read, spellings, with_secret
from gateway import Gateway, People

ME = "/api/v1/auth/me"


class World:
    """A gateway that believes one key of ours beside its own, as it believes one that was just retired: what is refused
    under that key is refused for the fault that a case gives it, and not for its signature."""

    def __init__(self, system):
        self.gateway = Gateway(system)
        self.gateway.bootstrap()
        self.people = People(self.gateway)
        self.trusted, self.stranger = Forger(system.folder), Forger(system.folder)
        system.sql(
            "INSERT INTO signing_keys (kid, private_key, public_jwk, not_before, retired_at) VALUES ("
            f"'{self.trusted.kid}', '\\x00', '{json.dumps(self.trusted.jwk)}', now() - interval '1 hour', now())"
        )
        self.gateway.daemon.terminate()
        self.gateway.daemon.start()
        self.login = self.people.sign_in("viewer")
        self.token = self.login["access_token"]
        self.header, self.claims = read(self.token)
        keys = self.gateway("GET", "/.well-known/jwks.json")[0]["keys"]
        self.jwk = next(key for key in keys if key["kid"] == self.header["kid"])
        assert self.trusted.kid in [key["kid"] for key in keys]

    @property
    def parts(self):
        return self.token.split(".")

    def status(self, token, path=ME, **headers):
        return self.gateway.ask("GET", path, Authorization=f"Bearer {token}", **headers)[0]

    def signed(self, header=None, **claims):
        """The viewer's token under the key that is believed, with other members; None takes one away."""
        return self.trusted.sign(self.head(**(header or {})), self.body(**claims))

    def head(self, **members):
        return merged(self.header | {"kid": self.trusted.kid}, members)

    def body(self, **members):
        return merged(self.claims, members)


def merged(first, second):
    return {name: value for name, value in (first | second).items() if value is not None}


@pytest.fixture(scope="module")
def world(system):
    return World(system)


# proves: IAM-07 IAM-12
def test_the_controls_are_believed(world):
    """What the cases differ from by one fault each: a token of the gateway's own, and one of the key that it believes."""
    assert world.status(world.token) == 200
    assert world.status(world.signed()) == 200
    assert world.status(world.signed({"x": "not critical"}, extra={"deep": [1]})) == 200


RAISED = {"role": "super_admin"}
NONE = ("none", "None", "NONE", "nOnE", "none ", "", "null", "NoNe\x00")


def unsigned(world, algorithm):
    return [
        f"{encoded({'alg': algorithm, 'typ': 'JWT', **more})}.{encoded(world.body(**RAISED))}.{signature}"
        for more in ({}, {"kid": world.jwk["kid"]}) for signature in ("", world.parts[2], "AA")
    ]


# proves: IAM-07 SEC-11
@pytest.mark.parametrize("algorithm", [*NONE, None, 0, [], ["none"], {"alg": "none"}, True], ids=repr)
def test_a_token_that_nobody_signed(world, algorithm):
    assert {world.status(token) for token in unsigned(world, algorithm)} == {401}


# proves: IAM-07 SEC-11
@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512", "RS256"])
@pytest.mark.parametrize("spelling", list(spellings({"n": "AQAB", "e": "AQAB", "kid": "x"})))
def test_the_public_key_as_a_secret(world, algorithm, spelling):
    digest = {"HS384": hashlib.sha384, "HS512": hashlib.sha512}.get(algorithm, hashlib.sha256)
    for jwk in (world.jwk, world.trusted.jwk):
        header = {"alg": algorithm, "typ": "JWT", "kid": jwk["kid"]}
        assert world.status(with_secret(header, world.body(**RAISED), spellings(jwk)[spelling], digest)) == 401


# proves: IAM-07
@pytest.mark.parametrize("algorithm, digest, options", [
    ("RS384", "sha384", ()), ("RS512", "sha512", ()), ("RS1", "sha1", ()), ("RS256", "sha512", ()), ("rs256", "sha256", ()),
    ("PS256", "sha256", ("-sigopt", "rsa_padding_mode:pss")), ("RS256", "sha256", ("-sigopt", "rsa_padding_mode:pss")),
    ("ES256", "sha256", ()), ("EdDSA", "sha256", ()), ("RS256 ", "sha256", ()),
], ids=lambda value: str(value) if isinstance(value, str) else "-".join(value[1:]))
def test_another_algorithm_under_a_key_that_is_believed(world, algorithm, digest, options):
    token = world.trusted.sign(world.head(alg=algorithm), world.body(), digest, options)
    assert world.status(token) == 401


KEY_NAMES = (
    "../../../../dev/null", "/dev/null", "..\\..\\nul", "file:///dev/null", "https://attacker.example/key",
    "' OR 1=1 --", "x' UNION SELECT 'AQAB' --", "'; DROP TABLE signing_keys; --", "$(id)", "|cat /etc/passwd",
    "", " ", "x", "\x00", "a" * 5_000, "\u202e", None, 0, True, [], {}, ["x"], {"kid": "x"},
)


# proves: IAM-07 IAM-12 SEC-05
@pytest.mark.parametrize("name", KEY_NAMES, ids=lambda name: repr(name)[:40])
def test_a_key_name_that_leads_elsewhere(world, name):
    header = {"alg": "RS256", "typ": "JWT", "kid": name}
    for key in (world.stranger, world.trusted):
        assert world.status(key.sign(header, world.body(**RAISED))) == 401
    for secret in (b"", b"\0", b"AQAB"):
        assert world.status(with_secret(header | {"alg": "HS256"}, world.body(**RAISED), secret)) == 401


# proves: IAM-07 IAM-12
def test_a_key_name_of_another_key_and_none(world):
    for kid in (world.jwk["kid"], world.trusted.kid, world.stranger.kid):
        assert world.status(world.stranger.sign(world.head(kid=kid), world.body())) == 401
    for kid in (world.jwk["kid"], [world.trusted.kid], world.trusted.kid.upper(), world.trusted.kid + "\x00",
                f" {world.trusted.kid}", world.trusted.kid[:-1], None):
        assert world.status(world.signed({"kid": kid})) == 401, kid
    assert world.gateway.system.sql("SELECT count(*) FROM signing_keys") >= [["2"]]


# proves: IAM-07 SEC-11
def test_a_key_that_the_token_brings_along(world):
    """None is looked at, whether the name of the key is known or not; nothing is fetched."""
    own = world.stranger.jwk
    brought = [
        {"jwk": own}, {"jku": f"{world.gateway.url}/.well-known/jwks.json"}, {"jku": "http://127.0.0.1:1/jwks.json"},
        {"x5u": "http://127.0.0.1:1/chain.pem"}, {"x5c": ["AAAA"]}, {"x5t": "AAAA"}, {"x5t#S256": "AAAA"},
        {"jwk": own, "jku": "http://127.0.0.1:1/", "x5u": "http://127.0.0.1:1/"},
    ]
    for more in brought:
        for kid in (own["kid"], world.trusted.kid, world.jwk["kid"]):
            assert world.status(world.stranger.sign(world.head(kid=kid) | more, world.body(**RAISED))) == 401, more
        # They change nothing about a token that holds, either: ignored is ignored.
        assert world.status(world.trusted.sign(world.head() | more, world.body())) == 200, more


# proves: IAM-07
@pytest.mark.parametrize("header", [
    {"typ": None}, {"typ": "JWE"}, {"typ": "at+jwt"}, {"typ": ""}, {"typ": ["JWT"]}, {"alg": None}, {"alg": ["RS256"]},
    {"crit": ["exp"]}, {"crit": []}, {"crit": "b64", "b64": False}, {"crit": None, "b64": False, "zip": "DEF", "alg": "RS257"},
], ids=repr)
def test_a_header_that_would_change_how_it_is_read(world, header):
    assert world.status(world.signed(header)) == 401


def now(seconds=0):
    return int(time.time()) + seconds


TIMES = {
    "expired": lambda: {"iat": now(-700), "nbf": now(-700), "exp": now(-60)},
    "expired long ago": lambda: {"iat": 1_000_000_000, "nbf": 1_000_000_000, "exp": 1_000_000_900},
    "no expiry": lambda: {"exp": None},
    "expiry null": lambda: {"exp": "null"},
    "expiry 0": lambda: {"exp": 0},
    "expiry negative": lambda: {"exp": -1},
    "expiry as text": lambda: {"exp": str(now(600))},
    "expiry with a fraction": lambda: {"exp": now(600) + 0.5},
    "expiry as a list": lambda: {"exp": [now(600)]},
    "expiry of 64 bits": lambda: {"exp": 2**63 - 1},
    "expiry beyond 64 bits": lambda: {"exp": 2**64 + now(600)},
    "expiry of infinity": lambda: {"exp": float("inf")},
    "expiry in milliseconds": lambda: {"exp": now(600) * 1000},
    "longer than tokens live": lambda: {"exp": now(86_400)},
    "not yet valid": lambda: {"nbf": now(300)},
    "never valid yet": lambda: {"nbf": 2**40},
    "no beginning": lambda: {"nbf": None},
    "issued in the future": lambda: {"iat": now(300), "nbf": now(300), "exp": now(900)},
    "issued behind its end": lambda: {"iat": now(20), "exp": now(10)},
    "no time of issue": lambda: {"iat": None},
    "issued as text": lambda: {"iat": str(now())},
}


# proves: IAM-04 IAM-07
@pytest.mark.parametrize("fault", TIMES)
def test_another_time(world, fault):
    assert world.status(world.signed(**TIMES[fault]())) == 401


# proves: IAM-04 IAM-07
@pytest.mark.parametrize("claims", [
    {"aud": "elsewhere"}, {"aud": None}, {"aud": ""}, {"aud": ["nexora"]}, {"aud": ["nexora", "elsewhere"]}, {"aud": "nexora "},
    {"aud": "NEXORA"}, {"aud": {"nexora": True}}, {"aud": "*"}, {"iss": "elsewhere"}, {"iss": None}, {"iss": ["nexora"]},
    {"iss": "nexora/"}, {"iss": "https://nexora"}, {"iss": "nexora\x00"}, {"sub": None}, {"jti": None}, {"jti": "1"},
    {"permissions": None}, {"permissions": "*"}, {"permissions": [1]}, {"role": None}, {"role": ["viewer"]}, {"role": "root"},
    {"role": "Viewer"}, {"tenant_id": None}, {"tenant_id": "*"}, {"tenant_id": ["x"]}, {"session_id": None},
    {"session_id": "*"}, {"customer_id": "*"},
], ids=repr)
def test_claims_that_no_token_of_ours_makes(world, claims):
    assert world.status(world.signed(**claims)) == 401


# proves: IAM-05 IAM-07 TEN-02
def test_claims_of_somebody_else(world):
    """Even where the signature holds: who somebody is stands in the database, and a token only names him."""
    admin = read(world.gateway.token)[1]
    other = read(world.people.sign_in("support")["access_token"])[1]
    faults = [{"role": role} for role in ("super_admin", "tenant_admin", "intercept_officer", "customer", "support")]
    faults += [{"tenant_id": tenant} for tenant in (world.people.operator, world.people.reseller, admin["sub"])]
    for whose in (admin, other):
        faults += [
            {"sub": whose["sub"]}, {"user_id": whose["sub"]}, {"sub": whose["sub"], "user_id": whose["sub"]},
            {"session_id": whose["session_id"]}, {"sub": whose["sub"], "user_id": whose["sub"], "role": whose["role"]},
            {"tenant_id": whose["tenant_id"], "session_id": whose["session_id"]},
            {"session_id": whose["session_id"], "role": whose["role"], "permissions": whose["permissions"]},
        ]
    for claims in faults:
        if claims.items() <= world.claims.items():
            continue
        # Before and after the gateway has looked the true session up: what it remembers must not stand in for another's.
        for _ in range(2):
            assert world.status(world.signed(**claims)) == 401, claims
            assert world.status(world.token) == 200


# proves: IAM-05 IAM-07
def test_permissions_in_a_token_give_nothing(world):
    granted = read(world.gateway.token)[1]["permissions"]
    assert set(granted) > set(world.claims["permissions"])
    for permissions in (granted, ["*"], ["audit.read"] * 300):
        token = world.signed(permissions=permissions)
        assert world.status(token, "/api/v1/audit-logs") == 403
        me = json.loads(world.gateway.ask("GET", ME, Authorization=f"Bearer {token}")[2])["data"]
        assert me["role"] == "viewer"


def loose(shape):
    """Signatures that a reader who does not compare the whole block takes for RS256 (CVE-2006-4339 and its kin)."""
    return {
        "garbage behind": lambda digest: b"\0\1" + b"\xff" * 8 + b"\0" + DIGEST_INFO + digest + b"\x5a" * 194,
        "short padding": lambda digest: b"\0" * 195 + b"\0\1" + b"\xff" * 7 + b"\0" + DIGEST_INFO + digest,
        "no NULL": lambda digest: b"\0\1" + b"\xff" * 204 + b"\0"
        + bytes.fromhex("302f300b0609608648016503040201") + bytes.fromhex("0420") + digest,
        "padding of zeros": lambda digest: b"\0\1" + b"\0" * 202 + b"\0" + DIGEST_INFO + digest,
        "type 0": lambda digest: b"\0\0" + b"\xff" * 202 + b"\0" + DIGEST_INFO + digest,
        "digest alone": lambda digest: b"\0" * 224 + digest,
        "another digest's name": lambda digest: b"\0\1" + b"\xff" * 202 + b"\0"
        + DIGEST_INFO.replace(bytes.fromhex("0201"), bytes.fromhex("0202")) + digest,
    }[shape]


# proves: IAM-07
@pytest.mark.parametrize("shape", [
    "garbage behind", "short padding", "no NULL", "padding of zeros", "type 0", "digest alone", "another digest's name",
])
def test_a_signature_with_loose_padding(world, shape):
    exact = world.trusted.sign_loosely(
        world.head(), world.body(), lambda digest: b"\0\1" + b"\xff" * 202 + b"\0" + DIGEST_INFO + digest)
    assert world.status(exact) == 200
    assert world.status(world.trusted.sign_loosely(world.head(), world.body(), loose(shape))) == 401


def reshaped(world):
    """The viewer's own token, written otherwise: name and text."""
    header, claims, signature = world.parts
    other = world.gateway.token.split(".")
    octets = decoded(signature)
    last = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    alias = signature[:-1] + last[last.index(signature[-1]) ^ 1]
    assert base64.urlsafe_b64decode(alias + "==") == octets
    return {
        "no signature": f"{header}.{claims}.", "no third part": f"{header}.{claims}", "one part": header,
        "only dots": "..", "blank header": f".{claims}.{signature}", "blank claims": f"{header}..{signature}",
        "four parts": f"{world.token}.x", "five parts": f"{header}.{claims}.{signature}.{claims}.{signature}",
        "a dot behind": f"{world.token}.", "a dot before": f".{world.token}",
        "half a signature": f"{header}.{claims}.{encoded(octets[:128])}", "a signature cut by one": f"{header}.{claims}.{encoded(octets[:-1])}",
        "a zero behind": f"{header}.{claims}.{encoded(octets + bytes(1))}",
        "a zero before": f"{header}.{claims}.{encoded(bytes(1) + octets)}",
        "a signature of zeros": f"{header}.{claims}.{encoded(bytes(256))}", "a signature of one": f"{header}.{claims}.{encoded(bytes(255) + bytes([1]))}",
        "a signature of ones": f"{header}.{claims}.{encoded(bytes([255]) * 256)}",
        "a signature beyond the key": f"{header}.{claims}.{encoded(bytes([255]) * 4096)}",
        "another's signature": f"{header}.{claims}.{other[2]}", "another's claims": f"{header}.{other[1]}.{signature}",
        "a flipped bit": f"{header}.{claims}.{encoded(bytes([octets[0] ^ 1]) + octets[1:])}",
        "the last letter otherwise": f"{header}.{claims}.{alias}",
        "padding": f"{header}.{claims}.{signature}==", "padding everywhere": f"{header}=.{claims}==.{signature}==",
        "the other alphabet": f"{header}.{claims}." + base64.b64encode(octets).decode(),
        "a percent escape": f"{header}.{claims}%2e{signature}", "a quoted token": f'"{world.token}"',
        "a comma": f"{world.token},{world.token}", "a tab within": f"{header}.{claims}.\t{signature}",
        "upper case": world.token.upper(),
        "serialized as JSON": json.dumps({"protected": header, "payload": claims, "signature": signature}, separators=(",", ":")),
        "a million letters": "A" * 12_000, "long claims": f"{header}.{'A' * 9_000}.{signature}",
        "a long key": f"{encoded({'alg': 'RS256', 'typ': 'JWT', 'kid': world.jwk['kid'], 'x': 'y' * 8_000})}.{claims}.{signature}",
        "many dots": "." * 8_000, "nothing": "", "null": "null", "undefined": "undefined",
        "the refresh token": world.login["refresh_token"], "an API key of nobody": "nxk_" + "A" * 60, "a prefix alone": "nxk_",
    }


# proves: IAM-07
def test_tokens_written_otherwise(world):
    for name, token in reshaped(world).items():
        assert world.status(token) == 401, name
    # One of another key's holder, whole, is his: the cases above fail for what they change.
    assert world.status(world.gateway.token) == 200


# proves: IAM-07
def test_json_that_can_be_read_in_two_ways(world):
    head, body = json.dumps(world.head()), json.dumps(world.body())
    raised = '"role":"super_admin"'
    headers = {
        "alg twice": head[:-1] + ',"alg":"none"}', "alg twice, first": '{"alg":"none",' + head[1:],
        "alg by escapes": head[:-1] + ',"\\u0061lg":"none"}', "kid twice": head[:-1] + ',"kid":"x"}',
        "another name's twice": head[:-1] + ',"a":1,"a":2}', "text behind": head + "x", "an object behind": head + "{}",
        "a comment": head[:-1] + "/**/}", "a comma at the end": head[:-1] + ",}", "single quotes": head.replace('"', "'"),
        "a mark before": "\ufeff" + head, "a list": f"[{head}]", "text": json.dumps(head), "null": "null", "nothing": "",
        "deep": head[:-1] + ',"d":' + "[" * 2_000 + "]" * 2_000 + "}",
    }
    for name, text in headers.items():
        assert world.status(world.trusted.sign(text, body)) == 401, name
    claims = {
        "role twice": body[:-1] + f",{raised}}}", "role twice, first": "{" + raised + "," + body[1:],
        "role by escapes": body[:-1] + ',"r\\u006fle":"super_admin"}', "exp twice": body[:-1] + f',"exp":{now(900)}}}',
        "sub twice": body[:-1] + f',"sub":"{world.claims["sub"]}"}}', "text behind": body + "x", "a list": f"[{body}]",
        "no UTF-8": body[:-1].encode() + b',"x":"\xff\xfe"}', "a lone surrogate": body[:-1] + ',"x":"\\ud800"}',
        "a NUL": body[:-1].encode() + b',"x":"\x00"}', "NaN": body[:-1] + ',"x":NaN}', "nothing": "", "an empty object": "{}",
        "deep": body[:-1] + ',"d":' + '{"d":' * 1_000 + "1" + "}" * 1_000 + "}",
    }
    for name, text in claims.items():
        assert world.status(world.trusted.sign(head, text)) == 401, name


# proves: IAM-07 TEN-02
def test_proofs_in_other_places(world):
    ask = world.gateway.ask
    bearer = f"Bearer {world.token}"
    for name, headers, target in [
        ("twice, and not the same", {"Authorization": bearer, "X-API-Key": world.token}, ME),
        ("as an API key", {"X-API-Key": world.token}, ME),
        ("Basic", {"Authorization": "Basic " + base64.b64encode(f"x:{world.token}".encode()).decode()}, ME),
        ("without a scheme", {"Authorization": world.token}, ME),
        ("another scheme", {"Authorization": f"Token {world.token}"}, ME),
        ("two spaces", {"Authorization": f"Bearer  {world.token}"}, ME),
        ("a scheme in the scheme", {"Authorization": f"Bearer Bearer {world.token}"}, ME),
        ("a list", {"Authorization": f"{bearer}, {bearer}"}, ME),
        ("in a cookie", {"Authorization": "", "Cookie": f"access_token={world.token}; token={world.token}"}, ME),
        ("in the query", {"Authorization": ""}, f"{ME}?access_token={world.token}"),
        ("in the query of a socket", {"Authorization": ""}, f"/ws/realtime?token={world.token}"),
        ("in the query of a stream", {"Authorization": ""}, f"/api/v1/events?access_token={world.token}"),
        ("for a proxy", {"Authorization": "", "Proxy-Authorization": bearer}, ME),
        ("as another's", {"Authorization": "", "X-Forwarded-Authorization": bearer, "X-User": world.claims["sub"]}, ME),
    ]:
        got, fields, text = ask("GET", target, **{key.replace("-", "_"): value for key, value in headers.items()})
        assert got == 401, f"{name}: {got}"
        assert fields["WWW-Authenticate"].startswith("Bearer"), name
        assert world.token not in text, name


# proves: IAM-07 API-02
def test_no_refusal_tells_why(world):
    """A forger learns nothing from the answer: not which key, not which claim."""
    tokens = [
        "x", f"{world.parts[0]}.{world.parts[1]}.", world.signed({"kid": "x"}), world.signed(aud="x"), world.signed(exp=1),
        world.signed(**RAISED), world.stranger.sign(world.head(), world.body()), unsigned(world, "none")[0],
    ]
    answers = set()
    for token in tokens:
        _, fields, text = world.gateway.ask("GET", ME, Authorization=f"Bearer {token}")
        body = json.loads(text)
        body.pop("trace_id")
        answers.add((fields["WWW-Authenticate"], fields["Content-Type"], json.dumps(body, sort_keys=True)))
    assert len(answers) == 1, answers


# proves: IAM-12
def test_only_public_halves_are_published(world):
    document, fields = world.gateway("GET", "/.well-known/jwks.json")
    for key in document["keys"]:
        assert set(key) == {"kty", "use", "alg", "kid", "n", "e"}, set(key)
        assert key["kty"] == "RSA" and key["use"] == "sig" and key["alg"] == "RS256" and key["e"] == "AQAB"
        assert int.from_bytes(decoded(key["n"])).bit_length() >= 2048
    assert len({key["kid"] for key in document["keys"]}) == len(document["keys"])
    for method in ("POST", "PUT", "DELETE"):
        assert world.gateway.ask(method, "/.well-known/jwks.json", b"{}")[0] == 405


# proves: IAM-06 IAM-07
def test_a_token_ends_with_its_session(world):
    ask, people = world.gateway.ask, world.people

    def over(login, what):
        assert world.status(login["access_token"]) == 401, what
        claims = read(login["access_token"])[1]
        # Another token for the same session does not bring it back, whatever its own id and times.
        claims |= {"jti": world.claims["jti"], "iat": now(), "nbf": now(), "exp": now(600)}
        assert world.status(world.trusted.sign(world.head(), claims)) == 401, what
        renewed = ask("POST", "/api/v1/auth/refresh", {"refresh_token": login["refresh_token"]}, Authorization="")[0]
        assert renewed == 401, what

    out = people.sign_in("viewer")
    assert ask("POST", "/api/v1/auth/logout", Authorization=f"Bearer {out['access_token']}")[0] == 204
    over(out, "after logout")

    email, identity = people.make("viewer")
    logins = [world.gateway.sign_in(email, people.provider) for _ in range(2)]
    everywhere = ask("POST", "/api/v1/auth/logout-everywhere", Authorization=f"Bearer {logins[0]['access_token']}")
    assert everywhere[0] in (200, 204), everywhere
    for login in logins:
        over(login, "after logout everywhere")

    for what, change in (("who is shut out", {"is_active": False}), ("who is something else", {"role": "technician"})):
        email, identity = people.make("viewer")
        login = world.gateway.sign_in(email, people.provider)
        path = f"/api/v1/users/{identity}"
        _, fields = world.gateway("GET", path)
        world.gateway("PATCH", path, change, If_Match=fields["ETag"])
        over(login, what)
