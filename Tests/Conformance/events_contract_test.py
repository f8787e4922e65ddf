"""The events' goldens against proto-schemas, by protobuf's own JSON reader; proto-schemas against their last release.

Run in a virtual environment with Tests/requirements.txt; needs protoc (Debian: protobuf-compiler).
As a program it writes proto-schemas/released.binpb: to be run with a release, and never otherwise.
"""

import json
import pathlib
import subprocess
import tempfile

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory, timestamp_pb2

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCHEMAS = ROOT / "proto-schemas"
GOLDENS = sorted((ROOT / "Tests/Shared/Events/Golden").glob("*.json"))
# Commands and their answers are no events: each kind of command has members of its own, and no single one sets them all.
COMMANDS = sorted((ROOT / "Tests/Shared/Events/GoldenCommands").glob("*.json"))
RELEASED = SCHEMAS / "released.binpb"


def compiled(directory, into):
    """The descriptor set of all schemas below a directory, imports included."""
    files = sorted(str(path.relative_to(directory)) for path in directory.rglob("*.proto"))
    assert files, f"no schemas in {directory}"
    # Debian keeps protobuf's own schemas in another package than protoc; the Python library knows them too.
    known = pathlib.Path(f"{into}.known")
    known.write_bytes(descriptor_pb2.FileDescriptorSet(file=[own_schema(timestamp_pb2)]).SerializeToString())
    subprocess.run(
        ["protoc", "--include_imports", "-I", str(directory), f"--descriptor_set_in={known}",
         f"--descriptor_set_out={into}", *files],
        check=True, cwd=directory)
    return descriptor_pb2.FileDescriptorSet.FromString(into.read_bytes())


def own_schema(module):
    schema = descriptor_pb2.FileDescriptorProto()
    module.DESCRIPTOR.CopyToProto(schema)
    return schema


@pytest.fixture(scope="session")
def current(tmp_path_factory):
    return compiled(SCHEMAS, tmp_path_factory.mktemp("descriptors") / "current.binpb")


def pool_of(descriptors):
    pool = descriptor_pool.DescriptorPool()
    for file in descriptors.file:
        pool.Add(file)
    return pool


def parse(pool, event):
    message = message_factory.GetMessageClass(pool.FindMessageTypeByName(event["type"]))()
    json_format.ParseDict(event["data"], message, ignore_unknown_fields=False, descriptor_pool=pool)
    return message


def load(path):
    return json.loads(path.read_text(encoding="utf-8"))


# --- Goldens


@pytest.mark.parametrize("golden", GOLDENS + COMMANDS, ids=lambda path: path.stem)
def test_golden_is_the_canonical_json_of_its_message(golden, current):
    event = load(golden)
    message = parse(pool_of(current), event)
    # What protobuf writes of what it read is what we wrote: nothing lost, nothing in a form of our own.
    assert json_format.MessageToDict(message) == event["data"]
    # Through the binary form and back.
    again = type(message).FromString(message.SerializeToString())
    assert again == message


@pytest.mark.parametrize("golden", GOLDENS, ids=lambda path: path.stem)
def test_golden_is_a_cloud_event(golden):
    event = load(golden)
    assert event["specversion"] == "1.0"
    assert event["datacontenttype"] == "application/json"
    assert all(event[name] for name in ("id", "source", "type", "time", "tenantid"))
    assert all(name.isalnum() and name == name.lower() for name in event)


@pytest.mark.parametrize("golden", GOLDENS, ids=lambda path: path.stem)
def test_last_release_reads_the_golden(golden):
    """A reader of the last release passes over what is new and understands the rest."""
    pool = pool_of(descriptor_pb2.FileDescriptorSet.FromString(RELEASED.read_bytes()))
    event = load(golden)
    try:
        pool.FindMessageTypeByName(event["type"])
    except KeyError:
        pytest.skip("an event that the last release did not have")
    message = message_factory.GetMessageClass(pool.FindMessageTypeByName(event["type"]))()
    try:
        json_format.ParseDict(event["data"], message, ignore_unknown_fields=True, descriptor_pool=pool)
    except json_format.ParseError as error:
        # Values may be added (see breaking_changes); this golden shows one. Nothing else may trouble an old reader.
        if "Invalid enum value" not in str(error):
            raise
        pytest.skip("a value that the last release did not have")


def messages_of(current):
    pool = pool_of(current)
    for file in current.file:
        if file.package.startswith("nexora."):
            for message in file.message_type:
                yield pool.FindMessageTypeByName(f"{file.package}.{message.name}")


def test_every_message_has_goldens_that_set_every_member_and_use_every_enum_value(current):
    pool = pool_of(current)
    parsed = {}
    for path in GOLDENS:
        event = load(path)
        parsed.setdefault(event["type"], []).append(parse(pool, event))
    commands = commands_by_type(pool)
    for descriptor in messages_of(current):
        if descriptor.full_name in commands:
            check_together(descriptor, commands[descriptor.full_name])
            continue
        assert descriptor.full_name in parsed, f"{descriptor.full_name} has no golden"
        goldens = parsed[descriptor.full_name]
        unused = {
            (field.name, value.number)
            for field in descriptor.fields if field.enum_type for value in field.enum_type.values if value.number}
        for message in goldens:
            unused -= {(field.name, value) for field, value in message.ListFields() if field.enum_type}
        assert not unused, f"{descriptor.full_name}: no golden uses {unused}"
        assert any(is_whole(message) for message in goldens), f"{descriptor.full_name}: no golden sets every member"


def commands_by_type(pool):
    """The goldens of commands, and the messages in them, by their types."""
    found = {}

    def add(message):
        found.setdefault(message.DESCRIPTOR.full_name, []).append(message)
        for field, value in message.ListFields():
            if is_message_of_ours(field):
                for element in value if field.label == field.LABEL_REPEATED else [value]:
                    add(element)

    for path in COMMANDS:
        add(parse(pool, load(path)))
    return found


def is_message_of_ours(field):
    kind = field.message_type
    return kind and kind.full_name.startswith("nexora.") and not kind.GetOptions().map_entry


def check_together(descriptor, messages):
    """All of them together set every member and use every value."""
    members = {field.name for message in messages for field, _ in message.ListFields()}
    assert members == {field.name for field in descriptor.fields}, f"{descriptor.full_name}: never set"
    for field in descriptor.fields:
        if field.enum_type:
            used = {getattr(message, field.name) for message in messages}
            assert {value.number for value in field.enum_type.values if value.number} <= used, f"{descriptor.full_name}"


def is_whole(message):
    set_fields = {field.name for field, _ in message.ListFields()}
    if set_fields != {field.name for field in message.DESCRIPTOR.fields}:
        return False
    nested = [
        value for field, value in message.ListFields()
        if field.message_type and field.label == field.LABEL_REPEATED]
    return all(any(is_whole(element) for element in elements) for elements in nested)


def test_optional_members_are_told_from_their_defaults(current):
    """Presence survives: a member without a value is absent, one with its default value is there."""
    pool = pool_of(current)
    for path in GOLDENS:
        event = load(path)
        message = parse(pool, event)
        for field in message.DESCRIPTOR.fields:
            if field.has_presence:
                assert message.HasField(field.name) == (field.json_name in event["data"]), f"{path.stem}: {field.name}"


def test_optional_zero_is_there(current):
    message = parse(pool_of(current), load(GOLDENS[0].parent / "SessionStopped.json"))
    assert message.HasField("terminate_cause") and message.terminate_cause == 0


def test_strict_reader_refuses_what_is_not_in_the_schema(current):
    pool = pool_of(current)
    event = load(GOLDENS[0])
    event["data"]["notInTheSchema"] = 1
    with pytest.raises(json_format.ParseError):
        parse(pool, event)


def test_directory_triggers_write_the_message(current):
    """What migrations/0004-messaging's json_build_object makes."""
    data = {"kind": "CREDENTIAL", "deleted": False,
            "rows": [{"id": "0192a3b4-0000-7000-8000-000000000003", "version": "42"}]}
    message = parse(pool_of(current), {"type": "nexora.directory.v1.DirectoryChanged", "data": data})
    assert message.rows[0].version == 42 and message.kind == 6


# --- Schemas against their last release


def flattened(descriptors):
    """Everything a reader or writer relies on, by name: type, number, cardinality and presence of each member."""
    entries = {}

    def message(prefix, descriptor):
        name = f"{prefix}.{descriptor.name}"
        entries[name] = "message"
        for field in descriptor.field:
            entries[f"{name}/{field.name}"] = (
                field.number, field.type, field.type_name, field.label, field.proto3_optional, field.json_name)
        for inner in descriptor.nested_type:
            message(name, inner)
        for inner in descriptor.enum_type:
            enum(name, inner)

    def enum(prefix, descriptor):
        name = f"{prefix}.{descriptor.name}"
        entries[name] = "enum"
        for value in descriptor.value:
            entries[f"{name}/{value.name}"] = value.number

    for file in descriptors.file:
        if file.package.startswith("nexora."):
            for descriptor in file.message_type:
                message(file.package, descriptor)
            for descriptor in file.enum_type:
                enum(file.package, descriptor)
    return entries


def breaking_changes(released, current):
    now = flattened(current)
    return sorted(
        f"{name}: {was} became {now.get(name, 'nothing')}"
        for name, was in flattened(released).items() if now.get(name) != was)


def test_no_breaking_change_since_the_last_release(current):
    released = descriptor_pb2.FileDescriptorSet.FromString(RELEASED.read_bytes())
    assert flattened(released), "the released descriptors are empty"
    assert breaking_changes(released, current) == []


@pytest.mark.parametrize("old, new, breaks", [
    ("string username = 7;", "", True),
    ("string username = 7;", "string username = 107;", True),
    ("string username = 7;", "bytes username = 7;", True),
    ("string username = 7;", "optional string username = 7;", True),
    ("string username = 7;", "repeated string username = 7;", True),
    ("string username = 7;", "string user_name = 7;", True),
    ("STATUS_TYPE_START = 1;", "STATUS_TYPE_BEGIN = 1;", True),
    ("STATUS_TYPE_START = 1;", "STATUS_TYPE_START = 9;", True),
    ("message AccountingRecorded", "message AccountingWritten", True),
    ("string username = 7;", "string username = 7; optional string more = 999;", False),
    ("STATUS_TYPE_START = 1;", "STATUS_TYPE_START = 1; STATUS_TYPE_MORE = 99;", False),
])
def test_breaking_changes_are_noticed_and_additions_are_not(old, new, breaks, current, tmp_path):
    name = "nexora/accounting/v1/accounting_recorded.proto"
    changed = tmp_path / "schemas" / name
    changed.parent.mkdir(parents=True)
    text = (SCHEMAS / name).read_text()
    assert old in text
    changed.write_text(text.replace(old, new))
    after = compiled(tmp_path / "schemas", tmp_path / "changed.binpb")
    before = descriptor_pb2.FileDescriptorSet(
        file=[file for file in current.file if file.name == name or file.name.startswith("google/")])
    assert bool(breaking_changes(before, after)) == breaks


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        RELEASED.write_bytes(compiled(SCHEMAS, pathlib.Path(scratch) / "current.binpb").SerializeToString(deterministic=True))
