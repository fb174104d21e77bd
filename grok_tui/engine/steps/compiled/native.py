"""Compiled steps in memory: loaded from a folder, bound to tensors, run without Python in between."""

from __future__ import annotations

import ctypes
import os
import shutil
import sys
import weakref
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import torch
from torch import Tensor

STEP_FILE = "step.so"
REPEAT_FILE = "repeat.so"

MOST_INPUTS = 64

# Torch tries out what the compiler makes of each instruction set, which takes longer than a build. With this
# set it relies on what the processor says.
TRUSTING = "TORCHINDUCTOR_VEC_ISA_OK"


class NativeError(Exception):
    """Compiled code that cannot be loaded or run; one line."""


def compiler() -> str | None:
    """Return the C++ compiler's path, the one that torch would take, or None where there is none."""
    return shutil.which(os.environ.get("CXX", "g++"))


class NativeStep:
    """A compiled step, bound to tensors. They must stay where they are as long as it lives.

    Args:
        folder: what the helper process made.
        tensors: the inputs, in the order of `Rows.all` and what follows.

    Raises:
        NativeError: it cannot be loaded.
    """

    def __init__(self, folder: Path, tensors: Sequence[Tensor]) -> None:
        try:
            library = ctypes.CDLL(str(folder / STEP_FILE))
            self._repeat = ctypes.CDLL(str(folder / REPEAT_FILE)).repeat
            run, again = library.AOTInductorModelContainerRun, _torch().aoti_torch_new_tensor_handle
            create, delete = (
                library.AOTInductorModelContainerCreateWithDevice,
                library.AOTInductorModelContainerDelete,
            )
        except (OSError, AttributeError) as error:
            raise NativeError(f"{folder}: {error}") from None
        if len(tensors) > MOST_INPUTS:
            raise NativeError(f"{folder}: {len(tensors)} inputs are too many")
        self._tensors = tuple(tensors)  # the handles own no memory
        model = ctypes.c_void_p()
        if create(ctypes.byref(model), ctypes.c_size_t(1), b"cpu", None):
            raise NativeError(f"{folder}: cannot be set up")
        handles = (ctypes.c_void_p * len(tensors))(*[_handle(tensor) for tensor in tensors])
        self._arguments = (
            ctypes.cast(run, ctypes.c_void_p),
            ctypes.cast(again, ctypes.c_void_p),
            model,
            handles,
            ctypes.c_int64(len(tensors)),
        )
        weakref.finalize(self, _release, delete, model, list(handles))

    def run(self, steps: int) -> None:
        """Take steps; other Python threads go on meanwhile.

        Raises:
            NativeError: a step failed.
        """
        if self._repeat(*self._arguments, ctypes.c_int64(steps)):
            raise NativeError("a compiled step failed")


@cache
def _torch() -> ctypes.CDLL:
    suffix = "dylib" if sys.platform == "darwin" else "so"
    library = Path(torch.__file__).parent / "lib" / f"libtorch_cpu.{suffix}"
    return ctypes.CDLL(str(library))


def _handle(tensor: Tensor) -> int:
    """Return a handle of a tensor's memory on the CPU, for torch's C interface."""
    torch_library = _torch()
    dtype = getattr(torch_library, f"aoti_torch_dtype_{str(tensor.dtype).removeprefix('torch.')}")()
    numbers = ctypes.c_int64 * tensor.dim()
    handle = ctypes.c_void_p()
    failed = torch_library.aoti_torch_create_tensor_from_blob(
        ctypes.c_void_p(tensor.data_ptr()),
        ctypes.c_int64(tensor.dim()),
        numbers(*tensor.shape),
        numbers(*tensor.stride()),
        ctypes.c_int64(0),
        ctypes.c_int32(dtype),
        ctypes.c_int32(torch_library.aoti_torch_device_type_cpu()),
        ctypes.c_int32(-1),
        ctypes.byref(handle),
    )
    if failed or handle.value is None:
        raise NativeError("torch does not take a tensor")
    return handle.value


def _release(delete: object, model: ctypes.c_void_p, handles: list[int]) -> None:
    assert callable(delete)
    delete(model)
    for handle in handles:
        _torch().aoti_torch_delete_tensor_object(ctypes.c_void_p(handle))
