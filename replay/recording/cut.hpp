// Cut: a range of a recording as one of its own.
//
// It begins with the last keyframe at or before the range, so that it plays by itself, and holds
// the chunks from there as they are, with their numbers and their chain. Where the last frame lies
// within a FRAMES chunk, that chunk and the notes on it are sealed anew with fewer frames. They
// have the numbers of those that they stand for, but another chain: so no reader takes what came
// behind in the old file for what comes behind here.
#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "canon/error.hpp"
#include "canon/ids.hpp"
#include "container/repair.hpp"
#include "container/sink.hpp"
#include "container/source.hpp"

namespace canon::replay {

/// The range, or its beginning, is not in the recording.
struct NotInRecording : Error {
    using Error::Error;
};

/// The range ends within a chunk of which no part can be made: it makes no sense, or needs a newer
/// reader.
struct NoPart : Error {
    using Error::Error;
};

struct CutRange {
    std::optional<Frame> from{};  ///< none: from the first keyframe on
    std::optional<Frame> to{};    ///< the last frame; none: up to the end
    std::uint32_t segment = 0;
};

struct CutResult {
    Frame first;  ///< of the frames written: at or before `from`
    Frame last;
    std::uint64_t frames = 0;  ///< fewer than from `first` to `last` where some are missing
    std::uint64_t copied = 0;  ///< chunks that are as they were
    std::uint64_t sealed = 0;  ///< chunks that hold fewer frames than they did
    std::uint64_t holes = 0;
    bool is_cut = false;  ///< the recording goes on behind it: so its END says
};

/// Writes the range to `sink`. Holes in it are told, and stay to be seen as in a repaired file.
/// Fails: throws NotInRecording that names the frames that there are, where `from` or `to` is not
/// among them, or where no keyframe at or before `from` is whole; NoPart where the last chunk would
/// have to be parted and cannot be; else canon::Error as ChunkReader and `sink` do. What was
/// written is of no use then.
CutResult cut(ByteSource& source, Sink& sink, const CutRange& range, const LossReport& report = {});

/// Frames without a gap between.
struct FrameRun {
    Frame first;
    Frame last;
    friend bool operator==(const FrameRun&, const FrameRun&) = default;
};
/// Those in whole chunks of a segment, in order, and no more than `most` runs. Reads all of the
/// segment.
std::vector<FrameRun> frames_of(ByteSource& source, std::uint32_t segment, std::size_t most);

}  // namespace canon::replay
