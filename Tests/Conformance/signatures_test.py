"""Signatures of others' requests by the others' own libraries: what Carriers' tests believe is what the vendor's SDK says."""

import json
import pathlib
import urllib.parse

import pytest
from twilio.request_validator import RequestValidator

# Tests/Shared/Carriers reads them too.
CASES = json.loads((pathlib.Path(__file__).parent / "vectors/twilio-signatures.json").read_text(encoding="utf-8"))


def parameters(body):
    return dict(urllib.parse.parse_qsl(body, keep_blank_values=True))


# proves: NTF-02
@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_twilio_signs_as_our_vectors_say(case):
    validator = RequestValidator(case["token"])
    items = parameters(case["body"])
    assert validator.compute_signature(case["url"], items) == case["signature"]
    assert validator.validate(case["url"], items, case["signature"])
    assert not validator.validate(case["url"], items | {"MessageSid": "SM9"}, case["signature"])
    assert not RequestValidator("another").validate(case["url"], items, case["signature"])
