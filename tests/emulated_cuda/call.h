// An operation without an entry of its own: the CPU's kernel on the memory of a device.

#pragma once

#include "capture.h"

#include <torch/library.h>
#include <optional>
#include <set>

using namespace at;

namespace {

// Calls an operation with operands of a device by the CPU's kernel, on the same memory.
class Call {
 public:
  Call(const c10::OperatorHandle& op, torch::jit::Stack* stack) : op_(op), stack_(stack) {
    auto& name = op.schema().operator_name();
    name_ = name.name.substr(name.name.find("::") + 2);
    if (!name.overload_name.empty()) name_ += "." + name.overload_name;
    first_ = stack->size() - op.schema().arguments().size();
  }

  void run() {
    look_at_operands();
    auto arguments = arguments_for_the_cpu();
    touched(device_);
    const bool capturing = captured(device_);
    count(capturing ? "captured" : "launched", name_);
    auto compute = [op = op_](std::vector<IValue> given) {
      torch::jit::Stack own(given.begin(), given.end());
      AutoDispatchBelowADInplaceOrView below;
      op.redispatchBoxed(DispatchKeySet(DispatchKey::CPU), &own);
      return own;
    };
    auto results = compute(arguments);
    torch::jit::Stack out;
    for (auto& result : results) {
      if (result.isTensor()) {
        out.push_back(on_the_device(result.toTensor()));
      } else if (result.isTensorList()) {
        c10::List<Tensor> list;
        for (const Tensor& one : result.toTensorVector()) list.push_back(on_the_device(one));
        out.push_back(list);
      } else {
        out.push_back(result);
      }
    }
    if (capturing) {
      capture->nodes.emplace_back([compute, arguments, fresh = fresh_]() {
        std::vector<Tensor> flat;
        for (auto& result : compute(arguments)) {
          if (result.isTensor()) flat.push_back(result.toTensor());
          if (result.isTensorList())
            for (const Tensor& one : result.toTensorVector()) flat.push_back(one);
        }
        for (auto& [place, into] : fresh) Tensor(into).copy_(flat[place]);
      });
    }
    stack_->erase(stack_->begin() + first_, stack_->end());
    for (auto& one : out) stack_->push_back(one);
  }

 private:
  using Optionals = c10::List<std::optional<Tensor>>;

  static bool is_optional_list(const IValue& value) {
    return value.isList() && value.toList().elementType()->kind() == c10::TypeKind::OptionalType;
  }

  // Refuse operands on several devices, as CUDA does; a number on the CPU may come along.
  void look_at_operands() {
    std::set<std::string> places;
    auto look = [&](const Tensor& tensor) {
      if (!tensor.defined()) return;
      if (tensor.is_cuda()) device_ = tensor.device().index();
      if (tensor.is_cuda() || tensor.dim() > 0) places.insert(tensor.device().str());
      else count("number of the host", name_);
    };
    for (size_t i = first_; i < stack_->size(); ++i) {
      auto& value = (*stack_)[i];
      if (value.isTensor()) look(value.toTensor());
      if (value.isTensorList())
        for (const Tensor& one : value.toTensorVector()) look(one);
      if (is_optional_list(value))
        for (const IValue& one : value.toListRef())
          if (one.isTensor()) look(one.toTensor());
    }
    std::string all;
    for (auto& place : places) all += place + " ";
    TORCH_CHECK(places.size() < 2, "Expected all tensors to be on the same device, but found at least two"
                " devices, ", all, "! (", name_, ")");
  }

  Tensor operand(const Tensor& tensor) {
    if (!tensor.defined() || !tensor.is_cuda()) return tensor;
    operands_.push_back(tensor);
    aliases_.push_back(on_the_cpu(tensor));
    return aliases_.back();
  }

  std::vector<IValue> arguments_for_the_cpu() {
    std::vector<IValue> found;
    for (size_t i = first_; i < stack_->size(); ++i) {
      auto value = (*stack_)[i];
      if (value.isTensor()) {
        value = operand(value.toTensor());
      } else if (value.isTensorList()) {
        c10::List<Tensor> list;
        for (const Tensor& one : value.toTensorVector()) list.push_back(operand(one));
        value = list;
      } else if (is_optional_list(value)) {
        Optionals list;
        for (const IValue& one : value.toListRef())
          list.push_back(one.isTensor() ? std::optional<Tensor>(operand(one.toTensor())) : std::nullopt);
        value = list;
      } else if (value.isDevice()) {
        asked_ = value.toDevice();
        value = Device(kCPU);
      }
      found.push_back(value);
    }
    if (asked_ && asked_->is_cuda()) device_ = asked_->has_index() ? asked_->index() : current;
    return found;
  }

  // A result is one of the operands, which may have been given another shape, or a new tensor of the device.
  Tensor on_the_device(const Tensor& result) {
    auto place = results_++;
    if (!result.defined() || (asked_ && asked_->is_cpu())) return result;
    for (size_t i = 0; i < aliases_.size(); ++i) {
      if (!result.is_same(aliases_[i])) continue;
      if (!result.sizes().equals(operands_[i].sizes())) {
        resize(operands_[i], result.sizes(), std::nullopt);
        operands_[i].unsafeGetTensorImpl()->set_sizes_and_strides(result.sizes(), result.strides());
        keep(place, operands_[i], result);
      }
      return operands_[i];
    }
    c10::DeviceGuard guard(cuda(device_));
    Tensor made = at::detail::empty_strided_generic(result.sizes(), result.strides(), &memory,
                                                  DispatchKeySet(DispatchKey::CUDA), result.scalar_type());
    keep(place, made, result);
    return made;
  }

  void keep(size_t place, const Tensor& tensor, const Tensor& result) {
    auto alias = on_the_cpu(tensor);
    alias.copy_(result);
    if (captured(device_)) fresh_.emplace_back(place, alias);
  }

  c10::OperatorHandle op_;
  torch::jit::Stack* stack_;
  std::string name_;
  size_t first_ = 0, results_ = 0;
  int device_ = current;
  std::optional<Device> asked_;
  std::vector<Tensor> operands_, aliases_;
  std::vector<std::pair<size_t, Tensor>> fresh_;  // which result goes where, at every replay
};

void computed_by_the_cpu(const c10::OperatorHandle& op, torch::jit::Stack* stack) { Call(op, stack).run(); }

}  // namespace
