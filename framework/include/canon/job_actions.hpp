// Job actions: what the jobs of a frame asked for, as FrameReport::job_actions has it.
//
// For each round of a job that asked for anything, in stamp order, varints but for the hash:
//   frames since the submission, submission, job, round, function, hash (8 bytes, little endian),
//   count of bytes, the bytes of the actions (none where hashes alone are recorded)
#pragma once
#include <cstdint>
#include <span>

#include "canon/bytes.hpp"
#include "canon/ids.hpp"
#include "canon/schema.hpp"
#include "canon/value.hpp"

namespace canon {

struct JobActions {
    Stamp stamp;
    std::uint32_t function = 0;  ///< see Simulation::job_name
    std::uint64_t hash = 0;
    std::span<const std::uint8_t> actions;  ///< see ActionReader
};

/// Steps through the bytes of a frame's job actions, which nobody vouches for.
class JobActionsReader {
  public:
    JobActionsReader(std::span<const std::uint8_t> bytes, Frame frame) noexcept
        : in_(bytes), frame_(frame) {}
    /// False at the end, and where the bytes are malformed: `reader().failed()` tells which.
    bool next(JobActions& out);
    const ByteReader& reader() const noexcept { return in_; }

  private:
    ByteReader in_;
    Frame frame_;
};

/// Steps through the actions of a job, which nobody vouches for.
class ActionReader {
  public:
    ActionReader(std::span<const std::uint8_t> actions, const Schema& schema) noexcept
        : in_(actions), schema_(schema) {}
    /// The next action as a map for people: {"action": "add", "entity": 7, "field": "hp", "value":
    /// -5, "min": 0}. False as above.
    bool next(Value& out);
    const ByteReader& reader() const noexcept { return in_; }

  private:
    ByteReader in_;
    const Schema& schema_;
};

namespace detail {
void write_job_actions(Bytes& out, const JobActions& actions, Frame frame);
}  // namespace detail
}  // namespace canon
