// Ids and stamps: the numbers by which frames, jobs, entities and actions are known, and the order
// of actions.
#pragma once
#include "canon/detail/platform.hpp"

#include <compare>
#include <cstdint>
#include <functional>

namespace canon {

/// A unit of simulated time. Frame 0 is the state after on_start; the first step runs frame 1.
struct Frame {
    std::uint64_t value = 0;
    friend constexpr auto operator<=>(Frame, Frame) = default;
};

/// An entity or singleton. 0 is none. Ids only grow and are never used again.
struct EntityId {
    std::int64_t value = 0;
    explicit constexpr operator bool() const noexcept { return value != 0; }
    friend constexpr auto operator<=>(EntityId, EntityId) = default;
};

/// A submission of one job or of a group of jobs; what `submit` returns and `cancel` takes. 0 is
/// none.
struct JobId {
    std::int64_t value = 0;
    explicit constexpr operator bool() const noexcept { return value != 0; }
    friend constexpr auto operator<=>(JobId, JobId) = default;
};

/// The canonical key of an action. Actions are committed in ascending order of their stamps within
/// a round; worker, thread and arrival time are not part of it, so any number of workers commits
/// the same sequence.
///
/// A job's number is the number of its submission within the frame of submission, and its index in
/// that submission (a `submit_each` is one submission of many jobs).
struct Stamp {
    Frame frame;                   ///< of submission, not of execution
    std::uint32_t submission = 0;  ///< counts from 0 in each frame
    std::uint32_t job = 0;         ///< index within the submission
    std::uint32_t round = 0;       ///< how often the job has been answered
    std::uint32_t index = 0;       ///< of the action within the round
    friend constexpr auto operator<=>(const Stamp&, const Stamp&) = default;
};

}  // namespace canon

template <>
struct std::hash<canon::EntityId> {
    std::size_t operator()(canon::EntityId id) const noexcept {
        return static_cast<std::size_t>(id.value) * 0x9E3779B97F4A7C15ull;
    }
};
