"""The pages of money and usage: Chromium against a running gateway, and billing-worker behind it."""

import secrets

import pytest
from playwright.sync_api import expect

from browser import Gateway, accessibility_faults, overflows, sign_in
from processes import eventually


@pytest.fixture(scope="module")
def gateway(system):
    return Gateway(system, NEXORA_LIMITS_PAYMENTS="0")


class Metered:
    """A subscriber on a plan with one quota of a million octets, of which he used some; made behind the API, and taken away again."""

    def __init__(self, system, used):
        self.system, self.name = system, f"metered-{secrets.token_hex(4)}"
        tenant = system.sql(f"SELECT tenant_id FROM services WHERE username = '{system.user}'")[0][0]
        self.tenant = tenant
        system.sql(
            "INSERT INTO plans (tenant_id, name, download_bps, upload_bps, price) "
            f"VALUES ('{tenant}', '{self.name}', 1000000, 1000000, 10)")
        self.plan = system.sql(f"SELECT id FROM plans WHERE name = '{self.name}'")[0][0]
        system.sql(
            "INSERT INTO customers (tenant_id, code, name, phone, address) "
            f"VALUES ('{tenant}', '{self.name}', 'Metered', '1', 'Allee 5')")
        self.customer = system.sql(f"SELECT id FROM customers WHERE code = '{self.name}'")[0][0]
        system.sql(
            "INSERT INTO services (tenant_id, customer_id, plan_id, username) "
            f"VALUES ('{tenant}', '{self.customer}', '{self.plan}', '{self.name}')")
        self.service = system.sql(f"SELECT id FROM services WHERE username = '{self.name}'")[0][0]
        system.sql(
            "INSERT INTO plan_quotas (tenant_id, plan_id, position, name, allowance, span, policy) "
            f"VALUES ('{tenant}', '{self.plan}', 1, 'Fair use', 1000000, 'month', 'tell')")
        system.sql(
            "INSERT INTO quota_usage (tenant_id, service_id, quota_id, window_start, window_end, weighted) "
            f"SELECT tenant_id, '{self.service}', id, date_trunc('month', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC', "
            "(date_trunc('month', now() AT TIME ZONE 'UTC') + interval '1 month') AT TIME ZONE 'UTC', "
            f"{used} * 100 FROM plan_quotas WHERE plan_id = '{self.plan}'")
        system.sql(
            "INSERT INTO usage_hourly (tenant_id, service_id, hour, input_octets, output_octets, seconds) "
            f"VALUES ('{tenant}', '{self.service}', date_trunc('hour', now()), 5000, {used}, 60)")

    def subscribe(self, state):
        """A subscription of that state that nobody looks after."""
        self.system.sql(
            "INSERT INTO plan_versions (tenant_id, plan_id, number, price, currency, cycle_unit, cycle_count, mode, grace_seconds, "
            "suspension, reminders, promises, longest_promise_seconds) "
            f"VALUES ('{self.tenant}', '{self.plan}', 1, 100000, 'EUR', 'month', 1, 'prepaid', 0, 'extend', '{{}}', 0, 0)")
        self.system.sql(
            "INSERT INTO subscriptions (tenant_id, customer_id, service_id, plan_version_id, state) "
            f"SELECT tenant_id, '{self.customer}', '{self.service}', id, '{state}' FROM plan_versions WHERE plan_id = '{self.plan}'")

    def status(self, status):
        self.system.sql(f"UPDATE services SET status = '{status}' WHERE id = '{self.service}'")

    def remove(self):
        self.system.sql(f"DELETE FROM subscriptions WHERE service_id = '{self.service}'")
        self.system.sql(f"DELETE FROM services WHERE id = '{self.service}'")


@pytest.fixture
def metered(system):
    made = Metered(system, 850_000)
    yield made
    made.remove()


# proves: FUP-10
def test_quotas_are_bars_with_words_and_hours_are_drawn(page, ann, metered):
    sign_in(page, ann)
    page.goto(f"/#/subscriber/{metered.customer}")
    bar = page.get_by_role("meter", name="Fair use")
    expect(bar).to_have_attribute("aria-valuenow", "85")
    assert bar.locator("line").count() == 2
    quota = page.locator(".quota")
    expect(quota).to_contain_text("850 KB of 1 MB used, 85 %")
    expect(quota.get_by_text("80 % reached")).to_be_visible()
    page.get_by_role("button", name="48 hours").click()
    expect(page.get_by_role("heading", name="Usage, 48 hours")).to_be_visible()
    plot = page.get_by_role("img", name="Usage by hour")
    expect(plot.locator("rect.download")).to_have_count(48)
    # The bars are read one after the other by keyboard.
    walk = page.get_by_role("slider", name="Usage, hour by hour")
    expect(walk).to_contain_text("850 KB down, 5 KB up")
    walk.focus()
    page.keyboard.press("ArrowLeft")
    expect(walk).to_contain_text("0 B down, 0 B up")
    expect(walk).to_have_attribute("aria-valuenow", "46")
    page.keyboard.press("Home")
    expect(walk).to_have_attribute("aria-valuenow", "0")
    page.keyboard.press("End")
    expect(walk).to_contain_text("850 KB down")
    assert accessibility_faults(page) == [] and not page.complaints


def test_the_words_of_a_quota_follow_its_marks(page):
    page.goto("/")
    said = page.evaluate("""async () => {
        const { level } = await import("/assets/scripts/views/usage.js");
        const of = (used, more) => level({ allowance: 100, used, is_used_up: false, ...more });
        return [of(0), of(79.9), of(80), of(94.9), of(95), of(100), of(10, { is_used_up: true }), of(7, { allowance: -1 })]
            .map((one) => `${one.tone}|${one.said}`);
    }""")
    assert said == ["good|", "good|", "warn|80 % reached", "warn|80 % reached", "bad|95 % reached", "bad|used up", "bad|used up",
                    "|no limit"]


def test_hours_without_usage_are_hours_as_well(page):
    page.goto("/")
    hours = page.evaluate("""async () => {
        const { byHour } = await import("/assets/scripts/plot.js");
        const row = (hour, octets) => ({ hour, input_octets: 1, output_octets: octets });
        return byHour([row("2026-03-01T00:00:00Z", 5), row("2026-03-01T00:00:00Z", 6), row("2026-02-28T20:00:00Z", 9)], 3,
            new Date("2026-03-01T01:59:59Z"));
    }""")
    assert [hour["hour"] for hour in hours] == [f"2026-{at}:00:00.000Z" for at in ("02-28T23", "03-01T00", "03-01T01")]
    assert [(hour["download"], hour["upload"]) for hour in hours] == [(0, 0), (11, 2), (0, 0)]


def top_up(gateway, token, customer, amount):
    status, _, text = gateway.ask(
        "POST", f"/api/v1/customers/{customer}/top-ups", {"amount": amount, "method": "manual"},
        Authorization=f"Bearer {token}", Idempotency_Key=secrets.token_hex(12), Prefer="wait=20")
    assert status == 201, text


# proves: WAL-13
def test_the_books_are_shown_as_proved_and_signed(page, system, gateway, ann, metered):
    token = ann.token()
    top_up(gateway, token, metered.customer, "7.25")
    system.nexora("ledger", "verify")
    sign_in(page, ann)
    page.get_by_role("link", name="Ledger").click()
    books = page.get_by_role("region", name="Books in EUR")
    expect(books.get_by_text("proved", exact=True)).to_be_visible(timeout=30_000)
    # The worker keeps its figures every few seconds, and the page asks every few.
    for words in ["Read again and proved up to batch", "Signed up to batch", "sum to zero", "All of it was proved at once."]:
        expect(books).to_contain_text(words, timeout=30_000)
    # Another payment, and the page follows by itself.
    before = proved(gateway, token)
    top_up(gateway, token, metered.customer, "1")
    eventually(lambda: proved(gateway, token) > before, 30, "the batch's proof")
    page.wait_for_function(
        "least => [...document.querySelectorAll('.observed li')].some((line) => "
        "Number(/proved up to batch ([0-9]+)/.exec(line.textContent)?.[1] ?? 0) >= least)", arg=before + 1)
    assert accessibility_faults(page) == [] and not page.complaints


def proved(gateway, token):
    """Up to which batch in euros the books are proved."""
    status, answer = gateway.call("GET", "/api/v1/ledger/verification", token=token)
    assert status == 200, answer
    return max((lane["verified_through"] for lane in answer["data"] if lane["currency"] == "EUR"), default=0)


def test_who_paid_and_is_kept_out_appears_with_a_link_and_goes_when_it_is_mended(page, ann, metered):
    metered.subscribe("active")
    sign_in(page, ann)
    page.goto("/#/ledger")
    kept_out = page.get_by_role("region", name="Paid for and kept out")
    expect(kept_out.locator(".busy")).to_have_count(0)
    metered.status("suspended")
    link = kept_out.get_by_role("link", name=metered.name)
    expect(link).to_be_visible(timeout=25_000)
    expect(kept_out).to_contain_text("suspended")
    metered.status("active")
    expect(link).to_have_count(0, timeout=25_000)
    metered.status("suspended")
    expect(link).to_be_visible(timeout=25_000)
    link.click()
    expect(page.get_by_role("heading", level=1, name="Metered")).to_be_visible()
    assert not page.complaints


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_books_and_a_quota_fit_a_telephone(chromium, gateway, ann, metered, scheme):
    metered.subscribe("active")
    metered.status("suspended")
    page = chromium.page(gateway.url, viewport={"width": 360, "height": 740}, color_scheme=scheme, reduced_motion="reduce")
    sign_in(page, ann)
    for view, sign in [("#/ledger", metered.name), (f"#/subscriber/{metered.customer}", "Fair use")]:
        page.goto(f"/{view}")
        expect(page.get_by_text(sign).first).to_be_visible()
        page.wait_for_function("() => !document.querySelector('.busy')")
        assert accessibility_faults(page) == [], view
        assert overflows(page) <= 0, view
    page.context.close()


def test_what_cannot_be_read_is_said_and_told_again_when_it_can(page, ann):
    sign_in(page, ann)
    page.route("**/api/v1/ledger/verification", lambda route: route.abort())
    page.goto("/#/ledger")
    expect(page.get_by_role("alert")).to_contain_text("The server cannot be reached.")
    expect(page.get_by_text("The books cannot be read.")).to_be_visible()
    page.unroute("**/api/v1/ledger/verification")
    expect(page.get_by_role("alert")).to_have_count(0, timeout=25_000)
    expect(page.get_by_text("The books cannot be read.")).to_have_count(0)
