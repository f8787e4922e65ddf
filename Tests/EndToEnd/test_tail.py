"""The page's tail beyond what happens now: replays, folded repeats, and what happens to oneself."""

import itertools
import json
import re
import secrets
from datetime import datetime, timedelta

import pytest
from playwright.sync_api import expect

from browser import sign_in
from gateway import People
from processes import eventually
from radius_clients import radclient

PORTS = itertools.count(7_000)
ROWS = ".events > li[data-kind='radius.access']"


@pytest.fixture
def page(chromium, gateway):
    page = chromium.page(gateway.url, viewport={"width": 1280, "height": 900}, timezone_id="Asia/Kolkata")
    yield page
    page.context.close()


@pytest.fixture
def stranger():
    """A name that nobody has."""
    return f"stranger-{secrets.token_hex(6)}"


def login(system, user):
    return radclient(system.radius.auth_port, "auth", system.secret, {
        "User-Name": user, "User-Password": system.user_password, "NAS-Port": next(PORTS),
        "Calling-Station-Id": "02-00-00-00-88-01", "Message-Authenticator": "0x00",
    })


def logins(system, gateway, ann, user, count):
    """The events of that many logins, as a program reads them."""
    stream = gateway.stream(f"/api/v1/events?type=radius.access&user={user}", ann.token())
    try:
        next(stream.events("ready"))
        for _ in range(count):
            login(system, user)
        return [event for _, event in zip(range(count), stream.events("radius.access"))]
    finally:
        stream.close()


def replay(page, user, since, speed, fold="no"):
    page.goto(f"/#/tail?type=radius.access&user={user}&since={since}&speed={speed}&fold={fold}")
    return page.locator(ROWS)


# Pacing, without a clock: `[events' own seconds, the reader's milliseconds at which each is shown]`.
PACE = """async ([speed, seconds]) => {
    const { Replay } = await import('/assets/scripts/replay.js');
    const replay = new Replay(speed);
    seconds.forEach((second, number) => replay.add(
        {id: String(number), name: 'radius.access', data: {time: new Date(1e12 + second * 1000).toISOString(), data: {}}}));
    const shown = [];
    for (let now = 0; now <= 60000; now += 1) {
        for (const message of replay.take(now, 100)) shown.push([message.name === 'silence' ? 'silence' : Number(message.id), now]);
    }
    return shown;
}"""


# proves: WS-03
@pytest.mark.parametrize("speed, shown", [
    ("1", [[0, 0], [1, 500], [2, 2500], [3, 2500], ["silence", 2500], [4, 5500], ["silence", 5500], [5, 8500]]),
    ("10", [[0, 0], [1, 50], [2, 250], [3, 250], [4, 2250], ["silence", 2250], [5, 5250]]),
    ("100", [[0, 0], [1, 5], [2, 25], [3, 25], [4, 225], ["silence", 225], [5, 3225]]),
    ("step", []),
])
def test_a_replay_keeps_the_events_own_pace_and_tells_the_silences_that_it_shortens(page, speed, shown):
    page.goto("/")
    # The fourth came late: it is older than the one before it.
    assert page.evaluate(PACE, [speed, [0, 0.5, 2.5, 1, 22.5, 3622.5]]) == shown


def event_stream(seconds, first=1):
    """The answer of the route of events, of a stream that ends."""
    parts = [f'id: {first - 1}\nevent: ready\ndata: {{"sequence":{first - 1},"masked":false}}\n\n']
    for number, second in enumerate(seconds, first):
        event = {
            "time": f"2026-11-20T10:{second // 60:02}:{second % 60:02}Z", "source": "/tests", "tenantid": "t",
            "data": {"username": "alice", "nasName": "edge-1", "outcome": "OUTCOME_REJECT", "reason": "wrong_password"},
        }
        parts.append(f"id: {number}\nevent: radius.access\ndata: {json.dumps(event)}\n\n")
    last = first + len(seconds) - 1
    parts.append(f'id: {last}\nevent: live\ndata: {{"sequence":{last}}}\n\n')
    return "".join(parts)


# proves: WS-03
@pytest.mark.parametrize("speed, wait", [("1", 2_000), ("10", 200), ("100", 20)])
def test_the_page_shows_a_replay_at_each_speed(page, ann, speed, wait):
    """Its clock stands still but for what is said; the gateway's answer is made up, so that the events' times are known."""
    sign_in(page, ann)
    asked = []

    def answer(route):
        asked.append((route.request.url, route.request.headers.get("last-event-id")))
        seconds = [] if asked[-1][1] else [0, 2, 4]
        route.fulfill(content_type="text/event-stream", body=event_stream(seconds, 4 if asked[-1][1] else 1))

    page.route("**/api/v1/events?*", answer)
    page.clock.install()
    page.clock.pause_at(datetime.now() + timedelta(minutes=1))
    rows = replay(page, "alice", "2026-11-20T10:00:00Z", speed)
    waiting = page.get_by_text(re.compile("[0-9]+ waiting"))

    def draws_the_first():
        page.clock.run_for(17)
        return waiting.inner_text() == "15:30:00.000, 2 waiting"

    # The frame behind their arrival draws what is due. The others' turns are counted from there, and drawn a frame behind them.
    eventually(draws_the_first)
    assert "since=2026-11-20T10%3A00%3A00Z" in asked[0][0] and "last=" not in asked[0][0]
    if wait > 120:
        page.clock.run_for(wait - 60)
        assert rows.count() == 1
        page.clock.run_for(120)
        assert rows.count() == 2
        page.clock.run_for(wait - 120)
        assert rows.count() == 2
    page.clock.run_for(120)
    assert rows.count() == 3
    page.clock.resume()
    expect(page.get_by_text("The replay has reached the present: what follows is live.")).to_be_visible()


# proves: WS-03 WS-05
def test_a_replay_goes_step_by_step_and_its_place_is_a_link(page, system, gateway, ann, stranger):
    events = logins(system, gateway, ann, stranger, 4)
    sign_in(page, ann)
    rows = replay(page, stranger, events[0]["data"]["time"], "step")
    expect(page.get_by_text("Step by step", exact=True)).to_be_visible()
    expect(page.get_by_text("4 waiting")).to_be_visible()
    step = page.get_by_role("button", name="Step", exact=True)
    for number, event in enumerate(events[:3], 1):
        assert rows.count() == number - 1
        step.click()
        expect(page.get_by_text(f"{4 - number} waiting")).to_be_visible()
        expect(rows).to_have_count(number)
        expect(rows.first).to_have_attribute("data-sequence", event["id"])
    # What cannot be copied is shown.
    page.evaluate("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    page.get_by_role("button", name="Copy a link to here").click()
    link = page.get_by_text("#/tail?").inner_text()
    page.goto("about:blank")
    page.goto(link)
    expect(page.get_by_text("2 waiting")).to_be_visible()
    step.click()
    expect(rows).to_have_count(1)
    expect(rows.first).to_have_attribute("data-sequence", events[2]["id"])
    assert not page.complaints


# proves: WS-03 WS-05
def test_a_replay_is_asked_for_in_ones_own_time_catches_up_and_goes_on_live(page, system, gateway, ann, stranger):
    events = logins(system, gateway, ann, stranger, 3)
    sign_in(page, ann)
    page.goto(f"/#/tail?type=radius.access&user={stranger}&fold=no&speed=100")
    rows = page.locator(ROWS)
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    # To the second, as the page's reader in Kolkata has it.
    local = page.evaluate("""(time) => {
        const date = new Date(time);
        const parts = [date.getFullYear(), date.getMonth() + 1, date.getDate(), date.getHours(), date.getMinutes(), date.getSeconds()];
        const [year, month, day, hour, minute, second] = parts.map((part) => String(part).padStart(2, '0'));
        return `${year}-${month}-${day}T${hour}:${minute}:${second}`;
    }""", events[0]["data"]["time"])
    page.get_by_label("Replay from").fill(local)
    page.get_by_role("button", name="Replay", exact=True).click()
    expect(page.get_by_text("The replay has reached the present: what follows is live.")).to_be_visible()
    expect(rows).to_have_count(3)
    assert events[0]["data"]["time"][:19] in page.evaluate("decodeURIComponent(location.hash)")
    login(system, stranger)
    expect(rows).to_have_count(4)
    assert not page.complaints


def test_a_replay_can_be_paused_and_left(page, system, gateway, ann, stranger):
    events = logins(system, gateway, ann, stranger, 3)
    sign_in(page, ann)
    rows = replay(page, stranger, events[0]["data"]["time"], "step")
    expect(page.get_by_text("3 waiting")).to_be_visible()
    page.get_by_role("button", name="Step", exact=True).click()
    expect(rows).to_have_count(1)
    page.get_by_role("button", name="100×").click()
    expect(rows).to_have_count(3)
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    assert "speed=100" in page.url and "since=" in page.url
    page.reload()
    expect(rows).to_have_count(3)
    rows = replay(page, stranger, events[0]["data"]["time"], "step")
    expect(page.get_by_text("3 waiting")).to_be_visible()
    page.get_by_role("button", name="Back to live").click()
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    expect(rows).to_have_count(3)
    assert "since=" not in page.url and "speed=" not in page.url and stranger in page.url


# proves: WS-03
def test_repeats_are_one_line_that_opens_and_folding_can_be_switched_off(page, system, ann, stranger):
    other = f"{stranger}-2"
    sign_in(page, ann)
    page.goto("/#/tail?type=radius.access")
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    for user in (stranger, other, stranger, stranger):
        login(system, user)
    mine = page.locator(ROWS, has_text=re.compile(rf"{stranger}(?!-)"))
    expect(mine).to_have_attribute("data-count", "3")
    expect(mine.locator("summary").first).to_contain_text("×3")
    expect(page.locator(ROWS, has_text=other)).to_have_attribute("data-count", "1")
    # The newest is on top, with those that were folded into it.
    expect(page.locator(ROWS).first).to_contain_text("×3")
    mine.locator("summary").first.click()
    expect(mine.locator(".repeats > li")).to_have_count(2)
    fold = page.get_by_label("Fold repeats")
    fold.uncheck()
    expect(mine).to_have_count(3)
    page.reload()
    expect(fold).not_to_be_checked()
    expect(mine).to_have_count(3)
    fold.check()
    expect(mine).to_have_count(1)
    expect(mine).to_have_attribute("data-count", "3")
    assert not page.complaints


# proves: WS-01
def test_a_time_that_cannot_be_is_refused_and_told_on_the_page(page, gateway, ann):
    token = ann.token()
    for query in (
        "since=yesterday", "since=2999-01-01T00:00:00Z", "since=2026-01-01T00:00:00Z&from=1", "since=2026-01-01T00:00:00Z&last=1",
    ):
        status, problem = gateway.call("GET", f"/api/v1/events?{query}", token=token)
        assert status == 400 and problem["error"]["details"][0]["field"] == "since", (query, problem)
    sign_in(page, ann)
    page.goto("/#/tail?since=2999-01-01T00:00:00Z")
    expect(page.get_by_role("alert")).to_contain_text("This time has not come yet")


# proves: WS-01 WS-06
def test_a_socket_of_ones_own_tells_what_happens_to_oneself_and_to_nobody_else(page, system, gateway, ann):
    gateway.token = ann.token()
    people = People(gateway)
    email, _ = people.make("viewer")
    gateway.password = ann.password
    mine = gateway.sign_in(email, people.provider)
    page.goto("/")
    page.evaluate("""([port, token]) => {
        window.told = [];
        const socket = new WebSocket(`ws://127.0.0.1:${port}/ws/me`, ['nexora.v1', `bearer.${token}`]);
        socket.onopen = () => socket.send(JSON.stringify({type: 'subscribe', filter: {}}));
        socket.onmessage = (message) => window.told.push(JSON.parse(message.data));
    }""", [gateway.port, mine["access_token"]])
    page.wait_for_function("() => window.told.some((message) => message.event === 'ready')")
    # Somebody else's login, one's own on another device, and another name.
    gateway.sign_in(people.make("viewer")[0], people.provider)
    gateway.sign_in(email, people.provider)
    gateway("PATCH", "/api/v1/auth/me", {"name": "Another"}, Authorization=f"Bearer {mine['access_token']}")
    page.wait_for_function("""() => ['identity.login_succeeded', 'identity.user_changed'].every(
        (name) => window.told.some((message) => message.event === name))""")
    told = [message for message in page.evaluate("window.told") if message["event"].startswith("identity.")]
    assert {message["data"]["data"]["userId"] for message in told} == {mine["user"]["id"]}
    told_logins = [message["data"]["data"] for message in told if message["event"] == "identity.login_succeeded"]
    assert {login["sourceAddress"] for login in told_logins} == {"127.0.0.1"}
