"""What runs come out as, bit for bit: digests of theta, verdicts, final measures and events.

    python benchmarks/digests.py --write docs/digests.json    # before a change
    python benchmarks/digests.py --compare docs/digests.json  # after it, on the same machine

Runs are made by the command line alone, so the script can be pointed at any version of the code (`--code`).
The bits depend on the processor and on torch, so a file of digests belongs to the machine that wrote it.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import torch
from safetensors.numpy import load_file

# The shipped presets whose quick profile takes less than 20 seconds, and three kinds of network for a while.
WHOLE = (
    "grok-data-fraction",
    "grok-switch",
    "grokfast-fair",
    "linear101",
    "linear101-batch-noise",
    "linear101-coupled-l2",
    "linear101-eps",
    "linear101-switch",
    "muon",
    "norm-at-grok",
    "omnigrok",
)
A_THOUSAND_STEPS = ("modadd-transformer", "parity-grokking", "slingshot-hinge")


def digests(code: Path, name: str, options: tuple[str, ...]) -> dict[str, Any]:
    """Run a preset with the code in a folder; return what came of it."""
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        words = ["-m", "grok_tui", "--preset", name, "--headless", "--json", "--run-dir", str(run), *options]
        told = subprocess.run(
            [sys.executable, *words, "--device", "cpu", "--threads", "1", "--compile", "off"],
            cwd=code,
            env=os.environ | {"PYTHONPATH": str(code)},
            capture_output=True,
            text=True,
        )
        if told.returncode not in (0, 1):
            raise SystemExit(f"{name}: exit code {told.returncode}\n{told.stderr}")
        report = json.loads(told.stdout)
        newest = max((run / "checkpoints").glob("*.safetensors"))
        arrays = load_file(newest)
    theta = {
        key: hashlib.sha256(array.tobytes()).hexdigest()
        for key, array in sorted(arrays.items())
        if key.endswith("/theta")
    }
    kept = ("arm", "step", "name", "replica")
    return {
        "theta": theta,
        "claims": verdicts(report["claims"]),
        "measures": {arm["name"]: arm["measures"] for arm in report["arms"]},
        "events": [{key: event[key] for key in kept} for event in report["events"]],
    }


def verdicts(claims: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what came out of claims, without what reports came to say of them besides."""
    kept = ("says", "holds", "verdict", "left", "right")
    return [{key: claim[key] for key in kept} for claim in claims]


def main() -> None:
    """Write digests, or compare with those that were written."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--write", type=Path)
    parser.add_argument("--compare", type=Path)
    parser.add_argument("--code", type=Path, default=Path(__file__).parent.parent)
    parser.add_argument("--only", nargs="*", help="names of presets")
    chosen = parser.parse_args()
    plan = [(name, ()) for name in WHOLE] + [(name, ("--steps", "1000")) for name in A_THOUSAND_STEPS]
    document: dict[str, Any] = {
        "machine": {
            "processor": platform.processor() or platform.machine(),
            "vectors": torch.backends.cpu.get_cpu_capability(),
            "torch": torch.__version__,
        },
        "runs": {},
    }
    before = json.loads(chosen.compare.read_text()) if chosen.compare else None
    if before and before["machine"] != document["machine"]:
        print(f"another machine: {before['machine']}, here {document['machine']}; the bits may differ")
    differing = 0
    for name, options in plan:
        if chosen.only and name not in chosen.only:
            continue
        document["runs"][name] = found = digests(chosen.code.resolve(), name, options)
        verdict = ""
        if before:
            then = before["runs"].get(name)
            same = then is not None and then | {"claims": verdicts(then["claims"])} == found
            differing += not same
            verdict = "the same" if same else "DIFFERS"
        print(f"{name}: {len(found['theta'])} arms, {len(found['claims'])} claims {verdict}", flush=True)
    if chosen.write:
        chosen.write.write_text(json.dumps(document, indent=1) + "\n")
    raise SystemExit(1 if differing else 0)


if __name__ == "__main__":
    main()
