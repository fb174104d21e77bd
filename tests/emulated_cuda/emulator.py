"""Two CUDA devices that are none: built on demand, and put in the place of torch's own.

`emulator.cpp` says what is emulated and what is faked below torch's dispatcher. Here is what is faked above
it: the functions of `torch.cuda` that a build without CUDA lacks. `torch.cuda.graph` stays torch's own.

Once `install` was called, the process believes in two GPUs for good, so it is called in processes of its own.
With EMULATED_CUDA_TELL in the environment, each operation that is faked is told once on stderr.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import shutil
import subprocess
import tempfile
import warnings
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import platformdirs
import torch

HERE = Path(__file__).parent
CACHE = platformdirs.user_cache_path("grok-tui-tests") / "emulated_cuda"
DEVICES = 2
UUIDS = ("00000000-0000-0000-0000-00000000000a", "00000000-0000-0000-0000-00000000000b")

CAPACITY = 2**30  # bytes of a device without a limit, as `torch.cuda.mem_get_info` tells them


class BuildError(Exception):
    """The compiler does not take the emulator; its own words."""


def compiler() -> str | None:
    """Return a C++ compiler, if there is one."""
    return shutil.which(os.environ.get("CXX", "g++")) or shutil.which("clang++")


def built() -> Path:
    """Return the library, compiled for this torch if it is not there yet.

    Raises:
        BuildError: it cannot be compiled.
    """
    sources = sorted([*HERE.glob("*.cpp"), *HERE.glob("*.h")])
    content = b"".join(source.read_bytes() for source in sources) + torch.__version__.encode()
    library = CACHE / hashlib.sha256(content).hexdigest()[:16] / "libemulated_cuda.so"
    if library.is_file():
        return library
    root = Path(torch.__file__).parent
    library.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=library.parent) as folder:
        made = Path(folder) / library.name
        command = [
            compiler() or "g++",
            *("-std=c++20", "-O0", "-w", "-shared", "-fPIC"),
            *(
                f"-D_GLIBCXX_USE_CXX11_ABI={int(torch.compiled_with_cxx11_abi())}",
                "-DAT_PER_OPERATOR_HEADERS",
            ),
            *(f"-I{root / 'include'}", f"-I{root / 'include/torch/csrc/api/include'}"),
            *(str(HERE / "emulator.cpp"), "-o", str(made)),
            *(f"-L{root / 'lib'}", "-ltorch", "-ltorch_cpu", "-lc10"),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise BuildError(done.stderr)
        made.replace(library)
    return library


class Emulator:
    """The devices, as a test looks at them and spoils them.

    Args:
        library: as `built` returns it.
    """

    def __init__(self, library: Path) -> None:
        self.calls = calls = ctypes.CDLL(str(library))
        for name in ("allocated", "reserved", "capture_end", "nodes"):
            getattr(calls, f"emulated_{name}").restype = ctypes.c_int64
        for name in ("counts", "broken"):
            getattr(calls, f"emulated_{name}").restype = ctypes.c_char_p
        calls.emulated_limit.argtypes = [ctypes.c_int, ctypes.c_int64]
        for name in ("nodes", "replay", "drop"):
            getattr(calls, f"emulated_{name}").argtypes = [ctypes.c_int64]
        self.limits = [-1] * DEVICES

    def allocated(self, device: int = 0) -> int:
        """Bytes of tensors on a device."""
        return int(self.calls.emulated_allocated(device))

    def limit(self, room: int | None, device: int = 0) -> None:
        """Leave so many bytes to be had beyond what is allocated now; None lifts the limit."""
        self.limits[device] = -1 if room is None else self.allocated(device) + room
        self.calls.emulated_limit(device, self.limits[device])

    def break_down(self, device: int = 0, error: str = "an illegal memory access was encountered") -> None:
        """Have every call that reaches a device fail from now on; "" mends it."""
        self.calls.emulated_break(device, error.encode())

    def contexts(self) -> list[int]:
        """The devices that anything has touched."""
        return [device for device in range(DEVICES) if self.calls.emulated_has_context(device)]

    def counts(self) -> dict[str, Counter[str]]:
        """How often what was done since `forget_counts`, by kind and operation.

        Kinds: "launched" (kernels, one by one), "captured", "replayed" (graphs), "read" (values), "to the
        device", "to the host" (copies), "number of the host" (operands on the CPU without an axis).
        """
        found: dict[str, Counter[str]] = {}
        for line in self.calls.emulated_counts().decode().splitlines():
            kind, name, times = line.split("\t")
            found.setdefault(kind, Counter())[name] = int(times)
        return found

    def forget_counts(self) -> None:
        """Count from here on."""
        self.calls.emulated_forget_counts()

    def touch(self, device: int, waits: bool = False) -> None:
        """Reach a device as a call of CUDA's runtime does, one that may wait for it or not.

        Raises:
            RuntimeError: the device is broken, or a capture does not allow it.
        """
        match self.calls.emulated_touch(device, int(waits)):
            case 1:
                raise RuntimeError(f"CUDA error: {self.calls.emulated_broken(device).decode()}")
            case 2:
                raise RuntimeError("CUDA error: operation not permitted when stream is capturing")

    def free(self, device: int) -> int:
        """Bytes of a device that no tensor takes."""
        total = self.limits[device] if self.limits[device] >= 0 else CAPACITY
        return total - int(self.calls.emulated_reserved(device))


def _index(device: Any, current: int) -> int:
    if device is None:
        return current
    if isinstance(device, int):
        return current if device < 0 else device
    index = torch.device(device).index
    return current if index is None else index


def install(library: Path) -> Emulator:
    """Load the library and put the emulated devices in the place of torch's; return them.

    Nothing may have gone backwards in this process before: autograd counts the devices once.
    """
    # What these import looks at `torch.cuda` as it is for a build without CUDA.
    import torch._dynamo
    import torch.func
    import torch.fx.experimental.proxy_tensor

    devices = Emulator(library)
    calls = devices.calls
    cuda: Any = torch.cuda

    def index_of(device: Any) -> int:
        return _index(device, calls.emulated_current())

    def set_device(device: Any) -> None:
        place = index_of(device)
        if place >= DEVICES:
            raise RuntimeError("CUDA error: invalid device ordinal")
        calls.emulated_set_current(place)
        devices.touch(place)

    def mem_get_info(device: Any = None) -> tuple[int, int]:
        place = index_of(device)
        devices.touch(place)
        limit = devices.limits[place]
        return devices.free(place), limit if limit >= 0 else CAPACITY

    def synchronize(device: Any = None) -> None:
        devices.touch(index_of(device), waits=True)

    def empty_cache() -> None:
        devices.touch(calls.emulated_current())
        calls.emulated_empty_cache()

    def properties(device: Any = None) -> SimpleNamespace:
        return SimpleNamespace(name="Emulated GPU", uuid=UUIDS[index_of(device)], total_memory=CAPACITY)

    replaced = {
        "is_available": lambda: True,
        "device_count": lambda: DEVICES,
        "current_device": calls.emulated_current,
        "set_device": set_device,
        "is_initialized": lambda: True,
        "init": lambda: None,
        "_lazy_init": lambda: None,
        "get_device_name": lambda device=None: "Emulated GPU",
        "get_device_properties": properties,
        "memory_allocated": lambda device=None: devices.allocated(index_of(device)),
        "memory_reserved": lambda device=None: int(calls.emulated_reserved(index_of(device))),
        "mem_get_info": mem_get_info,
        "synchronize": synchronize,
        "empty_cache": empty_cache,
    }
    for name, function in (replaced | _streams(devices, index_of) | _graphs(devices)).items():
        setattr(cuda, name, function)
    torch._C._host_emptyCache = lambda: None
    own = torch.Generator
    # The CPU's kernels draw, so a generator of theirs is asked.
    torch.Generator = type("Generator", (), {"__new__": lambda cls, device="cpu": own("cpu")})
    return devices


def _streams(devices: Emulator, index_of: Any) -> dict[str, Any]:
    """Streams do nothing but be the current one of their device: work is done at once."""
    calls = devices.calls

    class Stream:
        def __init__(self, device: Any = None, priority: int = 0, **_: Any) -> None:
            self.device = torch.device("cuda", index_of(device))
            self.default = False
            devices.touch(self.device.index)

        def wait_stream(self, other: Stream) -> None:
            pass

        def synchronize(self) -> None:
            devices.touch(self.device.index, waits=True)

    current: dict[int, Stream] = {}

    def current_stream(device: Any = None) -> Stream:
        place = index_of(device)
        if place not in current:
            current[place] = Stream(place)
            current[place].default = True
        return current[place]

    class On:
        """`torch.cuda.stream`: the stream, and its device, are the current ones meanwhile."""

        def __init__(self, stream: Stream | None) -> None:
            self.stream = stream

        def __enter__(self) -> None:
            if self.stream is not None:
                place = self.stream.device.index
                self.before = (calls.emulated_current(), current_stream(place))
                current[place] = self.stream
                calls.emulated_set_current(place)

        def __exit__(self, *_: object) -> None:
            if self.stream is not None:
                calls.emulated_set_current(self.before[0])
                current[self.stream.device.index] = self.before[1]

    class Device:
        """`torch.cuda.device`: the device is the current one meanwhile."""

        def __init__(self, device: Any) -> None:
            self.index = index_of(device)

        def __enter__(self) -> None:
            self.before = calls.emulated_current()
            calls.emulated_set_current(self.index)

        def __exit__(self, *_: object) -> None:
            calls.emulated_set_current(self.before)

    return {"Stream": Stream, "stream": On, "current_stream": current_stream, "device": Device}


def _graphs(devices: Emulator) -> dict[str, Any]:
    calls = devices.calls

    class CUDAGraph:
        number = -1

        def capture_begin(self, *pool: Any, capture_error_mode: str = "global", **_: Any) -> None:
            stream = torch.cuda.current_stream()
            if stream.default:
                raise RuntimeError("CUDA graphs must be captured on a non-default stream.")
            calls.emulated_capture_begin(stream.device.index, int(capture_error_mode == "global"))

        def capture_end(self) -> None:
            self.number = calls.emulated_capture_end()
            if self.number < 0:
                raise RuntimeError("CUDA error: operation failed due to a previous error during capture")
            if self.nodes == 0:
                warnings.warn("The CUDA Graph is empty.", stacklevel=2)

        @property
        def nodes(self) -> int:
            return int(calls.emulated_nodes(self.number))

        def replay(self) -> None:
            calls.emulated_replay(self.number)

        def __del__(self) -> None:
            if self.number >= 0:
                calls.emulated_drop(self.number)

    return {"CUDAGraph": CUDAGraph}
