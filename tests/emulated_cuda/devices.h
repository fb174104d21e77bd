// The emulated devices: their state, each thread's current one, and what torch asks of them.

#pragma once

#include <ATen/detail/CUDAHooksInterface.h>
#include <c10/core/DeviceGuard.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <array>
#include <cstdlib>
#include <map>
#include <mutex>
#include <string>
#include <utility>

using namespace at;

namespace {

constexpr int DEVICES = 2;

struct State {
  int64_t allocated = 0;   // bytes of tensors
  int64_t reserved = 0;    // with the allocator's cache
  int64_t limit = -1;      // bytes there are, or none
  bool context = false;    // whether anything has touched the device
  std::string broken;      // the error of every call, from some moment on
};

std::array<State, DEVICES> states;
std::recursive_mutex guarding;  // of all that follows and of the states
std::map<std::string, std::map<std::string, int64_t>> counts;

thread_local DeviceIndex current = 0;

using Lock = std::lock_guard<std::recursive_mutex>;

void count(const char* kind, const std::string& name) {
  Lock lock(guarding);
  static const bool tell = std::getenv("EMULATED_CUDA_TELL") != nullptr;
  if (++counts[kind][name] == 1 && tell) fprintf(stderr, "emulated CUDA: %s %s\n", kind, name.c_str());
}

State& touched(int device) {
  auto& state = states[device];
  state.context = true;
  TORCH_CHECK(state.broken.empty(), "CUDA error: ", state.broken);
  return state;
}

Device cuda(int index) { return Device(DeviceType::CUDA, static_cast<DeviceIndex>(index)); }

struct Guard final : public c10::impl::DeviceGuardImplInterface {
  DeviceType type() const override { return DeviceType::CUDA; }
  Device exchangeDevice(Device device) const override {
    auto before = current;
    current = device.has_index() ? device.index() : 0;
    return cuda(before);
  }
  Device getDevice() const override { return cuda(current); }
  void setDevice(Device device) const override { exchangeDevice(device); }
  void uncheckedSetDevice(Device device) const noexcept override { exchangeDevice(device); }
  Stream getStream(Device device) const override { return Stream(Stream::DEFAULT, device); }
  Stream getNewStream(Device device, int) const override { return Stream(Stream::DEFAULT, device); }
  Stream getDefaultStream(Device device) const override { return Stream(Stream::DEFAULT, device); }
  Stream getStreamFromGlobalPool(Device device, bool) const override { return getDefaultStream(device); }
  Stream exchangeStream(Stream stream) const override { return stream; }
  DeviceIndex deviceCount() const noexcept override { return DEVICES; }
  bool queryStream(const Stream&) const override { return true; }
  void synchronizeStream(const Stream&) const override {}
};
C10_REGISTER_GUARD_IMPL(CUDA, Guard);

struct Hooks : public CUDAHooksInterface {
  void init() const override {}
  bool hasCUDA() const override { return true; }
  bool isBuilt() const override { return true; }
  bool isAvailable() const override { return true; }
  bool hasPrimaryContext(DeviceIndex device) const override { return states[device].context; }
  DeviceIndex current_device() const override { return current; }
  DeviceIndex deviceCount() const override { return DEVICES; }
  DeviceIndex getCurrentDevice() const override { return current; }
  void setCurrentDevice(DeviceIndex device) const override { current = device; }
  DeviceIndex exchangeDevice(DeviceIndex device) const override { return std::exchange(current, device); }
  DeviceIndex maybeExchangeDevice(DeviceIndex device) const override { return exchangeDevice(device); }
};

// The hooks of a build without CUDA are there already, and hold nothing: these take their place.
const bool hooked = [] {
  new (&const_cast<CUDAHooksInterface&>(at::detail::getCUDAHooks())) Hooks();
  return true;
}();

}  // namespace
