// Survey: how much of what is in a recording, by its index or by reading all of it.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "container/chunk_reader.hpp"
#include "container/source.hpp"

namespace canon::replay {

struct KindSums {
    std::uint64_t chunks = 0;
    std::uint64_t stored = 0;  ///< with headers
    std::uint64_t raw = 0;     ///< payloads unpacked; only where all was read
};

struct SegmentExtent {
    std::uint64_t identity = 0;
    Frame first;
    Frame behind_last;
    bool is_cut_before = false;  ///< its beginning is not there
    bool is_cut_behind = false;  ///< its END says that it went on
    bool is_closed = false;
};

struct Survey {
    /// Of what a file can have any number of, so many are kept: the others are counted.
    static constexpr std::size_t kMostKept = 100;

    bool has_read_all = false;
    std::uint64_t bytes = 0;
    std::map<ChunkKind, KindSums> kinds;
    std::uint64_t frames = 0;
    std::uint64_t keyframes = 0;
    std::uint64_t segments = 0;
    std::vector<SegmentExtent> extents;  ///< by index the last ones, else the first
    std::uint64_t holes = 0;
    std::vector<Hole> kept_holes;  ///< where all was read
    std::vector<LostFrames> gaps;  ///< by index: of frames, the last ones
    Tail tail;
};

/// By the index alone: damage that came later is not seen. Reads as much as the index has, and
/// holds one page of it. Nothing where there is none for all of the file, or it is not whole.
std::optional<Survey> survey_by_index(ByteSource& source);
/// Reads all of `source`. Fails: throws canon::Error as ChunkReader does.
Survey survey(ByteSource& source);

}  // namespace canon::replay
