// Tight limits: what a fuzzer's programs may spend, so that each ends within milliseconds.
#pragma once
#include "canon/simulation.hpp"

namespace canon::fuzz {

inline Limits tight_limits() {
    Limits limits;
    limits.job_instructions = 20'000;
    limits.callback_instructions = 50'000;
    limits.library_work = 100'000;
    limits.memory_bytes = 2 << 20;
    limits.collect_bytes = 1 << 20;
    limits.ids_per_job = 16;
    limits.jobs_per_frame = 200;
    limits.rounds = 4;
    limits.put_aside_bytes = 1 << 20;
    limits.post_depth = 8;
    limits.posts_per_commit = 100;
    return limits;
}

}  // namespace canon::fuzz
