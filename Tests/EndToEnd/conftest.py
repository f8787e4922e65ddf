"""What the tests share: one whole system, made when the first test asks for it, and for those of the pages a gateway and a browser."""

import pytest

from system import System


def pytest_configure(config):
    config.addinivalue_line("markers", "alone: what wants the machine for itself: it is judged by what comes in time")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """A test that failed says what the system's processes complained of last: CI keeps no logs."""
    report = yield
    system = item.funcargs.get("system") if hasattr(item, "funcargs") else None
    if report.failed and system is not None:
        report.sections.append(("what processes complained of", system.complaints()))
    return report


RUNNING = pytest.StashKey()


@pytest.fixture(scope="session")
def system(request):
    made = System()
    try:
        request.config.stash[RUNNING] = made.start()
        yield made
    finally:
        made.stop()


@pytest.fixture(scope="module", autouse=True)
def guests(request):
    """What a module starts ends with it."""
    yield
    if system := request.config.stash.get(RUNNING, None):
        system.end_guests()


@pytest.fixture(scope="module")
def net():
    """Network namespaces for NASes that want addresses and ports of their own."""
    from eap_peers import Namespaces

    problem = Namespaces.problem()
    if problem:
        pytest.skip(f"network namespaces cannot be made here (CAP_NET_ADMIN): {problem}")
    with Namespaces() as made:
        yield made


@pytest.fixture(scope="module")
def gateway(system):
    """api-gateway with the pages. A module whose gateway is another, or is told something else, has a fixture of its own."""
    # Not above: what is no test of pages needs no Playwright.
    from browser import Gateway

    return Gateway(system, NEXORA_LIVE_CONNECTIONS_PER_USER="40")


@pytest.fixture(scope="module")
def ann(gateway):
    """An administrator of the operator."""
    return gateway.administrator()


@pytest.fixture(scope="module")
def chromium():
    from browser import Chromium

    with Chromium() as browser:
        yield browser


@pytest.fixture
def page(chromium, gateway):
    page = chromium.page(gateway.url, viewport={"width": 1280, "height": 900})
    yield page
    page.context.close()
