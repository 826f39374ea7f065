// Counter: what one thread counts and others may read meanwhile, for statistics.
#pragma once
#include <atomic>
#include <cstdint>

namespace canon {

class Counter {
  public:
    /// Call: one thread at a time.
    void add() noexcept { value_.store(value() + 1, std::memory_order_relaxed); }
    /// Call: any thread.
    std::uint64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

  private:
    std::atomic<std::uint64_t> value_{0};
};

}  // namespace canon
