#!/usr/bin/env python3
"""Adds up ctest's reports: what failed, what was skipped and why, and one closing line.

A test that cannot run some part prints a line "SKIP part: reason"; each such line counts as skipped.
Exits with 1 if anything failed or nothing ran."""
import sys
import xml.etree.ElementTree


def main(reports):
    passed, failed, skipped = 0, [], []
    for report in reports:
        preset = report.split("/")[-2]
        try:
            cases = xml.etree.ElementTree.parse(report).getroot().findall("testcase")
        except (OSError, xml.etree.ElementTree.ParseError) as error:
            failed.append(f"{preset}: no report: {error}")
            continue
        for case in cases:
            name = f"{preset}/{case.get('name')}"
            output = case.findtext("system-out") or ""
            reasons = [line[len("SKIP "):] for line in output.splitlines() if line.startswith("SKIP ")]
            skipped += [f"{name}: {reason}" for reason in reasons]
            if case.find("failure") is not None:
                failed.append(name)
            elif case.find("skipped") is None:
                passed += 1
            elif not reasons:
                skipped.append(f"{name}: {case.find('skipped').get('message')}")
    for name in skipped:
        print(f"skipped: {name}")
    for name in failed:
        print(f"failed: {name}")
    print(f"{passed} passed, {len(failed)} failed, {len(skipped)} skipped")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
