// Host answers: what external host functions have answered in a frame, in order: kept for whoever
// records it, or told by a recording, and then no function is called.
//
// Each answer: a byte, 1 if the function has thrown; the function's name; of an error its text,
// else the count of results and their canonical bytes.
#pragma once
#include "canon/bytes.hpp"
#include "canon/host_function.hpp"

namespace canon::script {

struct HostAnswers {
    Bytes kept;
    bool are_told = false;
    ByteReader told{{}};
};

/// Calls the function, or takes what it has answered then; `answers` is null where nothing is kept.
/// Fails: throws what the function throws, and canon::Error where the recording tells of another
/// call or none.
std::uint32_t invoke_host_function(const HostFunction& function, HostAnswers* answers,
                                   ByteReader& arguments, std::uint32_t count, Bytes& results);

}  // namespace canon::script
