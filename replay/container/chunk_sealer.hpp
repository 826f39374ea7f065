// ChunkSealer: makes the chunks of one segment, in order, as bytes. No file is behind it: a writer
// sends the bytes to a sink, a ring in memory keeps them.
#pragma once
#include <cstdint>
#include <optional>
#include <span>

#include "container/chunk.hpp"
#include "container/packing.hpp"

namespace canon::replay {

/// An identity for a new segment, from the system's random numbers.
/// Deterministic: no; two recordings of the same session are to differ in it.
std::uint64_t new_segment_identity();

class ChunkSealer {
  public:
    /// `segment`: the identity of what is recorded, see new_segment_identity.
    explicit ChunkSealer(std::uint64_t segment, int compression_level = 3);

    /// Appends a chunk to `out` and returns its header. The first one is a META; FRAMES begin where
    /// the FRAMES before ended; all others end where the FRAMES before ended. (A note that comes
    /// late tells of all frames from the one it is about.)
    /// Fails: throws canon::Error where the payload is too large or the segment has 2^32 chunks,
    /// leaving all as it was.
    ChunkHeader seal(ChunkKind kind, FrameSpan frames, std::span<const std::uint8_t> payload,
                     Bytes& out, std::uint16_t flags = 0);
    /// Goes on behind a chunk of the segment that somebody else sealed.
    void follow(const ChunkHeader& header);

    std::uint64_t segment() const noexcept { return segment_; }
    /// The next frame. Call: behind the first chunk.
    Frame position() const noexcept { return *position_; }
    bool is_empty() const noexcept { return !position_; }

  private:
    bool fits(ChunkKind kind, FrameSpan frames) const noexcept;

    std::uint64_t segment_;
    std::uint64_t sequence_ = 0;
    std::uint64_t chain_ = 0;
    std::optional<Frame> position_;
    Packer packer_;
    Packer plain_{0};  ///< for END, whose size is fixed
    Bytes packed_;
};

}  // namespace canon::replay
