// What a thread does on a device, recorded to be done again on the same memory.

#pragma once

#include "memory.h"

#include <ATen/core/LegacyTypeDispatch.h>
#include <ATen/ops/_local_scalar_dense_native.h>
#include <functional>
#include <memory>
#include <vector>

using namespace at;

namespace {

struct Graph {
  std::vector<std::function<void()>> nodes;
  bool invalid = false;  // something was done meanwhile that a capture does not survive
};

std::map<int64_t, std::shared_ptr<Graph>> graphs;
int64_t graphs_made = 0;
std::shared_ptr<Graph> watching;  // a capture of mode "global": other threads may not do what is unsafe

thread_local std::shared_ptr<Graph> capture;  // of this thread
thread_local int capture_device = 0;

// A graph, also while another thread captures one.
std::shared_ptr<Graph> numbered(int64_t number) {
  Lock lock(guarding);
  return graphs.at(number);
}

bool captured(int device) { return capture != nullptr && device == capture_device; }

// Refuse what must not be done during a capture: what waits for the device, and what moves values off it.
void unsafe(const std::string& what) {
  Lock lock(guarding);
  auto disturbed = capture ? capture : watching;
  if (!disturbed) return;
  disturbed->invalid = true;
  TORCH_CHECK(false, "CUDA error: operation not permitted when stream is capturing (", what, ")");
}

Tensor& copy_into(Tensor& self, const Tensor& source, bool) {
  auto from = on_the_cpu(source), to = on_the_cpu(self);
  for (const Tensor& side : {source, std::as_const(self)})
    if (side.is_cuda()) touched(side.device().index());
  if (self.device() != source.device()) {
    unsafe("copy " + source.device().str() + " to " + self.device().str());
    count(self.is_cuda() ? "to the device" : "to the host", "copy_");
  } else {
    count(captured(self.device().index()) ? "captured" : "launched", "copy_");
  }
  {
    AutoDispatchBelowADInplaceOrView below;
    to.copy_(from);
  }
  if (self.is_cuda() && captured(self.device().index()))
    capture->nodes.emplace_back([to, from]() mutable { to.copy_(from); });
  return self;
}

Scalar value_of(const Tensor& self) {
  touched(self.device().index());
  unsafe("item");
  count("read", "item");
  return at::native::_local_scalar_dense_cpu(on_the_cpu(self));
}

}  // namespace
