// ChunkReader: the chunks of a recording, one after the other, and between them what is missing.
//
// Nothing in the bytes is believed before it is checked. What is damaged is stepped over and told
// as a hole: which bytes, how many chunks, which frames. A chunk behind a hole counts as the same
// segment only if identity, number and frames allow it, and nothing is joined over a hole without
// saying so. Memory is bounded by kMaxPayloadBytes, time by the size of the file.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "container/chunk.hpp"
#include "container/chunk_scan.hpp"
#include "container/packing.hpp"
#include "container/source.hpp"

namespace canon::replay {

/// Frames from `begin` up to but not including `end`; either unknown where the damage took what
/// would tell.
struct LostFrames {
    std::optional<Frame> begin;
    std::optional<Frame> end;
    bool are_none() const noexcept { return begin && end && *begin == *end; }
    friend bool operator==(const LostFrames&, const LostFrames&) = default;
};

/// "frames 120 to 179", "no frames", "the frames from 120 on, nobody knows how many".
std::string describe(const LostFrames& frames);

/// What is missing at one place.
struct Hole {
    enum class Why : std::uint8_t {
        damaged,  ///< bytes that are no whole chunk
        missing,  ///< no bytes: chunks were left out before this file was written
        foreign,  ///< no bytes: the next chunk claims this segment but does not fit: a splice
        newer,    ///< chunks of a version that this reader does not know
    };
    Why why = Why::damaged;
    std::uint64_t begin = 0;                   ///< of the bytes that are stepped over
    std::uint64_t end = 0;                     ///< may equal `begin`
    std::uint32_t segment = 0;                 ///< in which this is missing; counts from 0
    std::optional<std::uint64_t> lost_chunks;  ///< unknown where nothing tells. Without INDEX, END
    LostFrames lost_frames;
};

/// For people, in one line.
std::string describe(const Hole& hole);

/// How the bytes end, for now.
struct Tail {
    enum class State : std::uint8_t {
        closed,  ///< with END: nothing is missing
        open,    ///< behind a whole chunk: still being written, or its writer was stopped
        torn,    ///< within a chunk: the same
    };
    State state = State::open;
    std::uint64_t begin = 0;  ///< of the part of a chunk
    std::uint64_t end = 0;
    /// Of the torn chunk, and what follows it: `end` is unknown, since nobody sealed it.
    LostFrames lost_frames;
};

/// A place from which a reader can go on.
struct Place {
    std::uint64_t offset = 0;
    std::uint32_t segment = 0;
    Frame position;
    friend bool operator==(const Place&, const Place&) = default;
};

struct Chunk {
    ChunkHeader header;
    std::uint64_t offset = 0;
    std::uint32_t segment = 0;  ///< counts from 0 in the file
    Relation relation{};        ///< to the chunk before
};

enum class Found : std::uint8_t { chunk, hole, end };

/// What a reader has stepped over since the last whole chunk.
struct Damage {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    Hole::Why why = Hole::Why::damaged;
    bool is_told = true;  ///< all of it by headers that are whole
    std::uint64_t chunks = 0;
    std::optional<Frame> first;  ///< of those
    Frame last;
};

class ChunkReader {
  public:
    /// Borrows: `source`.
    /// Fails: throws canon::Error where there is no recording in `source`, or one of a newer
    /// version. The beginning of a recording is one, be it empty.
    explicit ChunkReader(ByteSource& source);

    /// Steps to what comes next. At the end it can be called again: more may have been written.
    /// Fails: throws canon::Error where the source cannot be read.
    Found next();
    /// Call: where `next` gave that.
    const Chunk& chunk() const noexcept { return chunk_; }
    const Hole& hole() const noexcept { return hole_; }
    const Tail& tail() const noexcept { return tail_; }

    /// The payload of the chunk, until the next call of anything here but chunk.
    /// Fails: throws canon::Error where it does not unpack; the reader can go on.
    std::span<const std::uint8_t> payload();
    /// As it is in the file.
    std::span<const std::uint8_t> stored() const noexcept { return stored_.view(); }

    /// Goes on there. What lies before is not known then: the first chunk is taken as it is.
    void seek(const Place& place);

  private:
    Found step_to_end(std::uint64_t size);
    Found step_over_torn(std::uint64_t size, const ChunkHeader* header);
    std::optional<Found> step_over_chunk(std::uint64_t size, const ChunkHeader& header);
    void step_over_damage(std::uint64_t end, Hole::Why why, const ChunkHeader* told);
    Found give_chunk(const ChunkHeader& header);
    Found give_hole(const ChunkHeader* next, Relation relation);
    bool is_first_lost(const ChunkHeader* next) const;
    LostFrames lost_frames(const ChunkHeader* next, Relation relation) const;
    std::optional<std::uint64_t> lost_chunks(const ChunkHeader* next, Relation relation) const;

    ChunkScan scan_;
    SegmentTracker tracker_;
    Unpacker unpacker_;
    Bytes stored_;
    std::uint64_t position_ = 0;
    std::uint64_t searched_ = 0;  ///< no header begins between position_ and here
    bool is_anywhere_ = false;    ///< after seek
    bool is_closed_ = false;      ///< the last chunk was END
    std::optional<Damage> damage_;
    bool has_chunk_ = false;  ///< chunk_ is to be given next, behind its hole
    Chunk chunk_;
    Hole hole_;
    Tail tail_;
};

}  // namespace canon::replay
