#!/usr/bin/env python3
"""What the phases over HTTP ask for, one path a line.

targets.py reads FOLDER                  each customer by his id; the ids come on standard input, one a line
targets.py list FOLDER URL               pages of 50 in several orders, the first and later ones; BENCH_TOKEN asks for their cursors
targets.py search FOLDER COUNT           what people type: names, codes, user names, parts of phone numbers
"""
import json
import os
import pathlib
import random
import sys
import urllib.parse
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import subscribers

LISTS = ["", "sort=name", "sort=-name", "sort=code", "sort=-updated_at", "filter=status:eq:active&sort=name",
         "filter=name:prefix:mar", "fields=id,name,phone"]
PAGES = 25


def path(**parameters):
    return f"/api/v1/customers?{urllib.parse.urlencode(parameters)}"


def reads():
    for line in sys.stdin:
        yield f"/api/v1/customers/{line.strip()}"


def pages(url):
    headers = {"authorization": f"Bearer {os.environ['BENCH_TOKEN']}"}
    for parameters in LISTS:
        first = f"/api/v1/customers?limit=50{'&' if parameters else ''}{parameters}"
        target = first
        for _ in range(PAGES):
            yield target
            with urllib.request.urlopen(urllib.request.Request(url + target, headers=headers), timeout=30) as answer:
                cursor = json.load(answer)["meta"]["next"]
            if cursor is None:
                break
            target = f"{first}&cursor={urllib.parse.quote(cursor)}"


def searches(count):
    choice = random.Random(1)
    for _ in range(1_000):
        number = choice.randrange(int(count))
        name = subscribers.name(number)
        typed = choice.choice([name, name.split()[0], name.split()[1], name.lower()[:5], f"C{number:06}", f"u{number:06}",
                               subscribers.phone(number)[3:], subscribers.phone(number)[-7:-1],
                               f"{name.split()[1][:4]} {name.split()[0][:3]}"])
        yield path(limit=50, q=typed)


def main():
    kinds = {"reads": (reads, 3), "list": (pages, 4), "search": (searches, 4)}
    if len(sys.argv) < 3 or sys.argv[1] not in kinds or len(sys.argv) != kinds[sys.argv[1]][1]:
        sys.exit(__doc__)
    folder = pathlib.Path(sys.argv[2])
    lines = kinds[sys.argv[1]][0](*sys.argv[3:])
    (folder / f"{sys.argv[1]}.targets").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


if __name__ == "__main__":
    main()
