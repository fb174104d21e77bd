"""The helper process: turns a program on stdin into native code in a folder.

    python -m grok_tui.engine.steps.compiled.build FOLDER < program

It runs beside training at a low priority and leaves nothing but the finished folder: whoever sees the folder
sees all of it.
"""

from __future__ import annotations

import os
import pickle
import shutil
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

import torch
from torch.fx import GraphModule
from torch.fx.experimental.proxy_tensor import make_fx

from .calling import PER_STEP, Rows, Strided, in_place
from .native import MOST_INPUTS, REPEAT_FILE, STEP_FILE, TRUSTING, compiler

# Runs a compiled step again and again without coming back to Python. A run takes the handles of its inputs
# away, so each is given fresh ones of the same tensors.
REPEAT = """
#include <stdint.h>
typedef int32_t (*Run)(void*, void**, int64_t, void**, int64_t, void*, void*);
typedef int32_t (*Again)(void*, void**);
extern "C" int32_t repeat(Run run, Again again, void* model, void** inputs, int64_t count, int64_t times) {
  void* given[%d];
  for (int64_t i = 0; i < times; ++i) {
    for (int64_t j = 0; j < count; ++j)
      if (int32_t error = again(inputs[j], &given[j])) return error;
    if (int32_t error = run(model, given, count, nullptr, 0, nullptr, nullptr)) return error;
  }
  return 0;
}
"""

# Buffers on the stack cost nothing to make; a step that needs more than this in all has them on the heap.
STACK_BYTES = 1 << 20

MOST_KEPT = 64

Step = tuple[GraphModule, tuple[str, ...], tuple[str, ...], tuple[Strided, ...], int]
"""What `Program.pickled` holds."""


def main() -> None:
    """Compile what stdin holds."""
    folder = Path(sys.argv[1])
    warnings.simplefilter("ignore")
    if TRUSTING in os.environ:
        os.nice(10)
    program: Step = pickle.load(sys.stdin.buffer)
    try:
        make(program, folder)
    except Exception:
        if os.environ.pop(TRUSTING, None) is None:
            raise
        # The compiler may be older than the processor: begin again, trying everything out.
        os.lseek(sys.stdin.fileno(), 0, os.SEEK_SET)
        os.execv(sys.executable, [sys.executable, "-m", "grok_tui.engine.steps.compiled.build", str(folder)])


def make(program: Step, folder: Path) -> None:
    """Compile a step into a folder, which is there when all of it is."""
    with tempfile.TemporaryDirectory(prefix=".building-", dir=folder.parent) as place:
        result = Path(place) / "result"
        result.mkdir()
        build(program, result)
        try:
            result.rename(folder)
        except OSError:
            if not folder.is_dir():  # else another process was quicker
                raise
    _forget_oldest(folder.parent)


def build(program: Step, folder: Path) -> None:
    """Compile a step, and what repeats it, into a folder."""
    step, names, renewed, layouts, threads = program
    torch.set_num_threads(threads)
    by_name = dict(zip(names, layouts, strict=False))
    fixed = [layout.zeros() for name, layout in by_name.items() if name not in PER_STEP]
    known = [layout.zeros() for layout in layouts[len(names) :]]
    examples = (*Rows.zeros(by_name).all(), *fixed, *known)
    with torch.no_grad():
        graph = make_fx(in_place(step, names, renewed))(*examples)
        options: dict[str, Any] = {
            # They would save some seconds and fill hundreds of megabytes.
            "aot_inductor.precompile_headers": False,
            "cpp_cache_precompile_headers": False,
        }
        if sum(_bytes(node.meta.get("val")) for node in graph.graph.nodes) <= STACK_BYTES:
            options["aot_inductor.allow_stack_allocation"] = True
        for node in graph.graph.nodes:
            node.meta.clear()
        made = torch._inductor.aot_compile(graph, examples, options=options)
    shutil.copy(str(made), folder / STEP_FILE)
    shutil.rmtree(Path(str(made)).parent)  # of what torch keeps, only what it found out about the compiler
    source = folder.parent / "repeat.cpp"
    source.write_text(REPEAT % MOST_INPUTS, encoding="utf-8")
    command = [compiler() or "g++", "-O2", "-shared", "-fPIC", str(source), "-o", str(folder / REPEAT_FILE)]
    subprocess.run(command, check=True)


def _forget_oldest(cache: Path) -> None:
    entries = [entry for entry in cache.iterdir() if (entry / STEP_FILE).is_file()]
    for entry in sorted(entries, key=lambda entry: entry.stat().st_mtime)[:-MOST_KEPT]:
        shutil.rmtree(entry, ignore_errors=True)


def _bytes(value: object) -> int:
    return value.numel() * value.element_size() if isinstance(value, torch.Tensor) else 0


if __name__ == "__main__":
    main()
