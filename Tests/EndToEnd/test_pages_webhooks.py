"""The page of webhooks: Chromium against a running gateway, which needs no notifier to be looked at."""

import json

from playwright.sync_api import expect

from browser import accessibility_faults, overflows, sign_in


# proves: PLT-25
def test_webhooks_are_listed_tested_and_replayed_from_the_page(page, system, ann):
    operator = system.sql("SELECT subdomain FROM tenants WHERE parent_id IS NULL")[0][0]
    hook = json.loads(system.nexora(
        "webhook", "add", "https://hooks.example.net/pages", "--tenant", operator, "--events", "session.*", "--json"))
    sign_in(page, ann)
    page.goto("/#/webhooks")
    page.get_by_role("link", name=hook["url"]).click()
    expect(page.get_by_role("heading", level=1, name="Webhook")).to_be_visible()
    expect(page.get_by_text("Nothing was sent here yet.")).to_be_visible()
    page.get_by_role("button", name="Send a test event").click()
    expect(page.get_by_text("A test event is sent.")).to_be_visible()
    page.get_by_label("Send again what happened since").fill("2026-11-01T10:00:00")
    page.get_by_role("button", name="Replay").click()
    expect(page.get_by_text("Reading: 0 events so far")).to_be_visible()
    assert not accessibility_faults(page) and not overflows(page)
    system.sql(
        "UPDATE webhook_deliveries SET state = 'failed', next_at = NULL, ended_at = now(), last_error = 'refused' "
        f"WHERE endpoint_id = '{hook['id']}' RETURNING id")
    page.goto("/#/webhooks")
    page.get_by_role("link", name=hook["url"]).click()
    page.get_by_role("button", name="Redeliver webhook.test").click()
    expect(page.get_by_text("It is sent again.")).to_be_visible()
    assert not page.complaints
