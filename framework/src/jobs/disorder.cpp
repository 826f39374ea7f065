#include "jobs/disorder.hpp"

#include <chrono>
#include <thread>
#include <utility>

#include "core/chaos.hpp"

namespace canon::jobs {
namespace {

enum class Matter : std::uint64_t { order, batch, delay };

RandomStream stream(std::uint64_t chaos, Matter matter, std::uint64_t moment,
                    std::uint64_t place = 0) noexcept {
    RandomStream mixed(chaos ^ moment << 32,
                       Chaos::stream_disorder | static_cast<std::uint64_t>(matter) << 8);
    return RandomStream(mixed.next(), place);
}

}  // namespace

void Disorder::shuffle(std::span<std::uint32_t> order, std::uint64_t moment) const noexcept {
    RandomStream random = stream(chaos_, Matter::order, moment);
    for (std::size_t left = order.size(); left > 1; --left)
        std::swap(order[left - 1], order[static_cast<std::size_t>(random.next_integer(
                                       0, static_cast<std::int64_t>(left) - 1))]);
}

std::size_t Disorder::batch(std::size_t usual, std::uint64_t moment) const noexcept {
    return static_cast<std::size_t>(
        stream(chaos_, Matter::batch, moment).next_integer(1, static_cast<std::int64_t>(usual)));
}

void Disorder::hold_up(std::uint64_t moment, std::uint64_t place) noexcept {
    RandomStream random = stream(chaos_, Matter::delay, moment, place);
    if (random.next_integer(1, 32) != 1) return;
    held_up_.fetch_add(1, std::memory_order_relaxed);
    std::this_thread::sleep_for(std::chrono::microseconds(random.next_integer(1, 200)));
}

}  // namespace canon::jobs
