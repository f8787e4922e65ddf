"""deployments/monitoring/alerts.yml as Prometheus reads it: rules that are whole, each name once."""

import pathlib
import re

import yaml

RULES = pathlib.Path(__file__).resolve().parents[2] / "deployments/monitoring/alerts.yml"


def test_the_rules_are_whole():
    groups = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    assert len(rules) > 20
    assert len({rule["alert"] for rule in rules}) == len(rules)
    for rule in rules:
        assert set(rule) == {"alert", "expr", "for", "labels", "annotations"}, rule
        assert re.fullmatch(r"\d+[smh]", rule["for"]) and rule["labels"]["severity"] in ("warning", "critical"), rule
        assert rule["annotations"]["summary"] and "#" in rule["annotations"]["runbook"], rule
        # As many brackets open as close, and nothing but an expression.
        for opening, closing in ("()", "[]", "{}"):
            assert rule["expr"].count(opening) == rule["expr"].count(closing), rule
