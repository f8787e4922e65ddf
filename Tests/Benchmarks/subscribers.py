#!/usr/bin/env python3
"""The benchmark's subscribers, in the forms that the two servers take them.

subscribers.py import COUNT    CSV for "nexora import"
subscribers.py files COUNT     FreeRADIUS' users file (rlm_files, held in RAM)
subscribers.py sql COUNT       FreeRADIUS' tables (rlm_sql), as a psql script

Names and passwords are those of radius-load: u000000 with secret000000, and so on.
"""
import sys

PLAN = "Home 50"
# What the plan of setup_directory comes to for a MikroTik: upload first.
RATE_LIMIT = "10M/50M"
INTERIM = 300


def as_import(count, out):
    out.write("code,name,phone,address,username,password,plan\n")
    for number in range(count):
        out.write(f"C{number:06},Subscriber {number:06},+390000{number:06},Via Roma {number % 999 + 1},"
                  f"u{number:06},secret{number:06},{PLAN}\n")


def as_files(count, out):
    for number in range(count):
        out.write(f'u{number:06}\tCleartext-Password := "secret{number:06}"\n'
                  f'\tMikrotik-Rate-Limit = "{RATE_LIMIT}",\n\tAcct-Interim-Interval = {INTERIM},\n'
                  f"\tClass = 0x{number:032x}\n\n")


def as_sql(count, out):
    out.write("COPY radcheck (username, attribute, op, value) FROM STDIN;\n")
    for number in range(count):
        out.write(f"u{number:06}\tCleartext-Password\t:=\tsecret{number:06}\n")
    out.write("\\.\nCOPY radusergroup (username, groupname, priority) FROM STDIN;\n")
    for number in range(count):
        out.write(f"u{number:06}\t{PLAN}\t1\n")
    out.write("\\.\nINSERT INTO radgroupreply (groupname, attribute, op, value) VALUES\n"
              f"    ('{PLAN}', 'Mikrotik-Rate-Limit', '=', '{RATE_LIMIT}'),\n"
              f"    ('{PLAN}', 'Acct-Interim-Interval', '=', '{INTERIM}');\n"
              "ANALYZE radcheck, radusergroup, radgroupreply;\n")


def main():
    forms = {"import": as_import, "files": as_files, "sql": as_sql}
    if len(sys.argv) != 3 or sys.argv[1] not in forms or not sys.argv[2].isdecimal():
        sys.exit(__doc__)
    forms[sys.argv[1]](int(sys.argv[2]), sys.stdout)


if __name__ == "__main__":
    main()
