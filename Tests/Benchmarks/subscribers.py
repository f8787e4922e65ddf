#!/usr/bin/env python3
"""The benchmark's subscribers, in the forms that the two servers take them.

subscribers.py import COUNT    CSV for "nexora import"
subscribers.py probes COUNT RUN  the same of others, whose quota is small
subscribers.py files COUNT     FreeRADIUS' users file (rlm_files, held in RAM)
subscribers.py sql COUNT       FreeRADIUS' tables (rlm_sql), as a psql script

Names and passwords are those of radius-load: u000000 with secret000000, and so on.
"""
import sys

PLAN = "Home 50"
# What the plan of setup_directory comes to for a MikroTik: upload first.
RATE_LIMIT = "10M/50M"
INTERIM = 300
# As in a telephone book: few names, many pairs of them.
FORENAMES = ("Marco Giulia Andrea Sara Luca Chiara Matteo Francesca Davide Elena Paolo Martina Stefano Anna Roberto Laura "
             "Giovanni Silvia Antonio Valentina Nicolò Alice Pietro Federica Salvatore Marta Enrico Paola Carlo Irene").split()
SURNAMES = ("Rossi Russo Ferrari Esposito Bianchi Romano Colombo Ricci Marino Greco Bruno Gallo Conti Costa Giordano Mancini "
            "Rizzo Lombardi Moretti Barbieri Fontana Santoro Mariani Rinaldi Caruso Ferrara Galli Martini Leone Longo Gentile "
            "Martinelli Vitale Lombardo Serra Coppola Marchetti Parisi Villa Conte Ferri Fabbri Bianco Marini Grasso "
            "Valentini Messina Sala Gatti Pellegrini Palumbo Sanna Farina Rizzi Monti Cattaneo Morelli Amato Silvestri").split()


def name(number):
    return f"{FORENAMES[number % len(FORENAMES)]} {SURNAMES[number * 7 // 3 % len(SURNAMES)]}"


def phone(number):
    return f"+390{number * 7919 % 900_000_000 + 100_000_000:09}"


def as_import(count, out):
    out.write("code,name,phone,address,username,password,plan\n")
    for number in range(count):
        out.write(f"C{number:06},{name(number)},{phone(number)},Via Roma {number % 999 + 1},"
                  f"u{number:06},secret{number:06},{PLAN}\n")


def as_probes(count, run, out):
    out.write("code,name,phone,address,username,password,plan\n")
    for number in range(count):
        out.write(f"P{run}-{number:06},Probe {number},{phone(number)},Via Roma 1,p{run}-{number:06},secret{number:06},Probe\n")


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
    forms = {"import": as_import, "probes": as_probes, "files": as_files, "sql": as_sql}
    form, *numbers = sys.argv[1:] or [""]
    if form not in forms or len(numbers) != (2 if form == "probes" else 1) or not all(text.isdecimal() for text in numbers):
        sys.exit(__doc__)
    forms[form](*map(int, numbers), sys.stdout)


if __name__ == "__main__":
    main()
