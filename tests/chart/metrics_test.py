"""Alerts and dashboard ask for metrics that a running Berth has, and the alerts fire when they should."""

import json
import os
import re
import shutil
import tempfile
import unittest
from pathlib import Path

import yaml

from chart import CASES, one, run, template
from berth import Berth

PROMTOOL = os.environ.get("BERTH_TEST_PROMTOOL") or shutil.which("promtool")
METRIC = re.compile(r"\bberth_[a-z_]+\b")
OF = 'namespace="berth", service="berth"'


def alerts():
    return one(template(CASES["metrics"]), "PrometheusRule")["spec"]


def dashboard():
    return json.loads(one(template(CASES["metrics"]), "ConfigMap", "berth-dashboard")["data"]["berth.json"])


def asked():
    """Every query of both, by where it is."""
    queries = {rule["alert"]: rule["expr"] for group in alerts()["groups"] for rule in group["rules"]}
    return queries | {panel["title"]: target["expr"] for panel in dashboard()["panels"] for target in panel["targets"]}


class Names(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.berth = Berth("sim").start()
        cls.berth.call("POST", "/api/v1/sessions", {"template": "terminal", "name": "one"})
        cls.text = cls.berth.call("GET", "/metrics").body
        cls.text += cls.berth.call("GET", "/metrics").body

    @classmethod
    def tearDownClass(cls):
        cls.berth.stop()
        shutil.rmtree(cls.berth.data)

    def test_every_metric_is_one_that_berth_has(self):
        there = set(METRIC.findall("\n".join(line for line in self.text.split("\n") if not line.startswith("#"))))
        for where, query in asked().items():
            with self.subTest(where):
                names = set(METRIC.findall(query))
                self.assertTrue(names, "it asks for nothing of Berth's")
                self.assertLessEqual(names, there)

    def test_every_label_is_one_that_the_metric_has(self):
        labels = {}
        for name, inside in re.findall(r"^(berth_[a-z_]+)(?:\{(.*)\})? ", self.text, re.M):
            labels.setdefault(name, {"namespace", "service", "le"}).update(re.findall(r'(\w+)="', inside))
        for where, query in asked().items():
            for name, inside in re.findall(r"(berth_[a-z_]+)\{([^}]*)\}", query):
                with self.subTest(where, metric=name):
                    self.assertLessEqual(set(re.findall(r'(\w+)\s*(?:=~|!~|!=|=)\s*"', inside)), labels[name])
            for by in re.findall(r"\bby \(([^)]*)\)", query):
                known = set().union(*(labels[name] for name in METRIC.findall(query)))
                self.assertLessEqual(set(by.replace(" ", "").split(",")), known, where)


class Words(unittest.TestCase):
    def test_every_alert_says_what_and_what_to_do(self):
        for group in alerts()["groups"]:
            for rule in group["rules"]:
                self.assertLessEqual({"summary", "description"}, set(rule["annotations"]), rule["alert"])
                self.assertIn(rule["labels"]["severity"], ("critical", "warning"))

    def test_panels_do_not_lie_over_each_other(self):
        taken = set()
        for panel in dashboard()["panels"]:
            at = panel["gridPos"]
            cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
            self.assertFalse(cells & taken, panel["title"])
            self.assertLessEqual(at["x"] + at["w"], 24)
            taken |= cells


@unittest.skipUnless(PROMTOOL, "no promtool (Debian's package prometheus)")
class Prometheus(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="berth-alerts-"))
        self.addCleanup(shutil.rmtree, self.folder)
        (self.folder / "rules.yaml").write_text(yaml.safe_dump(alerts()))

    def test_reads_every_alert_and_every_panel(self):
        run(PROMTOOL, "check", "rules", self.folder / "rules.yaml")
        panels = [{"record": f"panel:{number}", "expr": query.replace("$__rate_interval", "5m").replace("$namespace", ".*")}
                  for number, query in enumerate(asked().values())]
        (self.folder / "panels.yaml").write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": panels}]}))
        run(PROMTOOL, "check", "rules", self.folder / "panels.yaml")

    def firing(self, series, at):
        """Names of the alerts that fire after that long."""
        names = [rule["alert"] for group in alerts()["groups"] for rule in group["rules"]]
        fired = []
        for name in names:
            test = {"rule_files": ["rules.yaml"], "evaluation_interval": "1m",
                    "tests": [{"interval": "1m", "input_series": [{"series": key, "values": value} for key, value in series.items()], "alert_rule_test": [{"eval_time": at, "alertname": name, "exp_alerts": []}]}]}
            (self.folder / "test.yaml").write_text(yaml.safe_dump(test))
            done = run(PROMTOOL, "test", "rules", self.folder / "test.yaml", check=False)
            self.assertIn(done.returncode, (0, 1), done.stderr)
            if done.returncode:
                self.assertIn("exp:[]", re.sub(r"\s", "", done.stdout + done.stderr))
                fired.append(name)
        return fired

    HEALTHY = {
        f'berth_build_info{{{OF}, version="0.1.0"}}': "1x60", f'berth_engine_up{{{OF}, engine="kubernetes"}}': "1x60",
        f'berth_leader{{{OF}, pod="one"}}': "0x60", f'berth_leader{{{OF}, pod="two"}}': "1x60",
        f'berth_sessions{{{OF}, phase="running", template="terminal", engine="kubernetes"}}': "5x60",
        f'berth_http_request_seconds_count{{{OF}, route="/x", method="GET", status="200"}}': "0+600x60",
        f'berth_http_request_seconds_bucket{{{OF}, route="/x", method="GET", status="200", le="0.1"}}': "0+600x60",
        f'berth_http_request_seconds_bucket{{{OF}, route="/x", method="GET", status="200", le="10"}}': "0+600x60",
        f'berth_http_request_seconds_bucket{{{OF}, route="/x", method="GET", status="200", le="+Inf"}}': "0+600x60",
    }

    def test_nothing_fires_while_all_is_well(self):
        self.assertEqual(self.firing(self.HEALTHY, "50m"), [])

    def test_each_fires_for_its_own_reason(self):
        down = {key: value.replace("x60", "x5").replace("1x5", "1x5 stale") if "build_info" in key else value for key, value in self.HEALTHY.items()}
        cases = {
            "BerthDown": down,
            "BerthEngineDown": self.HEALTHY | {f'berth_engine_up{{{OF}, engine="kubernetes"}}': "0x60"},
            "BerthNobodyLeads": self.HEALTHY | {f'berth_leader{{{OF}, pod="two"}}': "0x60"},
            "BerthSessionsFailed": self.HEALTHY | {f'berth_sessions{{{OF}, phase="failed", template="desktop", engine="kubernetes"}}': "2x60"},
            "BerthSessionsStuckStarting": self.HEALTHY | {f'berth_sessions{{{OF}, phase="starting", template="desktop", engine="kubernetes"}}': "1x60"},
            "BerthRequestsFail": self.HEALTHY | {f'berth_http_request_seconds_count{{{OF}, route="/x", method="GET", status="503"}}': "0+100x60"},
            "BerthRequestsSlow": self.HEALTHY | {f'berth_http_request_seconds_bucket{{{OF}, route="/x", method="GET", status="200", le="0.1"}}': "0+300x60"},
        }
        self.assertEqual(set(cases), {rule["alert"] for group in alerts()["groups"] for rule in group["rules"]})
        for name, series in cases.items():
            with self.subTest(name):
                self.assertEqual(self.firing(series, "50m"), [name])


if __name__ == "__main__":
    unittest.main()
