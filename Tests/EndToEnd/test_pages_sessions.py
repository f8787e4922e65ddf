"""Sessions are ended from the page: Chromium against a running gateway, provisioner behind it, and a NAS that is asked."""

import secrets

import pytest
from playwright.sync_api import expect

from browser import accessibility_faults, overflows, sign_in
from enforced import STOP, Provider
from processes import eventually


@pytest.fixture(scope="module")
def provisioner(system):
    made = system.provisioner(
        f"provisioner-{secrets.token_hex(3)}", NEXORA_COA_TRIES="2", NEXORA_ENFORCEMENT_ATTEMPTS="1",
        NEXORA_COA_BREAKER_THRESHOLD="100",
    )
    made.start()
    yield made
    made.terminate()


@pytest.fixture
def provider(system, provisioner):
    made = Provider(system)
    yield made
    made.close()


# proves: COA-02 COA-09
def test_a_session_is_ended_by_its_button(page, ann, provider):
    session = provider.online()
    sign_in(page, ann)
    page.goto(f"/#/sessions?user={provider.user}")
    page.get_by_role("button", name=f"End the session of {provider.user}").click()
    page.get_by_role("button", name="Leave it").click()
    assert not provider.desk.requests
    page.get_by_role("button", name=f"End the session of {provider.user}").click()
    assert not accessibility_faults(page) and not overflows(page)
    page.get_by_role("button", name="End the session", exact=True).click()
    expect(page.get_by_text("Asking the NAS")).to_be_visible()
    eventually(lambda: provider.desk.requests, 30, lambda: f"the Disconnect-Request of {provider.orders(session)}")
    assert provider.report(STOP, age=1)
    expect(page.get_by_text("Done: the session is over.")).to_be_visible(timeout=30_000)
    assert not provider.system.sql(f"SELECT 1 FROM sessions WHERE id = '{session}' AND ended_at IS NULL")
    assert not page.complaints


# proves: COA-07
def test_a_nas_that_does_not_answer_is_told_beside_the_session(page, system, ann, provider):
    provider.desk.answers = None
    session = provider.online()
    customer = system.sql(f"SELECT customer_id FROM sessions WHERE id = '{session}'")[0][0]
    sign_in(page, ann)
    page.goto(f"/#/subscriber/{customer}")
    page.get_by_role("button", name=f"End the session of {provider.user}").click()
    page.get_by_role("button", name="End the session", exact=True).click()
    expect(page.locator(".acts").get_by_text("Failed: the NAS does not answer.")).to_be_visible(timeout=60_000)
    # The page's own history learns of it when it has ended.
    history = page.get_by_role("region", name="What the network was asked to do")
    expect(history.get_by_text("Failed: the NAS does not answer.")).to_be_visible(timeout=30_000)
    expect(history.get_by_text("requested")).to_be_visible()
    page.get_by_role("link", name=f"History of the session of {provider.user}").click()
    expect(page.get_by_role("heading", name="Enforcements")).to_be_visible()
    expect(page.get_by_text("Failed: the NAS does not answer.")).to_be_visible()
    assert not accessibility_faults(page) and not overflows(page)
    assert not page.complaints


# proves: COA-05 COA-08
def test_a_nas_shows_its_breaker_and_what_it_taught(page, system, ann, provider):
    tenant, nas = system.sql(f"SELECT tenant_id, id FROM nas_devices WHERE address = '{provider.address}'")[0]
    system.sql(f"INSERT INTO nas_capabilities VALUES ('{tenant}', '{nas}', 'takes-no-change', now())")
    sign_in(page, ann)
    page.goto(f"/#/nases?q={provider.address}")
    row = page.get_by_role("row").filter(has_text=provider.address)
    row.get_by_role("button", name="Show how requests to edge stand").click()
    expect(row.get_by_text("Requests go out.")).to_be_visible()
    expect(row.get_by_text("It takes no CoA-Request.")).to_be_visible()
    assert not accessibility_faults(page) and not overflows(page)
    row.get_by_role("button", name="Forget what edge taught").click()
    expect(row.get_by_text("It taught nothing yet.")).to_be_visible()
    assert not system.sql(f"SELECT 1 FROM nas_capabilities WHERE nas_id = '{nas}'")
    assert not page.complaints
