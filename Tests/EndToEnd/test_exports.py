"""Lists as files in an object store (EXP-03), against the whole system and a store that proves every signature."""

import secrets
import urllib.error
import urllib.request

import pytest

from gateway import Gateway, People
from processes import eventually


@pytest.fixture(scope="module")
def gateway(system):
    made = Gateway(system, **system.object_store())
    made.bootstrap()
    made.token = People(made).sign_in("tenant_admin")["access_token"]
    return made


# proves: EXP-01 EXP-03 PLT-27
@pytest.mark.parametrize("form", ["csv", "ndjson"])
def test_a_file_in_the_store_is_the_lists_own_export(system, gateway, form):
    mark = f"stored{secrets.token_hex(4)}"
    rows = "".join(f"{mark} {number},+49 30 {number},Allee {number}\n" for number in range(700))
    gateway("POST", "/api/v1/customers/import", f"name,phone,address\n{rows}".encode(), Content_Type="text/csv",
            Idempotency_Key=secrets.token_hex(8))
    same, _ = gateway("GET", f"/api/v1/customers/export?format={form}&filter=name:prefix:{mark}&sort=name")
    assert len(same.splitlines()) == 700 + (form == "csv")

    with system.tail("--from-start", "--subject", "export.completed.>") as tail:
        made, fields = gateway("POST", "/api/v1/exports", {
            "entity": "customers", "format": form, "filters": [f"name:prefix:{mark}"], "sort": "name",
        }, 202, Idempotency_Key=secrets.token_hex(8))
        path = fields["Location"]
        assert path == f"/api/v1/exports/{made['data']['id']}"

        def state():
            return gateway("GET", path)[0]["data"]

        done = eventually(lambda: state()["state"] == "completed" and state(), 60, state)
        tail.wait_for(lambda seen: seen["event"]["data"]["exportId"] == made["data"]["id"])
    assert done["rows"] == 700 and done["octets"] == len(same.encode())

    link = gateway("GET", path + "/file")[0]["data"]
    assert link["file_name"] == f"customers.{form}"
    with urllib.request.urlopen(link["url"], timeout=30) as answer:
        assert answer.read() == same.encode()
        assert answer.headers["Content-Disposition"] == f'attachment; filename="customers.{form}"'
        assert answer.headers["x-amz-server-side-encryption"] == "AES256"
    # Nobody opens it with a link that says something else.
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(link["url"].replace("X-Amz-Expires=300", "X-Amz-Expires=3000"), timeout=30)
    assert refused.value.code == 403
    assert gateway("GET", "/api/v1/exports?limit=1")[0]["data"][0]["id"] == made["data"]["id"]
