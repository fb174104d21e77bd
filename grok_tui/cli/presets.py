"""`grok-tui presets`: list the presets, or show one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from grok_tui.cli import options as opt
from grok_tui.errors import ExitCode, PresetError

if TYPE_CHECKING:
    from grok_tui.presets import Preset


def presets(name: opt.PresetName = None, as_json: opt.Json = False, _plugins: opt.Plugins = None) -> int:
    """List the presets, or show one with its settings and claims."""
    return _show(name, as_json) if name is not None else _list(as_json)


def _list(as_json: bool) -> int:
    from grok_tui.headless.preset_tables import listing
    from grok_tui.output import complain, print_result, write_json
    from grok_tui.presets import load, names

    found, problems = {}, []
    for name in names():
        try:
            found[name] = load(name)
        except PresetError as error:
            problems.append(error)
    if as_json:
        documents = [_document(name, preset) for name, preset in found.items()]
        write_json(json.dumps(documents, indent=2, ensure_ascii=False) + "\n")
    else:
        print_result(listing(found))
    for problem in problems:
        complain(str(problem))
    return ExitCode.USAGE if problems else ExitCode.AS_EXPECTED


def _show(name: str, as_json: bool) -> int:
    from grok_tui.headless.preset_tables import details
    from grok_tui.options import label_of
    from grok_tui.output import print_result, write_json
    from grok_tui.presets import load

    preset = load(name)
    label = label_of(name)
    if as_json:
        write_json(json.dumps(_document(label, preset), indent=2, ensure_ascii=False) + "\n")
    else:
        print_result(details(label, preset))
    return ExitCode.AS_EXPECTED


def _document(name: str, preset: Preset) -> dict[str, Any]:
    return {"preset": name, **preset.model_dump(mode="json")}
