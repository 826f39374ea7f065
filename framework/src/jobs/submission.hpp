// Submission: a request to run one job, or a job for each entity of a template; and the queue where
// it waits for its frame.
//
// What is due in a frame lies in one queue. Since submissions are appended as time goes by, a queue
// is in stamp order as it stands.
#pragma once
#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "canon/bytes.hpp"
#include "canon/ids.hpp"
#include "canon/schema.hpp"

namespace canon::jobs {

/// The frame of what is delivered in the one that an input names.
inline constexpr std::uint64_t kWhenTold = std::uint64_t{1} << 62;

struct Submission {
    JobId id;
    Frame submitted;
    std::uint32_t number = 0;    ///< within the frame of submission
    std::uint32_t function = 0;  ///< of the program's FunctionTable
    TemplateIndex each = kNone;  ///< a job for each entity of it
    std::uint32_t every = 1;
    std::uint32_t batch = 0;  ///< 0: an entity a job; else lists of that many
    std::int64_t priority = 0;
    bool background = false;  ///< runs from submission on; due when it is delivered
    bool cancelled = false;
    std::int64_t first_entity = 0;  ///< background: its block of ids
    std::int64_t first_job = 0;
    std::uint64_t random_stream = 0;
    std::size_t argument_begin = 0;  ///< in the queue's pool
    std::size_t argument_end = 0;
};

struct SubmissionQueue {
    std::vector<Submission> entries;
    Bytes pool;

    void clear() noexcept {
        entries.clear();
        pool.clear();
    }
    std::span<const std::uint8_t> argument(const Submission& entry) const noexcept {
        return pool.view(entry.argument_begin, entry.argument_end);
    }
};

}  // namespace canon::jobs
