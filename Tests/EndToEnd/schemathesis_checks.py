"""What schemathesis does not know to ask: whether a refusal of a request that is as described names a rule.

Loaded by schemathesis itself (`hooks` in schemathesis.toml).
"""

import json

import schemathesis
from schemathesis.generation import GenerationMode

# A value that is not as described has one of these codes. What is as described may break a rule that no JSON Schema says
# (a day that has passed, a plan that is not there, an amount of zero), which has another.
NOT_AS_DESCRIBED = {"malformed", "missing", "unknown", "repeated", "invalid"}
# A cursor is made by the server alone.
OPAQUE = ("cursor",)
# Rules that a pattern does not say: the bits behind a prefix are zero, tags differ, a price is not nothing, a time lies in the
# years from 1 on and has nine digits of a second at most.
BEYOND_SCHEMA = ("IP address or prefix", "different words", "must be more than 0", "the name of a permission", "A time is written like", "an object of at most")
# One goes with the other.
PAIRS = ("/latitude", "/longitude")


def holds(body, name):
    """Whether a member of that name stands anywhere in it."""
    if isinstance(body, dict):
        return name in body or any(holds(value, name) for value in body.values())
    return isinstance(body, list) and any(holds(value, name) for value in body)


def is_a_rule(detail, body):
    if detail["code"] == "missing":
        # What is there and missing all the same is blank.
        return detail["field"] in PAIRS or holds(body, detail["field"].rsplit("/", 1)[-1])
    return (
        detail["code"] not in NOT_AS_DESCRIBED or detail["field"] in OPAQUE
        or any(text in detail["message"] for text in BEYOND_SCHEMA)
    )


@schemathesis.check
def refusals_of_what_is_described_name_a_rule(ctx, response, case):
    """400 and 422 for a request that the document allows: for a rule, never for its form."""
    meta = case.meta
    if response.status_code not in (400, 422) or meta is None or meta.generation.mode is not GenerationMode.POSITIVE:
        return
    body = json.loads(response.text)
    if "errors" in body:
        # GraphQL's own form: a query is no value that a schema describes.
        return
    error = body["error"]
    assert error["code"] != "malformed_json", error
    faults = [detail for detail in error["details"] if not is_a_rule(detail, case.body)]
    assert not faults, f"as described, and refused for its form: {faults}"
