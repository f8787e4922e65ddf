"""A full disk under the journal: accounting goes unanswered, logins are answered, and it all comes back by itself."""

import os
import subprocess

import pytest

import books
from accounting_load import Load
from processes import eventually
from radius_clients import Pyrad, accepted

USERS = [f"demo{number:04}" for number in range(500, 600)]
MIB = 1 << 20


@pytest.fixture
def small_disk(system):
    """A disk of 12 MiB of its own: a tmpfs, or an image with ext4 where there is none; both need root."""
    folder = system.folder / "small-disk"
    folder.mkdir(mode=0o700)
    image = system.folder / "small-disk.image"
    tried = [["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", folder], ["mount", "-o", "loop", image, folder]]
    with open(image, "wb") as file:
        file.truncate(20 * MIB)
    subprocess.run(["mkfs.ext4", "-q", image], check=False, capture_output=True)
    for command in tried:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            break
    else:
        pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)
    folder.rmdir()
    image.unlink()


def fill(folder):
    """Takes the last octet of the disk."""
    with open(folder / "ballast", "ab", buffering=0) as file:
        try:
            while True:
                file.write(bytes(65_536))
        except OSError:
            pass
        try:
            while True:
                file.write(bytes(512))
        except OSError:
            pass
    assert os.statvfs(folder).f_bavail < 16


# proves: ACC-13 RAD-06
def test_a_full_disk_leaves_accounting_unanswered_and_logins_working(system, small_disk):
    server = system.radius_server(
        "radius-small-disk", NEXORA_JOURNAL_PATH=str(small_disk / "journal"), NEXORA_JOURNAL_SEGMENT_BYTES=str(MIB)
    )
    server.start()
    client = Pyrad(server, system.secret)
    try:
        with Load(("127.0.0.1", server.acct_port), system.secret, USERS, "disk", live=1500) as load:
            eventually(lambda: load.acknowledged > 500, what="answers")
            fill(small_disk)
            # What is left of this segment and of the spare one is used up first.
            eventually(lambda: server.metric("journal_refusing") == 1, 60, "the refusal of accounting")
            stopped, held = load.acknowledged, load.retransmitted
            eventually(lambda: load.retransmitted > held + 500, what="retransmissions")
            assert load.acknowledged <= stopped + 64, "accounting was answered with a full disk"
            assert accepted(client.login(system.user, system.user_password))
            (small_disk / "ballast").unlink()
            eventually(lambda: server.metric("journal_refusing") == 0, what="the end of the refusal")
            load.finish()
            assert "free disk space" in server.output()
            with system.tail("--from-start", "--subject", "radius.refused.>") as tail:
                tail.wait_for(lambda line: "free disk space" in line["event"]["data"]["remedy"])
            books.check(system, load)
        assert server.terminate() == 0
    finally:
        client.close()
        server.clean_up()


# proves: ACC-13
def test_a_start_on_a_full_disk_answers_logins_and_accounts_later(system, small_disk):
    (small_disk / "journal").mkdir(mode=0o700)
    fill(small_disk)
    server = system.radius_server(
        "radius-no-disk", NEXORA_JOURNAL_PATH=str(small_disk / "journal"), NEXORA_JOURNAL_SEGMENT_BYTES=str(MIB)
    )
    server.start()
    client = Pyrad(server, system.secret, seconds=1, tries=1)
    try:
        assert accepted(client.login(system.user, system.user_password))
        assert not client.account(1, "no-disk-1", system.user)
        assert accepted(client.login(system.user, system.user_password))
        (small_disk / "ballast").unlink()
        eventually(lambda: client.account(1, "no-disk-1", system.user), what="accounting with space again")
        eventually(
            lambda: system.sql("SELECT count(*) FROM sessions WHERE acct_session_id = 'no-disk-1'") == [["1"]],
            what="the session",
        )
        assert server.terminate() == 0
    finally:
        client.close()
        server.clean_up()
