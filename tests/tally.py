#!/usr/bin/env python3
"""Adds up ctest's reports: what failed, what was skipped and why, and one closing line.

A test that cannot run some part prints a line "SKIP part: reason"; each such line counts as skipped. One that failed
beside others and passed alone (alone.xml beside the report) counts as passed, and is named; one with a sanitizer's
report stays failed.
Exits with 1 if anything failed or nothing ran."""
import pathlib
import re
import sys
import xml.etree.ElementTree

REPORT_OF_SANITIZER = re.compile(r"Sanitizer|runtime error:")


def cases_of(report):
    return xml.etree.ElementTree.parse(report).getroot().findall("testcase")


def passed_alone(report):
    path = pathlib.Path(report).with_name("alone.xml")
    return {case.get("name") for case in cases_of(path) if case.find("failure") is None} if path.exists() else set()


def main(reports):
    passed, alone, failed, skipped = 0, [], [], []
    for report in reports:
        preset = report.split("/")[-2]
        try:
            cases, recovered = cases_of(report), passed_alone(report)
        except (OSError, xml.etree.ElementTree.ParseError) as error:
            failed.append(f"{preset}: no report: {error}")
            continue
        for case in cases:
            name = f"{preset}/{case.get('name')}"
            output = case.findtext("system-out") or ""
            reasons = [line[len("SKIP "):] for line in output.splitlines() if line.startswith("SKIP ")]
            skipped += [f"{name}: {reason}" for reason in reasons]
            is_recovered = case.get("name") in recovered and not REPORT_OF_SANITIZER.search(output)
            if case.find("failure") is not None and is_recovered:
                alone.append(name)
            elif case.find("failure") is not None:
                failed.append(name)
            elif case.find("skipped") is None:
                passed += 1
            elif not reasons:
                skipped.append(f"{name}: {case.find('skipped').get('message')}")
    for name in skipped:
        print(f"skipped: {name}")
    for name in alone:
        print(f"passed only alone: {name}")
    for name in failed:
        print(f"failed: {name}")
    print(f"{passed + len(alone)} passed, {len(failed)} failed, {len(skipped)} skipped")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
