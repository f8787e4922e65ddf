"""Lists as files in an object store (EXP-03), against the whole system and a store that proves every signature."""

import io
import secrets
import subprocess
import urllib.error
import urllib.request
import zipfile
from xml.etree import ElementTree

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


SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def cells(octets):
    """The rows of a spreadsheet's first sheet, absent cells left out."""
    with zipfile.ZipFile(io.BytesIO(octets)) as archive:
        assert archive.testzip() is None
        sheet = ElementTree.fromstring(archive.read("xl/worksheets/sheet1.xml"))
    # Nothing in it is reckoned.
    assert not list(sheet.iter(f"{SHEET}f"))
    return [["".join(cell.itertext()) for cell in row.iter(f"{SHEET}c")] for row in sheet.iter(f"{SHEET}row")]


def pdf_text(octets):
    """What a reader of PDF finds written in it."""
    done = subprocess.run(["pdftotext", "-", "-"], input=octets, capture_output=True, check=True, timeout=60)
    return done.stdout.decode()


# proves: EXP-02 EXP-03
def test_documents_hold_the_list_in_any_script_and_lie_in_the_store_too(gateway):
    mark = f"document{secrets.token_hex(4)}"
    names = [f"{mark} =SUM(A1)", f"{mark} Анна", f"{mark} مرحبا", f"{mark} Zoë"]
    rows = "".join(f"{name},+49 30 1,Allee 1\n" for name in names)
    gateway("POST", "/api/v1/customers/import", f"name,phone,address\n{rows}".encode(), Content_Type="text/csv",
            Idempotency_Key=secrets.token_hex(8))
    query = f"filter=name:prefix:{mark}&sort=name&fields=name,phone"

    def check(form, octets):
        if form == "xlsx":
            found = cells(octets)
            assert found[0] == ["name", "phone"] and {row[0] for row in found[1:]} == set(names)
        else:
            text = pdf_text(octets)
            assert all(word in text for word in ("=SUM(A1)", "Анна", "Zoë", "+49 30 1"))
            # Letters of Arabic, whichever way round the reader puts them.
            assert any("\u0600" <= letter <= "\u06ff" or "\ufe70" <= letter <= "\ufeff" for letter in text)

    for form in ("xlsx", "pdf"):
        request = urllib.request.Request(f"{gateway.url}/api/v1/customers/export?format={form}&{query}",
                                         headers={"Authorization": f"Bearer {gateway.token}"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            assert answer.headers["Content-Disposition"] == f'attachment; filename="customers.{form}"'
            check(form, answer.read())

        made, fields = gateway("POST", "/api/v1/exports", {
            "entity": "customers", "format": form, "filters": [f"name:prefix:{mark}"], "sort": "name",
            "fields": ["name", "phone"],
        }, 202, Idempotency_Key=secrets.token_hex(8))

        def state(path=fields["Location"]):
            return gateway("GET", path)[0]["data"]

        done = eventually(lambda: state()["state"] == "completed" and state(), 60, state)
        assert done["rows"] == len(names)
        link = gateway("GET", fields["Location"] + "/file")[0]["data"]
        assert link["file_name"] == f"customers.{form}"
        with urllib.request.urlopen(link["url"], timeout=30) as answer:
            check(form, answer.read())
