"""Queries over HTTP, as a client made of the schema itself asks them."""

import json
import secrets
import urllib.parse

import pytest
from graphql import (
    build_client_schema, build_schema, get_introspection_query, lexicographic_sort_schema, parse, print_schema, validate,
)

from gateway import Gateway

GRAPHQL = "/api/v1/graphql"

REPORT = """
    query Report($by: [String!], $limit: Int = 5) {
      sessions(filter: $by, limit: $limit) { data { username started_at input_octets service { username } nas { name } } next total }
      usage(limit: $limit) { data { day input_octets output_octets service { username } } }
      services(q: "graph", limit: $limit) { data { ...Row plan { name download_bps } customer { name status } } total }
    }
    fragment Row on Service { id username status created_at __typename }
"""


@pytest.fixture(scope="module")
def gateway(system):
    made = Gateway(system)
    made.bootstrap()
    return made


def ask(gateway, query, status=200, **variables):
    return gateway("POST", GRAPHQL, {"query": query, "variables": variables}, status)


@pytest.fixture(scope="module")
def schema(gateway):
    answer, _ = ask(gateway, get_introspection_query(
        specified_by_url=True, directive_is_repeatable=True, schema_description=True, input_value_deprecation=True,
    ))
    assert "errors" not in answer
    return build_client_schema(answer["data"])


# proves: API-09
def test_a_client_reads_the_schema_and_its_queries_are_answered(system, gateway, schema):
    assert schema.mutation_type is None and schema.subscription_type is None
    text, _ = gateway("GET", GRAPHQL + "/schema")
    written, told = (print_schema(lexicographic_sort_schema(made)) for made in (build_schema(text), schema))
    assert written == told
    assert not validate(schema, parse(REPORT))

    provider = system.sql(f"SELECT tenant_id FROM services WHERE username = '{system.user}'")[0][0]
    plan, _ = gateway("POST", "/api/v1/service-plans", {
        "tenant_id": provider, "name": "Over GraphQL", "download_bps": 3_000_000_000, "upload_bps": 1_000_000, "price": "9.90",
    }, 201)
    made, _ = gateway("POST", "/api/v1/subscribers", {
        "customer": {"tenant_id": provider, "name": "Gail", "phone": "+49 30 2", "address": "Allee 2"},
        "service": {"plan_id": plan["data"]["id"], "username": "graph-gail"},
    }, 201, Idempotency_Key=secrets.token_hex(8))
    answer, fields = ask(gateway, REPORT, by=["is_open:eq:true"])
    assert "errors" not in answer and fields["Content-Type"] == "application/graphql-response+json"
    services = answer["data"]["services"]
    assert services["total"] == 1
    row = services["data"][0]
    assert row["id"] == made["data"]["service"]["id"] and row["__typename"] == "Service"
    assert row["plan"] == {"name": "Over GraphQL", "download_bps": 3_000_000_000}
    assert row["customer"] == {"name": "Gail", "status": made["data"]["customer"]["status"]}

    # The same in the address, and in the older type.
    target = GRAPHQL + "?" + urllib.parse.urlencode({"query": REPORT, "variables": json.dumps({"by": ["is_open:eq:true"]})})
    again, fields = gateway("GET", target, Accept="application/json")
    assert again["data"]["services"] == services and fields["Content-Type"] == "application/json"


# proves: API-09
def test_what_a_client_would_refuse_is_refused(gateway, schema):
    for query in [
        "{ customers { data { secret } } }", "{ customers }", "{ customers(limit: \"1\") { total } }",
        "query ($a: Int) { customers { total } }", "{ ...F } fragment F on Customer { id }",
        "{ customers { data { status(a: 1) } } }", "{ customers { total } customers(limit: 1) { total } }",
        "{ customers { data { services { plan { name } } } } }",
    ]:
        assert validate(schema, parse(query)), query
        answer, _ = ask(gateway, query, 400)
        assert answer["errors"][0]["locations"][0]["line"] == 1 and "data" not in answer
    ask(gateway, "mutation { a }", 400)
    gateway("POST", GRAPHQL, {"query": REPORT}, 401, Authorization="Bearer nobody")
