"""What one is told in the pages, and how one says what one wants to be told, in Chromium."""

import json

import pytest
from playwright.sync_api import expect

from browser import accessibility_faults, overflows, sign_in


@pytest.fixture
def messages(system, ann, gateway):
    """Twelve messages of hers, one of them in Arabic; none was read."""
    tenant, user = system.sql(f"SELECT tenant_id, id FROM users WHERE email = '{ann.email}'")[0]
    system.sql(f"DELETE FROM notices WHERE recipient_id = '{user}'")
    for number in range(12):
        facts = json.dumps({"name": {"text": f"file-{number:02}.csv"}, "url": {"url": "https://my.example.net/"}})
        system.sql(
            "INSERT INTO notices (tenant_id, cause, kind, channel, recipient_kind, recipient_id, language, facts, state, ended_at, expires_at)"
            f" VALUES ('{tenant}', 'message:' || uuid_v7(), 'export_ready', 'in_app', 'user', '{user}', '{'ar' if number == 11 else 'en'}',"
            f" '{facts}', 'sent', now(), now() + interval '1 day')")
    return user


# proves: NTF-06
def test_messages_are_counted_read_one_by_one_and_all_at_once(page, system, ann, messages):
    sign_in(page, ann)
    bell = page.get_by_role("link", name="Messages 12 not read")
    expect(bell).to_be_visible()
    bell.click()
    expect(page.get_by_role("heading", name="Messages")).to_be_visible()
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(10)
    assert "file-11.csv" in rows.first.inner_text() and rows.first.locator("td").first.get_attribute("lang") == "ar"
    assert not accessibility_faults(page) and not overflows(page)
    page.get_by_role("button", name="Show more").click()
    expect(rows).to_have_count(12)

    rows.first.get_by_role("button").click()
    expect(page.get_by_role("link", name="Messages 11 not read")).to_be_visible()
    expect(rows.first.locator("time")).to_have_count(2)
    page.get_by_role("checkbox", name="Only what is not read").check()
    expect(rows.first).to_contain_text("file-10.csv")
    page.get_by_role("button", name="Mark everything as read").click()
    expect(page.get_by_text("You have read everything.")).to_be_visible()
    expect(page.get_by_role("link", name="Messages", exact=True)).to_be_visible()
    assert system.sql(f"SELECT count(*) FROM notices WHERE recipient_id = '{messages}' AND read_at IS NULL") == [["0"]]

    page.set_viewport_size({"width": 360, "height": 800})
    page.get_by_role("checkbox", name="Only what is not read").uncheck()
    expect(rows).to_have_count(10)
    assert not accessibility_faults(page) and not overflows(page)
    assert not page.complaints


# proves: NTF-07
def test_one_says_how_one_wants_to_be_told(page, system, ann, messages):
    sign_in(page, ann)
    page.goto("/#/account")
    form = page.get_by_role("region", name="How you are told")
    form.get_by_label("Language").select_option("fr")
    form.get_by_label("Time zone").fill("Mars/Base")
    form.get_by_label("Quiet from").fill("22:00")
    form.get_by_role("button", name="Save").click()
    # Quiet hours have an end, and the first fault is where one is led.
    expect(form.get_by_role("alert")).to_be_visible()
    expect(form.get_by_label("Quiet until")).to_be_focused()
    form.get_by_label("Quiet until").fill("07:30")
    form.get_by_role("button", name="Save").click()
    expect(form.get_by_label("Time zone")).to_be_focused()
    form.get_by_label("Time zone").fill("Europe/Rome")
    form.get_by_role("checkbox", name="SMS").check()
    form.get_by_role("checkbox", name="E-mail").check()
    form.get_by_role("button", name="SMS: earlier").click()
    expect(form.get_by_role("checkbox", name="SMS")).to_be_focused()
    form.get_by_role("checkbox", name="News").check()
    form.get_by_role("button", name="Save").click()
    expect(form.get_by_text("Saved.")).to_be_visible()
    assert not accessibility_faults(page) and not overflows(page)
    assert system.sql(
        "SELECT language, time_zone, quiet_from, quiet_until, channels, refused FROM notice_preferences "
        f"WHERE recipient_id = '{messages}'") == [["fr", "Europe/Rome", "1320", "450", "{sms,email}", "{news}"]]

    page.reload()
    expect(form.get_by_label("Language")).to_have_value("fr")
    expect(form.get_by_label("Quiet until")).to_have_value("07:30")
    assert form.locator("ol li").first.inner_text().startswith("SMS")
    expect(form.get_by_role("checkbox", name="SMS")).to_be_checked()
    page.set_viewport_size({"width": 360, "height": 800})
    assert not overflows(page)
    assert all("400" in told for told in page.complaints), page.complaints
