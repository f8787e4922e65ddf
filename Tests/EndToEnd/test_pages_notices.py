"""The delivery log in the page: Chromium against a running gateway, rows as the notifier would have left them."""

import pytest
from playwright.sync_api import expect

from browser import accessibility_faults, overflows, sign_in


@pytest.fixture
def failed(system):
    """A notice that nobody took, and one that waits."""
    tenant = system.sql("SELECT id FROM tenants WHERE parent_id IS NULL")[0][0]
    for state, open_ in (("failed", False), ("held", True)):
        system.sql(
            "INSERT INTO notices (tenant_id, cause, kind, channel, recipient_kind, recipient_id, address, language, state, reason,"
            " detail, next_at, ended_at, expires_at)"
            f" VALUES ('{tenant}', 'event:' || uuid_v7(), 'wallet_low', 'email', 'user', uuid_v7(), 'ann@example.net', 'en',"
            f" '{state}', 'mailbox_full', '452 4.2.2 mailbox full', {'now() + interval ' + chr(39) + '1 hour' + chr(39) if open_ else 'NULL'},"
            f" {'NULL' if open_ else 'now()'}, now() + interval '1 day')"
        )
    return tenant


# proves: NTF-02 NTF-03
def test_what_failed_is_sent_again_and_what_waits_is_cancelled(page, system, ann, failed):
    sign_in(page, ann)
    page.goto("/#/notices?state=failed")
    expect(page.get_by_role("heading", name="Delivery log")).to_be_visible()
    row = page.get_by_role("row").filter(has_text="452 4.2.2 mailbox full").first
    row.get_by_role("button", name="Send again: wallet low").click()
    expect(page.get_by_text("Sent again.").first).to_be_visible()
    assert system.sql(f"SELECT count(*) FROM notices WHERE tenant_id = '{failed}' AND resend_of IS NOT NULL")[0][0] != "0"
    page.goto("/#/notices?state=held")
    page.get_by_role("button", name="Cancel: wallet low").first.click()
    expect(page.get_by_role("cell", name="cancelled").first).to_be_visible()
    assert not accessibility_faults(page) and not overflows(page)
    assert not page.complaints
