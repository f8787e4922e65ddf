"""What the tests share: one whole system, made when the first test asks for it."""

import pytest

from system import System


@pytest.fixture(scope="session")
def system():
    made = System()
    try:
        yield made.start()
    finally:
        made.stop()
