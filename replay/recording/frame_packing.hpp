// Frame packing: actions and effects of a chunk of frames as streams of like things, so that little
// is left for the compressor to find.
//
// Most of what effects say follows from the actions: the entity is that of the next action, the
// content is what it set. What a cell held before is what the last effect on it left. Entities are
// distances from the one before; floats are combined by exclusive or with what a straight line
// through the last two contents of that field would give, and split into planes of equal bytes.
// What fits none of this is kept as it is. docs/RECORDING.md has the streams.
//
// Unpacking gives back the very bytes.
#pragma once
#include <cstdint>
#include <memory>
#include <span>

#include "canon/bytes.hpp"
#include "canon/ids.hpp"

namespace canon::replay {

/// Of actions and effects together, unpacked: what a reader allocates is bounded by this.
inline constexpr std::size_t kMostUnpackedBytes = 512u << 20;

/// A frame's bytes, of canon/job_actions.hpp and canon/effects.hpp.
struct FrameBytes {
    std::span<const std::uint8_t> job_actions;
    std::span<const std::uint8_t> effects;
};

class FramePacker {
  public:
    FramePacker();
    ~FramePacker();

    /// Frames of one chunk, in order. False where their bytes are not what they should be; the
    /// chunk is then to be stored as it is.
    bool add(const FrameBytes& frame);
    /// Appends the streams and begins anew.
    void finish(Bytes& out);
    void clear();

  private:
    struct Streams;
    std::unique_ptr<Streams> streams_;
};

class FrameUnpacker {
  public:
    FrameUnpacker();
    ~FrameUnpacker();

    /// Appends what was packed to `actions`, unless that is null, and `effects`: all frames of a
    /// chunk one behind the other.
    /// Fails: throws canon::Error, since nobody vouches for `in`.
    void unpack(ByteReader& in, std::uint32_t frames, Bytes* actions, Bytes& effects);

  private:
    struct Streams;
    std::unique_ptr<Streams> streams_;
};

}  // namespace canon::replay
