// Two CUDA devices that are none, for a build of torch without CUDA.
//
// Tensors say that they lie on cuda:0 or cuda:1, their memory is the host's, and every operation on them is
// computed by the CPU's kernel. What is emulated is what the host can see of a device:
//
//   memory     of each device, 512-byte aligned, filled with garbage, cached as torch's allocator caches it,
//              and limited if a test wants that: then torch's own OutOfMemoryError is raised
//   devices    operands on two devices are refused; a thread has a current device, at first cuda:0; a device
//              that is touched has a context from then on; a device may be broken, for good
//   capture    operations of the capturing thread on the device of its stream are recorded and can be replayed
//              on the same memory; reading values and copying between devices are refused meanwhile
//   counts     of kernels launched, of values read, of copies from and to the host
//
// It cannot show a kernel's own rounding, speed, or races between streams.
//
// What is faked how, by dispatch key CUDA:
//   all operations without an entry of their own           `computed_by_the_cpu`
//   empty.memory_format, empty_strided, resize_            memory of the device
//   copy_, _local_scalar_dense                             counted, refused in a capture
//   as_strided, view, _reshape_alias, unfold               views, as on any device
//   native_layer_norm and its backward, _foreach_copy_     `computed_by_the_cpu`, instead of a decomposition
//
// Written against torch's C++ interface; the functions at the end are called through ctypes.

#include "call.h"

#include <ATen/ops/_reshape_alias_native.h>
#include <ATen/ops/as_strided_native.h>
#include <ATen/ops/unfold_native.h>
#include <ATen/ops/view_native.h>
#include <c10/core/GradMode.h>
#include <sstream>

TORCH_LIBRARY_IMPL(_, CUDA, library) {
  library.fallback(torch::CppFunction::makeFromBoxedFunction<&computed_by_the_cpu>());
}

TORCH_LIBRARY_IMPL(aten, CUDA, library) {
  library.impl("empty.memory_format", empty_of);
  library.impl("empty_strided", empty_with_strides);
  library.impl("resize_", resize);
  library.impl("copy_", copy_into);
  library.impl("_local_scalar_dense", value_of);
  library.impl("as_strided", [](const Tensor& self, IntArrayRef sizes, IntArrayRef strides,
                                std::optional<int64_t> offset) {
    return at::native::as_strided_tensorimpl(self, sizes, strides, offset);
  });
  library.impl("view", [](const Tensor& self, IntArrayRef sizes) { return at::native::view(self, sizes); });
  library.impl("_reshape_alias", [](const Tensor& self, IntArrayRef sizes, IntArrayRef strides) {
    return at::native::_reshape_alias(self, sizes, strides);
  });
  library.impl("unfold", [](const Tensor& self, int64_t axis, int64_t size, int64_t step) {
    return at::native::unfold(self, axis, size, step);
  });
  for (auto name : {"native_layer_norm", "native_layer_norm_backward", "_foreach_copy_"})
    library.impl(name, torch::CppFunction::makeFromBoxedFunction<&computed_by_the_cpu>());
}

// What Python calls.

static std::string told;

extern "C" {

int emulated_current() { return current; }
void emulated_set_current(int device) { current = static_cast<DeviceIndex>(device); }
int64_t emulated_allocated(int device) { return states[device].allocated; }
int64_t emulated_reserved(int device) { return states[device].reserved; }
void emulated_empty_cache() { for (auto& state : states) state.reserved = state.allocated; }
void emulated_limit(int device, int64_t bytes) { states[device].limit = bytes; }
int emulated_has_context(int device) { return states[device].context; }
void emulated_break(int device, const char* error) { states[device].broken = error; }

// Touch a device as a call of the runtime does that may wait for it: 0, or 1 if it is broken, 2 in a capture.
int emulated_touch(int device, int waits) {
  states[device].context = true;
  if (!states[device].broken.empty()) return 1;
  if (!waits) return 0;
  try {
    unsafe("synchronize");
  } catch (const c10::Error&) {
    return 2;
  }
  return 0;
}
const char* emulated_broken(int device) { return states[device].broken.c_str(); }

void emulated_capture_begin(int device, int global) {
  Lock lock(guarding);
  capture = std::make_shared<Graph>();
  capture_device = device;
  if (global) watching = capture;
}

// The number of the graph, or -1 where something did not let the capture live.
int64_t emulated_capture_end() {
  Lock lock(guarding);
  auto made = capture;
  capture = watching = nullptr;
  if (made == nullptr || made->invalid) return -1;
  graphs[++graphs_made] = made;
  return graphs_made;
}

int64_t emulated_nodes(int64_t graph) { return static_cast<int64_t>(graphs.at(graph)->nodes.size()); }
void emulated_drop(int64_t graph) { graphs.erase(graph); }

void emulated_replay(int64_t graph) {
  c10::NoGradGuard no_grad;
  count("replayed", "graph");
  for (auto& node : graphs.at(graph)->nodes) node();
}

void emulated_forget_counts() {
  Lock lock(guarding);
  counts.clear();
}

// Lines of kind, tab, name, tab, count.
const char* emulated_counts() {
  Lock lock(guarding);
  std::ostringstream lines;
  for (auto& [kind, names] : counts)
    for (auto& [name, times] : names) lines << kind << "\t" << name << "\t" << times << "\n";
  told = lines.str();
  return told.c_str();
}
}
