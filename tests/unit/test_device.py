"""Where a run is computed: what names of devices mean, and what is told where there is none, or no room."""

from __future__ import annotations

import re

import pytest
import torch
from arms import preset

from grok_tui.engine.run import memory
from grok_tui.engine.run.device import DeviceError, choose_device, prepare_thread, reason, resolve_device
from grok_tui.engine.run.memory import NoRoomError, in_a_line, out_of_memory
from grok_tui.engine.run.place import Place
from grok_tui.engine.run.run import Run
from grok_tui.engine.store.directory import RunDirectory
from grok_tui.engine.store.store import create, resume
from grok_tui.presets.model import memory_needed

SGD = {"name": "sgd", "optimizer": {"name": "sgd", "lr": 0.1}}

NVIDIA_SAYS = (
    "CUDA out of memory. Tried to allocate 20.00 MiB. GPU 0 has a total capacity of 79.10 GiB of which"
    " 12.00 MiB is free. Including non-PyTorch memory, this process has 1.00 GiB memory in use. Of the"
    " allocated memory 3 GiB is allocated by PyTorch."
)


@pytest.fixture
def gpus(monkeypatch):
    """Let torch count so many GPUs."""

    def there_are(count: int) -> None:
        monkeypatch.setattr(torch.cuda, "device_count", lambda: count)
        monkeypatch.setattr(torch.cuda, "current_device", lambda: 0)

    return there_are


@pytest.mark.parametrize("name", ["cuda:", "cuda:01", "cuda:²", "cuda:1x", "cuda:-1", "gpu", ""])
def test_what_is_no_name_of_a_device_is_told_with_those_that_are(gpus, name):
    gpus(2)
    with pytest.raises(DeviceError, match=r"unknown device .*; valid: auto, cpu, cuda, cuda:N"):
        choose_device(name, 1)


def test_names_mean_devices(gpus):
    gpus(2)
    assert choose_device("cpu", 1e12).device == torch.device("cpu")
    assert choose_device("cuda", 1).device == torch.device("cuda", 0)
    assert choose_device("cuda:1", 1).device == torch.device("cuda", 1)
    with pytest.raises(DeviceError, match="there are cuda:0 to cuda:1"):
        choose_device("cuda:2", 1)


def test_several_names_mean_several_gpus(gpus):
    gpus(3)
    assert choose_device("cuda:2,cuda:0", 1).devices == (torch.device("cuda", 2), torch.device("cuda", 0))
    with pytest.raises(DeviceError, match="this is done on one device alone"):
        resolve_device("cuda:0,cuda:1", 1)


@pytest.mark.parametrize(
    ("count", "name", "said"),
    [
        (2, "cuda:9", "'cuda:9': there are cuda:0 to cuda:1"),
        (1, "cuda:0,cuda:1", "'cuda:0,cuda:1': there is cuda:0 alone"),
        (2, "cuda:0,cuda:0", "'cuda:0,cuda:0': cuda:0 is named twice; there are cuda:0 to cuda:1"),
        (2, "cuda:0,cpu", "'cuda:0,cpu': 'cpu' stands alone; several are GPUs: there are cuda:0 to cuda:1"),
        (2, "cuda:0,all", "'cuda:0,all': 'all' stands alone; several are GPUs: there are cuda:0 to cuda:1"),
        (
            2,
            "cuda:0,",
            "unknown device ''; valid: auto, cpu, cuda, cuda:N, all, or several GPUs as cuda:0,cuda:1",
        ),
        (0, "all", "'all': no CUDA device here; valid: auto, cpu"),
        (0, "cuda:0,cuda:1", "'cuda:0,cuda:1': no CUDA device here; valid: auto, cpu"),
    ],
)
def test_what_several_devices_cannot_be_is_told_in_a_line(gpus, monkeypatch, count, name, said):
    gpus(count)
    monkeypatch.setattr(torch.version, "cuda", "13.0")
    with pytest.raises(DeviceError) as caught:
        choose_device(name, 1)
    assert str(caught.value) == f"--device: {said}"
    assert caught.value.exit_code == 2


def test_all_takes_the_gpus_that_work_and_says_of_the_others_why_not(gpus, monkeypatch):
    gpus(3)
    problems = {1: "only 12 MiB are free"}
    monkeypatch.setattr("grok_tui.engine.run.gpus._problem", problems.get)
    choice = choose_device("all", 1)
    assert choice.devices == (torch.device("cuda", 0), torch.device("cuda", 2))
    assert choice.why == "cuda:1: only 12 MiB are free"
    problems |= {0: "it is off", 2: "it is off"}
    with pytest.raises(
        DeviceError, match=r"'all': no GPU will do: cuda:0: it is off; cuda:1: .*; valid: auto, cpu"
    ):
        choose_device("all", 1)


def test_a_torch_without_cuda_is_told_apart_from_a_machine_without(gpus, monkeypatch):
    gpus(0)
    monkeypatch.setattr(torch.version, "cuda", None)
    monkeypatch.setattr(torch.version, "hip", None)
    with pytest.raises(DeviceError, match="this build of torch is one without CUDA; valid: auto, cpu"):
        choose_device("cuda", 1)
    monkeypatch.setattr(torch.version, "cuda", "13.0")
    with pytest.raises(DeviceError, match="no CUDA device here"):
        choose_device("cuda:1", 1)


def test_a_device_that_was_asked_for_is_given_no_reason_of_its_own(gpus):
    gpus(1)
    for name in ("cuda", "cpu"):
        for size in (1.0, 1e12):
            said = reason(choose_device(name, size), 2, size)
            assert said.endswith("million multiplications a step")
    assert "too few for a GPU" in reason(choose_device("auto", 1.0), None, 1.0)


def test_tf32_is_off_unless_it_is_asked_for(monkeypatch):
    monkeypatch.setattr(torch.cuda, "set_device", lambda device: None)
    try:
        torch.backends.cuda.matmul.allow_tf32 = True  # as an environment may have it
        prepare_thread(torch.device("cuda", 0), 1, 1)
        assert not torch.backends.cuda.matmul.allow_tf32
        prepare_thread(torch.device("cuda", 0), 1, 1, tf32=True)
        assert torch.backends.cuda.matmul.allow_tf32
    finally:
        torch.backends.cuda.matmul.allow_tf32 = False


def test_a_run_remembers_whether_tf32_was_allowed(tmp_path):
    run = Run(preset(SGD), "cpu", tf32=True)
    create(run, "p", at=tmp_path / "run").close()
    assert RunDirectory(tmp_path / "run").describe().tf32
    for asked, kept in ((None, True), (False, False)):
        again, store = resume(RunDirectory(tmp_path / "run"), lambda _: None, Place(tf32=asked))
        store.close()
        assert again.tf32 is kept


def test_a_run_of_a_gpu_that_is_not_here_is_told_by_its_folder(tmp_path, gpus):
    gpus(0)
    store = create(Run(preset(SGD), "cpu"), "p", at=tmp_path / "run")
    store.close()
    document = tmp_path / "run/run.json"
    document.write_text(re.sub('"device": ?"cpu"', '"device":"cuda:1"', document.read_text()))
    assert RunDirectory(tmp_path / "run").describe().device == "cuda:1"
    with pytest.raises(DeviceError, match=r"/run: began on 'cuda:1': .*; to go on here: --device cpu$"):
        resume(RunDirectory(tmp_path / "run"), lambda _: None)


def test_a_run_that_needs_more_than_is_free_is_told_what_would_fit(monkeypatch):
    wide = preset(SGD, replicas=64)
    room = memory_needed(preset(SGD, replicas=16))
    monkeypatch.setattr(memory, "physical_memory", lambda: room)
    with pytest.raises(NoRoomError, match=r"need about .* of memory on cpu, .*: --replicas 16"):
        Run(wide, "cpu")
    Run(preset(SGD, replicas=16), "cpu")


def test_a_restart_that_needs_more_than_is_free_leaves_the_run_as_it_was(monkeypatch):
    run = Run(preset(SGD), "cpu")
    arm = run.arms["sgd"]
    monkeypatch.setattr(memory, "physical_memory", lambda: memory_needed(preset(SGD)))
    with pytest.raises(NoRoomError):
        run.restart(preset(SGD, replicas=64))
    assert run.arms["sgd"] is arm


def test_want_of_memory_is_told_from_other_errors_and_in_one_line():
    assert out_of_memory(torch.OutOfMemoryError(NVIDIA_SAYS))
    assert out_of_memory(MemoryError())
    assert out_of_memory(
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`")
    )
    assert not out_of_memory(RuntimeError("CUDA error: an illegal memory access was encountered"))
    assert not out_of_memory(ValueError("out of memory"))
    assert in_a_line(torch.OutOfMemoryError(NVIDIA_SAYS)).endswith("79.10 GiB of which 12.00 MiB is free")
