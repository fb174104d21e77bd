// Memory of the emulated devices, and tensors in it.

#pragma once

#include "devices.h"

#include <ATen/EmptyTensor.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <algorithm>
#include <cstring>

using namespace at;

namespace {

struct Block {
  void* place;
  int64_t bytes;
  int device;
};

struct DeviceMemory final : public Allocator {
  static void release(void* context) {
    auto block = static_cast<Block*>(context);
    {
      Lock lock(guarding);
      states[block->device].allocated -= block->bytes;
    }
    free(block->place);
    delete block;
  }
  DataPtr allocate(size_t wanted) override {
    Lock lock(guarding);
    auto& state = touched(current);
    auto bytes = static_cast<int64_t>((wanted + 511) / 512 * 512);
    auto after = state.allocated + bytes;
    if (state.limit >= 0 && after > state.limit)
      TORCH_CHECK_WITH(
          OutOfMemoryError, false, "CUDA out of memory. Tried to allocate ", wanted, " bytes. GPU ",
          int(current), " has a total capacity of ", state.limit, " bytes of which ",
          state.limit - state.allocated, " bytes is free. Of the allocated memory ", state.allocated,
          " bytes is allocated by PyTorch.  See documentation for Memory Management "
          " (https://pytorch.org/docs/stable/notes/cuda.html)");
    void* place = nullptr;
    TORCH_CHECK(posix_memalign(&place, 512, bytes ? bytes : 512) == 0, "the host has no memory left");
    memset(place, 0x7f, bytes);  // what nothing wrote must not look like anything
    state.allocated = after;
    state.reserved = std::max(state.reserved, after);
    return DataPtr(place, new Block{place, bytes, current}, &release, cuda(current));
  }
  DeleterFnPtr raw_deleter() const override { return &release; }
  void copy_data(void* to, const void* from, size_t bytes) const override { memcpy(to, from, bytes); }
};
DeviceMemory memory;

Tensor empty_of(IntArrayRef sizes, std::optional<ScalarType> dtype, std::optional<Layout>,
                std::optional<Device> device, std::optional<bool>, std::optional<MemoryFormat> format) {
  c10::DeviceGuard guard(device && device->has_index() ? *device : cuda(current));
  return at::detail::empty_generic(sizes, &memory, DispatchKeySet(DispatchKey::CUDA),
                                   c10::dtype_or_default(dtype), format);
}

Tensor empty_with_strides(IntArrayRef sizes, IntArrayRef strides, std::optional<ScalarType> dtype,
                          std::optional<Layout>, std::optional<Device> device, std::optional<bool>) {
  c10::DeviceGuard guard(device && device->has_index() ? *device : cuda(current));
  return at::detail::empty_strided_generic(sizes, strides, &memory, DispatchKeySet(DispatchKey::CUDA),
                                           c10::dtype_or_default(dtype));
}

const Tensor& resize(const Tensor& self, IntArrayRef sizes, std::optional<MemoryFormat>) {
  auto storage = self.storage();
  size_t needed = (c10::multiply_integers(sizes) + self.storage_offset()) * self.element_size();
  if (needed > storage.nbytes()) {
    c10::DeviceGuard guard(self.device());
    auto larger = memory.allocate(needed);
    memcpy(larger.get(), storage.data(), storage.nbytes());
    storage.set_data_ptr_noswap(std::move(larger));
    storage.set_nbytes(needed);
  }
  self.unsafeGetTensorImpl()->set_sizes_contiguous(sizes);
  return self;
}

// The same memory, as the CPU's kernels take it.
Tensor on_the_cpu(const Tensor& tensor) {
  if (!tensor.defined() || !tensor.is_cuda()) return tensor;
  if (tensor.numel() == 0) return at::empty(tensor.sizes(), tensor.options().device(kCPU));
  return at::from_blob(tensor.data_ptr(), tensor.sizes(), tensor.strides(), [tensor](void*) {},
                       tensor.options().device(kCPU));
}

}  // namespace
