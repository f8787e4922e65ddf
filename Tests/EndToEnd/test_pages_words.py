"""What is told and in which words, in Chromium: rules, previews, versions of one's own and the way back."""

import pytest
from playwright.sync_api import expect

from browser import accessibility_faults, overflows, sign_in


@pytest.fixture(autouse=True)
def as_usual(system):
    """Words and rules that another test left are gone."""
    system.sql("DELETE FROM notice_templates WHERE kind IN ('boost_approved', 'wallet_low')")
    system.sql("DELETE FROM notice_rules WHERE kind IN ('boost_approved', 'wallet_low')")


# proves: NTF-02
def test_words_of_ones_own_are_looked_at_used_and_taken_back(page, system, ann):
    sign_in(page, ann)
    page.get_by_role("link", name="What is told").click()
    expect(page.get_by_role("heading", name="What is told")).to_be_visible()
    assert not accessibility_faults(page) and not overflows(page)
    page.get_by_role("link", name="boost approved").click()
    page.get_by_label("By", exact=True).select_option("sms")
    page.get_by_label("Language").select_option("fr")
    page.get_by_role("button", name="Show", exact=True).click()
    panel = page.get_by_role("region", name="In which words")
    expect(panel.get_by_text("What is used now: the product's, in français.")).to_be_visible()
    before = panel.get_by_label("Text").input_value()

    panel.get_by_label("Text").fill("Votre {{nonsense}} est là.")
    panel.get_by_role("button", name="How it reads").click()
    expect(panel.get_by_role("alert")).to_contain_text("text:")
    panel.get_by_label("Text").fill("Vite : {{plan}} pour {{service}} <b>!")
    panel.get_by_role("button", name="How it reads").click()
    expect(panel.get_by_role("status", name="How it reads")).to_contain_text("<b>!")
    panel.get_by_role("button", name="Use these words").click()
    expect(panel.get_by_text("Version 1 is used from now on.")).to_be_visible()
    expect(panel.get_by_text("What is used now: your own, version 1, in français.")).to_be_visible()
    panel.get_by_label("Text").fill("Encore : {{plan}} pour {{service}}")
    panel.get_by_role("button", name="Use these words").click()
    expect(panel.get_by_text("What is used now: your own, version 2, in français.")).to_be_visible()
    assert not accessibility_faults(page) and not overflows(page)

    panel.get_by_role("row").filter(has_text="Version 1").get_by_role("button", name="Use again").click()
    expect(panel.get_by_text("Version 1 is used again.")).to_be_visible()
    expect(panel.get_by_label("Text")).to_have_value("Vite : {{plan}} pour {{service}} <b>!")
    panel.get_by_role("button", name="Use the product's words").click()
    expect(panel.get_by_text("What is used now: the product's, in français.")).to_be_visible()
    expect(panel.get_by_label("Text")).to_have_value(before)
    assert system.sql("SELECT count(*), count(*) FILTER (WHERE is_current) FROM notice_templates WHERE kind = 'boost_approved'") == [["2", "0"]]

    page.get_by_label("By", exact=True).select_option("email")
    page.get_by_label("Language").select_option("ar")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(panel.get_by_label("Subject")).to_have_attribute("dir", "rtl")
    panel.get_by_role("button", name="How it reads").click()
    expect(panel.get_by_role("status", name="How it reads")).to_be_visible()
    panel.get_by_text("The HTML of it").click()
    expect(panel.locator("pre")).to_contain_text("<html")
    page.set_viewport_size({"width": 360, "height": 800})
    assert not accessibility_faults(page) and not overflows(page)
    assert all("400" in told for told in page.complaints), page.complaints


# proves: NTF-04
def test_a_kind_is_told_to_nobody_and_as_usual_again(page, system, ann):
    sign_in(page, ann)
    page.goto("/#/words/wallet_low")
    panel = page.get_by_role("region", name="Whether it is told")
    panel.get_by_role("button", name="Tell it to nobody").click()
    expect(panel.get_by_text("It is told to nobody now.")).to_be_visible()
    assert system.sql("SELECT is_enabled FROM notice_rules WHERE kind = 'wallet_low'") == [["f"]]
    panel.get_by_role("button", name="Tell it again").click()
    expect(panel.get_by_text("It is told as usual now.")).to_be_visible()
    assert system.sql("SELECT count(*) FROM notice_rules WHERE kind = 'wallet_low'") == [["0"]]
    # What concerns access and safety cannot be turned off.
    page.goto("/#/words/password_changed")
    expect(page.get_by_role("heading", name="What is told: password changed")).to_be_visible()
    expect(page.get_by_role("button", name="Tell it to nobody")).to_have_count(0)
    assert not page.complaints
