"""What the explorer writes of its run, in a thread, and what it says of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from grok_tui.errors import GrokTuiError
from grok_tui.files import present_folder

if TYPE_CHECKING:
    from grok_tui.frontend.export import Subject
    from grok_tui.tui.explorer import Explorer

Written = TypeVar("Written")


class Writer:
    """Writes into the present folder for an app."""

    def __init__(self, app: Explorer) -> None:
        self._app = app
        self._writing = asyncio.Lock()

    async def export(self) -> None:
        """Write curves, screen and command line."""
        from grok_tui.frontend.export import save_all

        svg = self._app.export_screenshot()
        files = await self._written(lambda subject, folder: save_all(subject, folder, svg))
        if files is not None:
            self._tell("exported", files, "")

    async def copy_command(self) -> None:
        """Copy the command line that does the run again, and write it to a file as well."""
        from grok_tui.frontend.export import save_command

        written = await self._written(save_command)
        if written is not None:
            command, files = written
            self._app.copy_to_clipboard(command)
            self._tell("copied", files, f"{command}\nalso in ")

    async def _written(self, write: Callable[[Subject, Path], Written]) -> Written | None:
        """Have a thread write something of the run; tell why if it cannot."""
        app, subject = self._app, self._app.subject
        if subject is None:
            app.notify("there is no run yet", severity="warning")
            return None
        try:
            async with self._writing:  # two at once would choose the same name
                return await asyncio.to_thread(lambda: write(subject, present_folder()))
        except GrokTuiError as error:
            app.notify(str(error), severity="error", timeout=10, markup=False)
        except Exception as error:  # out of a worker it would end the explorer
            app.report(error)
        return None

    def _tell(self, title: str, files: Sequence[Path], lead: str) -> None:
        names = ", ".join(file.name for file in files)
        where = f"{lead}{names} in {files[0].parent}"
        self._app.notify(where, title=title, timeout=8, markup=False)
