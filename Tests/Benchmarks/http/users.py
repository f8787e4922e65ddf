#!/usr/bin/env python3
"""The people of the phases over HTTP: tenant_admins of one provider.

users.py make URL TENANT COUNT    chooses the first administrator's password by his secret, then makes them; prints their e-mail addresses
users.py tokens URL TENANT COUNT  signs them in; prints one access token a line; with 0 the administrator's

TENANT is the provider's id. BENCH_PASSWORD is everybody's password, BENCH_SECRET the administrator's secret. Nobody reads
their mail: whoever calls "make" gives them the administrator's password before "tokens".
"""
import json
import os
import sys
import urllib.request

ADMINISTRATOR = "admin@bench.example"


def call(url, path, body, token=None):
    headers = {"content-type": "application/json"} | ({"authorization": f"Bearer {token}"} if token else {})
    request = urllib.request.Request(url + path, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        text = answer.read()
    return json.loads(text)["data"] if text else None


def email(number):
    return f"bench-{number}@bench.example"


def sign_in(url, name, tenant=None):
    body = {"email": name, "password": os.environ["BENCH_PASSWORD"]} | ({"tenant": tenant} if tenant else {})
    return call(url, "/api/v1/auth/login", body)["access_token"]


def make(url, tenant, count):
    call(url, "/api/v1/auth/password/reset",
         {"token": os.environ["BENCH_SECRET"], "password": os.environ["BENCH_PASSWORD"]})
    token = sign_in(url, ADMINISTRATOR)
    for number in range(count):
        call(url, "/api/v1/users", {"tenant_id": tenant, "email": email(number), "name": f"Bench {number}",
                                    "role": "tenant_admin"}, token)
        print(email(number))


def tokens(url, tenant, count):
    if count == 0:
        print(sign_in(url, ADMINISTRATOR))
    for number in range(count):
        print(sign_in(url, email(number), tenant))


def main():
    if len(sys.argv) != 5 or sys.argv[1] not in ("make", "tokens") or not sys.argv[4].isdecimal():
        sys.exit(__doc__)
    {"make": make, "tokens": tokens}[sys.argv[1]](sys.argv[2], sys.argv[3], int(sys.argv[4]))


if __name__ == "__main__":
    main()
