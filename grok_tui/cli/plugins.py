"""`grok-tui plugins`: what installed distributions and files bring, and whether it can be used."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from grok_tui.cli import options as opt
from grok_tui.errors import ExitCode
from grok_tui.printable import printable


@dataclass(frozen=True)
class Offer:
    """One name that a plugin brings, and what is wrong with it; "" where nothing is."""

    kind: str
    name: str
    origin: str
    help: str
    problem: str


def plugins(as_json: opt.Json = False, _plugins: opt.Plugins = None) -> int:
    """List what plugins bring, and import each of it to see whether it can be used."""
    from grok_tui.output import complain, print_result, write_json, write_result

    offers = _offers()
    if as_json:
        write_json(json.dumps([asdict(offer) for offer in offers], indent=2, ensure_ascii=False) + "\n")
    elif offers:
        from grok_tui.headless.tables import PlainTable

        table = PlainTable()
        for column in ("kind", "name", "from", ""):
            table.add_column(column)
        for offer in offers:
            if not offer.problem:
                table.add_row(offer.kind, offer.name, printable(offer.origin), printable(offer.help))
        print_result(table)
    else:
        write_result("no plugins\n")
    problems = [offer.problem for offer in offers if offer.problem]
    if not as_json:
        for problem in problems:
            complain(problem)
    return ExitCode.USAGE if problems else ExitCode.AS_EXPECTED


def _offers() -> list[Offer]:
    from grok_tui.catalog.plugins import PluginError
    from grok_tui.catalog.registries import REGISTRIES

    offers = []
    for registry in REGISTRIES.values():
        for name in registry.brought:
            try:
                entry = registry[name]
                registry.implementation(name)
                offers.append(Offer(registry.kind, name, str(entry.origin), entry.help, ""))
            except PluginError as error:
                offers.append(Offer(registry.kind, name, "", "", str(error)))
        offers += [Offer(registry.kind, "", "", "", problem) for problem in registry.misnamed]
    return offers
