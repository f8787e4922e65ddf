"""The pages as people use them: Chromium against a running gateway."""

import secrets
import time

import pytest
from playwright.sync_api import expect

from browser import Gateway, accessibility_faults, overflows, sign_in, totp
from processes import eventually
from radius_clients import radclient

VIEWS = [
    "#/subscribers", "#/subscribers?q=demo0001", "#/sessions", "#/tail", "#/tail?since=2026-01-01T00:00:00Z&speed=step", "#/ledger",
]


def login(system, password=None, user=None):
    return radclient(system.radius.auth_port, "auth", system.secret, {
        "User-Name": user or system.user, "User-Password": password or system.user_password, "NAS-Port": 1,
        "Calling-Station-Id": "02-00-00-00-77-01", "Message-Authenticator": "0x00",
    })


def open_tail(page, system):
    """The tail of logins, once it has drawn all that went before; and its rows, one for each login."""
    page.goto("/#/tail?type=radius.access&fold=no")
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    stranger = f"stranger-{secrets.token_hex(6)}"
    login(system, user=stranger)
    # Events stand in their order: what came before this one is there with it.
    rows = page.locator(".events > li[data-kind='radius.access']")
    expect(rows.first).to_contain_text(stranger)
    return rows


# proves: IAM-02 IAM-08
def test_signing_in_takes_the_password_and_the_authenticators_code(page, ann):
    ann.enrol()
    page.goto("/")
    page.get_by_label("E-mail").fill(ann.email)
    page.get_by_label("Password").fill("wrong wrong wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("No account has this e-mail address and password")
    page.get_by_label("Password").fill(ann.password)
    page.keyboard.press("Enter")
    page.get_by_label("Code of your authenticator").fill("000000")
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_role("alert")).to_contain_text("code is wrong")
    page.get_by_label("Code of your authenticator").fill(ann.code())
    page.keyboard.press("Enter")
    expect(page.get_by_label("Find a subscriber")).to_be_visible()
    ann.disable()


# proves: IAM-29
def test_after_failures_the_page_does_the_work_that_is_asked_of_it(page, ann):
    page.goto("/")
    page.get_by_label("E-mail").fill(ann.email)
    for _ in range(3):
        page.get_by_label("Password").fill("wrong wrong wrong")
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("alert")).to_contain_text("No account has this e-mail address and password")
    asked = []
    page.on("response", lambda answer: asked.append(answer.status) if answer.url.endswith("/login") else None)

    def signs_in():
        # The address has to wait first.
        page.get_by_label("Password").fill(ann.password)
        page.get_by_role("button", name="Sign in").click()
        page.get_by_label("Find a subscriber").or_(page.get_by_role("alert")).wait_for()
        return page.get_by_label("Find a subscriber").is_visible()

    eventually(signs_in, 60)
    assert asked[-2:] == [403, 200]


def test_a_session_survives_a_reload_and_no_script_can_read_it(page, ann):
    sign_in(page, ann)
    page.reload()
    expect(page.get_by_label("Find a subscriber")).to_be_visible()
    kept = page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])")
    assert kept == '[{},{},""]'
    cookies = page.context.cookies()
    assert cookies and all(cookie["httpOnly"] and cookie["sameSite"] == "Strict" for cookie in cookies)
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("E-mail")).to_be_visible()
    page.reload()
    expect(page.get_by_label("E-mail")).to_be_visible()


def test_a_subscriber_is_found_and_shown_with_facts_and_their_sources(page, system, ann):
    radclient(system.radius.acct_port, "acct", system.secret, {
        "User-Name": system.user, "Acct-Status-Type": "Start", "Acct-Session-Id": "page-1", "NAS-Port": 7,
        "Calling-Station-Id": "02-00-00-00-77-02", "Framed-IP-Address": "100.64.9.9",
    })
    eventually(lambda: system.sql("SELECT 1 FROM sessions WHERE acct_session_id = 'page-1'"))
    sign_in(page, ann)
    page.keyboard.type(system.user)
    page.keyboard.press("Enter")
    page.get_by_role("link", name=system.user).first.click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    facts = page.locator(".observed").first
    expect(facts).to_contain_text("Online since")
    expect(facts).to_contain_text("100.64.9.9")
    expect(facts).to_contain_text("From accounting, the session's last report")
    page.get_by_role("button", name="What would a login get now?").click()
    expect(page.get_by_text("A login would get")).to_be_visible()
    expect(page.get_by_role("cell", name="passed").first).to_be_visible()
    assert not page.complaints


@pytest.fixture
def used_yesterday(system):
    """A day of usage that no session stands behind, while the test runs: books.py adds up what is left."""
    service, tenant = system.sql(f"SELECT id, tenant_id FROM services WHERE username = '{system.user}'")[0]
    day = "(now() AT TIME ZONE 'UTC')::date - 1"
    system.sql(
        "INSERT INTO usage_daily (tenant_id, service_id, day, input_octets, output_octets, sessions) "
        f"VALUES ('{tenant}', '{service}', {day}, 1000000, 250000000, 2)"
    )
    yield service
    system.sql(f"DELETE FROM usage_daily WHERE tenant_id = '{tenant}' AND service_id = '{service}' AND output_octets = 250000000")


def test_usage_is_drawn_and_stands_in_a_table(page, system, ann, used_yesterday):
    customer = system.sql(f"SELECT customer_id FROM services WHERE id = '{used_yesterday}'")[0][0]
    sign_in(page, ann)
    page.goto(f"/#/subscriber/{customer}")
    plot = page.get_by_role("img", name="Usage by day")
    expect(plot).to_be_visible()
    assert plot.locator("rect.download").count() == 30
    page.get_by_text("The same as a table").click()
    expect(page.get_by_role("cell", name="250 MB")).to_be_visible()


def test_who_is_online_is_listed_by_user_name(page, system, ann):
    sign_in(page, ann)
    page.get_by_role("link", name="Online sessions").click()
    expect(page.get_by_role("table")).to_contain_text(system.user)
    page.get_by_label("User name").fill("nobody-is-called-so")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Nobody who is online fits.")).to_be_visible()


# proves: WS-03
def test_a_login_appears_in_the_tail_within_half_a_second(page, system, ann):
    sign_in(page, ann)
    rows = open_tail(page, system)
    delays = []
    for _ in range(5):
        before = rows.count()
        assert login(system)[0] == "Access-Accept"
        answered = time.monotonic()
        page.wait_for_function(
            "count => document.querySelectorAll(\".events > li[data-kind='radius.access']\").length > count", arg=before
        )
        delays.append(time.monotonic() - answered)
    print("seconds from the answer to the line in the tail:", [f"{delay:.3f}" for delay in sorted(delays)])
    assert sorted(delays)[2] < 0.5
    expect(rows.first).to_contain_text(system.user)
    rows.first.locator("summary").click()
    rows.first.get_by_role("link", name="The subscriber").click()
    expect(page.get_by_role("heading", name="Usage, 30 days")).to_be_visible()
    assert not page.complaints


def test_a_paused_tail_keeps_what_comes_and_goes_on(page, system, ann):
    sign_in(page, ann)
    rows = open_tail(page, system)
    pause = page.get_by_role("button", name="Pause")
    pause.click()
    before = rows.count()
    for _ in range(3):
        login(system)
    resume = page.get_by_role("button", name="Resume (3 waiting)")
    expect(resume).to_be_visible()
    assert rows.count() == before
    resume.click()
    expect(rows).to_have_count(before + 3)


def test_a_tail_whose_gateway_restarts_goes_on_where_it_stood(page, system, gateway, ann):
    sign_in(page, ann)
    rows = open_tail(page, system)
    before = rows.count()
    gateway.daemon.terminate()
    for _ in range(4):
        login(system)
    gateway.daemon.start()
    expect(rows).to_have_count(before + 4, timeout=30_000)
    assert page.locator(".events > li.gap").count() == 0


# proves: WAL-10 WAL-11
def test_money_is_taken_in_on_a_subscribers_page(page, system, ann):
    customer = system.sql(f"SELECT customer_id FROM services WHERE username = '{system.user}'")[0][0]
    sign_in(page, ann)
    page.goto(f"/#/subscriber/{customer}")
    panel = page.locator("section.panel", has=page.get_by_role("heading", name="Wallet"))
    panel.get_by_role("button", name="Top up…").click()
    panel.locator("#top-up-amount").fill("12.5")
    panel.locator("#top-up-method").select_option("manual")
    panel.get_by_role("button", name="Top up", exact=True).click()
    expect(panel).to_contain_text("12.50 EUR came in.")
    expect(panel.get_by_role("table").first).to_contain_text("EUR")
    expect(panel).to_contain_text("What moved in EUR")
    expect(panel.get_by_role("cell", name="+12.50")).to_be_visible()
    expect(panel).to_contain_text("Last payments")
    assert accessibility_faults(page) == [] and not page.complaints


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_every_view_is_accessible_and_fits(chromium, gateway, system, ann, scheme, width):
    page = chromium.page(gateway.url, viewport={"width": width, "height": 740}, color_scheme=scheme, reduced_motion="reduce")
    page.goto("/")
    expect(page.get_by_label("E-mail")).to_be_visible()
    assert accessibility_faults(page) == [] and overflows(page) <= 0
    sign_in(page, ann)
    customer = system.sql(f"SELECT customer_id FROM services WHERE username = '{system.user}'")[0][0]
    for view in [*VIEWS, f"#/subscriber/{customer}"]:
        page.goto(f"/{view}")
        page.wait_for_function("() => !document.querySelector('.busy')")
        assert accessibility_faults(page) == [], view
        assert overflows(page) <= 0, view
    turning = page.evaluate("""() => {
        const busy = document.createElement('p');
        busy.className = 'busy';
        document.body.append(busy);
        return getComputedStyle(busy, '::before').animationName;
    }""")
    assert turning == "none"
    page.context.close()


def test_everything_comes_from_the_gateway_and_nothing_runs_that_is_not_a_file(page, gateway, ann):
    requests = []
    page.on("request", lambda request: requests.append(request.url))
    sign_in(page, ann)
    page.goto("/#/tail")
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    assert requests and all(url.startswith(gateway.url + "/") for url in requests)
    policy = page.request.get("/").headers["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy and "*" not in policy
    # Inline script, inline style and markup made of text are refused by the browser itself.
    refused = page.evaluate("""() => {
        const before = window.inlineRan;
        const script = document.createElement('script');
        try { script.text = 'window.inlineRan = 1'; } catch { }
        document.body.append(script);
        let markup = 'refused';
        try { document.body.insertAdjacentHTML('beforeend', '<b></b>'); markup = 'taken'; } catch { }
        return [window.inlineRan === before, markup];
    }""")
    assert refused == [True, "refused"]


# proves: WS-01 WS-02 WS-06
def test_a_browsers_web_socket_gets_the_same_events(page, system, gateway, ann):
    page.goto("/")
    page.evaluate("""([port, token]) => {
        window.told = [];
        const socket = new WebSocket(`ws://127.0.0.1:${port}/ws/realtime`, ['nexora.v1', `bearer.${token}`]);
        socket.onopen = () => socket.send(JSON.stringify({type: 'subscribe', filter: {type: 'radius.access'}}));
        socket.onmessage = (message) => window.told.push(JSON.parse(message.data));
        socket.onclose = (event) => window.told.push({event: 'closed', code: event.code});
    }""", [gateway.port, ann.token()])
    page.wait_for_function("() => window.told.some((message) => message.event === 'ready')")
    login(system)
    page.wait_for_function("() => window.told.some((message) => message.event === 'radius.access')")
    event = page.evaluate("window.told.find((message) => message.event === 'radius.access')")
    assert event["data"]["data"]["username"] == system.user
    assert event["timestamp"] == event["data"]["time"] and event["sequence"] > 0


# proves: WS-06
def test_nobody_watches_without_a_token_or_more_than_he_may(gateway, ann):
    for path in ("/api/v1/events", "/ws/realtime"):
        assert gateway.call("GET", path)[0] == 401
        assert gateway.call("GET", path, token="x.y.z")[0] == 401
    assert gateway.call("GET", "/api/v1/events?type=nonsense", token=ann.token())[0] == 400
    assert gateway.call("GET", "/api/v1/events?from=x", token=ann.token())[0] == 400


# proves: WS-08
def test_more_tails_than_a_user_may_have_are_refused_with_both_numbers(system, ann):
    gateway = Gateway(system, NEXORA_LIVE_CONNECTIONS_PER_USER="2")
    token = ann.token()
    streams = [gateway.stream("/api/v1/events", token) for _ in range(2)]
    try:
        status, problem = gateway.call("GET", "/api/v1/events", token=token)
        assert status == 429 and problem["error"]["code"] == "LIVE_QUOTA"
        assert "2 of 2" in problem["detail"]
        assert gateway.daemon.metric("live_connections") == 2
    finally:
        for stream in streams:
            stream.close()
    eventually(lambda: gateway.daemon.metric("live_connections") == 0, what="the seats' return")
    gateway.daemon.terminate()


# proves: WS-05
def test_a_program_resumes_where_it_stood(system, gateway, ann):
    token = ann.token()
    stream = gateway.stream("/api/v1/events?type=radius.access", token)
    first = next(stream.events("ready"))["id"]
    for _ in range(3):
        login(system)
    seen = [event["id"] for _, event in zip(range(3), stream.events("radius.access"))]
    stream.close()
    assert int(first) < int(seen[0]) < int(seen[1]) < int(seen[2])
    again = gateway.stream("/api/v1/events?type=radius.access&follow=false", token, {"last-event-id": seen[0]})
    assert [event["id"] for event in again.events("radius.access")][:2] == seen[1:]
