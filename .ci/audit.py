"""pip-audit over the installed packages; silence of its database is no pass, which `pip-audit` alone would make of it.

A package that the database does not know is named; one in twenty may be (builds with a local version, as torch's for a CPU).
"""

from __future__ import annotations

import json
import subprocess
import sys

UNKNOWN = 0.05


def main() -> int:
    done = subprocess.run(
        [sys.executable, "-m", "pip_audit", "--skip-editable", "--format", "json", "--progress-spinner", "off"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    try:
        packages = json.loads(done.stdout)["dependencies"]
    except (json.JSONDecodeError, KeyError):
        sys.stderr.write(f"pip-audit did not run: {done.stderr.strip()[-500:]}\n")
        return 2
    packages = [package for package in packages if "editable" not in package.get("skip_reason", "")]
    unknown = sorted(package["name"] for package in packages if "skip_reason" in package)
    found = [(package, bug) for package in packages for bug in package.get("vulns", [])]
    for package, bug in found:
        fixed = ", ".join(bug["fix_versions"]) or "nothing"
        sys.stdout.write(f"{package['name']} {package['version']}: {bug['id']}, fixed in {fixed}\n")
    sys.stdout.write(
        f"{len(packages) - len(unknown)} of {len(packages)} packages looked up, {len(found)} known vulnerabilities.\n"
    )
    if len(unknown) > UNKNOWN * len(packages):
        sys.stderr.write(f"Nothing is known of {len(unknown)} packages, so this is no pass: {', '.join(unknown[:5])}, ...\n")
        return 2
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
