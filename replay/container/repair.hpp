// Repair: a clean file of all that is whole in a damaged one.
//
// Chunks are copied as they are, with their numbers and their chain, so nothing that was whole is
// lost and nothing that is missing is hidden: where chunks are missing in the middle, the new file
// still says so, as a hole of no bytes. Each segment gets an index and an END.
#pragma once
#include <cstdint>
#include <functional>

#include "container/chunk_reader.hpp"
#include "container/sink.hpp"
#include "container/source.hpp"

namespace canon::replay {

struct Condition {
    enum class Class : std::uint8_t {
        clean,     ///< nothing is missing, and every segment is closed
        lossy,     ///< something is, or may be; there is something to play
        unusable,  ///< there is no frame that could be played
    };
    Class what = Class::unusable;
    std::uint32_t segments = 0;
    std::uint64_t chunks = 0;  ///< whole ones, without INDEX and END
    std::uint64_t frames = 0;  ///< in whole chunks
    std::uint64_t starts = 0;  ///< whole METAs with a KEY behind them, or that begin a segment
    std::uint64_t holes = 0;
    std::uint64_t unclosed = 0;  ///< segments without END
};

/// Called for each hole and for a torn end, in the order of the file.
struct LossReport {
    std::function<void(const Hole&)> hole;
    std::function<void(const Tail&)> tail;
};

/// Reads all of `source`.
/// Fails: throws canon::Error as ChunkReader does.
Condition examine(ByteSource& source, const LossReport& report = {});
/// The same, and writes all whole chunks to `sink`. What it returns is the condition of `source`.
/// Fails: throws canon::Error as ChunkReader does, and where the sink does.
Condition repair(ByteSource& source, Sink& sink, const LossReport& report = {});

}  // namespace canon::replay
