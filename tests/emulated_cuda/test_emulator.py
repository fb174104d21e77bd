"""The emulated devices behave as CUDA's in what the tests beside this one lean on."""

from __future__ import annotations

import threading

import pytest
import torch


def test_there_are_two_devices_in_this_process_alone(devices):
    assert torch.cuda.is_available()
    assert torch.cuda.device_count() == 2
    assert torch.ones(2, device="cuda:1").is_cuda


def test_kernels_of_the_cpu_compute_on_the_device_and_are_counted(devices):
    x = torch.arange(6.0, device="cuda").view(2, 3)
    devices.forget_counts()
    product = x @ x.T
    assert product.device == torch.device("cuda", 0)
    assert product.tolist() == [[5.0, 14.0], [14.0, 50.0]]
    assert devices.counts()["launched"] == {"mm.out": 1}


def test_gradients_lie_where_their_tensors_do(devices):
    x = torch.ones(3, device="cuda:1", requires_grad=True)
    (x * x).sum().backward()
    assert x.grad is not None
    assert x.grad.device == torch.device("cuda", 1)
    assert x.grad.tolist() == [2.0, 2.0, 2.0]


def test_operands_on_two_devices_are_refused(devices):
    with pytest.raises(RuntimeError, match="Expected all tensors to be on the same device"):
        torch.ones(2, device="cuda:0") + torch.ones(2, device="cuda:1")
    with pytest.raises(RuntimeError, match="Expected all tensors to be on the same device"):
        torch.ones(2, device="cuda:0") + torch.ones(2)


def test_memory_runs_out_with_the_error_of_torch_and_comes_back(devices):
    devices.limit(4096)
    with pytest.raises(torch.OutOfMemoryError, match="CUDA out of memory"):
        torch.empty(8192, dtype=torch.uint8, device="cuda")
    kept = torch.empty(4096, dtype=torch.uint8, device="cuda")
    assert torch.cuda.mem_get_info(0)[0] == 0
    del kept
    torch.cuda.empty_cache()
    assert torch.cuda.mem_get_info(0)[0] == 4096


def test_a_thread_begins_on_the_first_device(devices):
    torch.cuda.set_device(1)
    seen = []
    thread = threading.Thread(target=lambda: seen.append(torch.cuda.current_device()))
    thread.start()
    thread.join()
    assert seen == [0]
    assert devices.contexts() == [1]


def test_a_graph_does_again_what_was_captured_on_the_same_memory(devices):
    x, y = torch.zeros(2, device="cuda"), torch.zeros(2, device="cuda")
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        y.copy_(x.add(1))
    x.fill_(4)
    graph.replay()
    assert y.tolist() == [5.0, 5.0]


def test_a_capture_on_a_stream_of_another_device_is_empty(devices):
    x = torch.zeros(2, device="cuda:1")
    graph = torch.cuda.CUDAGraph()
    with pytest.warns(UserWarning, match="The CUDA Graph is empty"), torch.cuda.graph(graph):
        x.add_(1)
    graph.replay()
    assert x.tolist() == [1.0, 1.0]


def test_values_are_not_read_during_a_capture(devices):
    x = torch.zeros(2, device="cuda")
    with (
        pytest.raises(RuntimeError, match="due to a previous error during capture"),
        torch.cuda.graph(torch.cuda.CUDAGraph()),
    ):
        x[0].item()


@pytest.mark.parametrize(("mode", "allowed"), [("global", False), ("thread_local", True)])
def test_another_thread_may_read_values_only_where_the_capture_is_of_its_own_thread(devices, mode, allowed):
    x, read = torch.zeros(2, device="cuda"), []

    def look() -> None:
        try:
            read.append(x[0].item())
        except RuntimeError as error:
            read.append(str(error))

    def capture() -> None:
        with torch.cuda.graph(torch.cuda.CUDAGraph(), capture_error_mode=mode):
            x.add(1)
            thread = threading.Thread(target=look)
            thread.start()
            thread.join()

    if allowed:
        capture()
        assert read == [0.0]
    else:
        with pytest.raises(RuntimeError, match="due to a previous error during capture"):
            capture()
        assert "operation not permitted when stream is capturing" in read[0]


def test_a_broken_device_fails_at_every_call(devices):
    x = torch.zeros(2, device="cuda")
    devices.break_down()
    with pytest.raises(RuntimeError, match="CUDA error: an illegal memory access"):
        x.add(1)
    with pytest.raises(RuntimeError, match="CUDA error: an illegal memory access"):
        x.cpu()
