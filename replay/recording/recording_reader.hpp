// Recording reader: the keyframes, frames and notes of a recording, from any keyframe on.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "container/chunk_finder.hpp"
#include "container/chunk_reader.hpp"
#include "container/source.hpp"
#include "recording/frame_record.hpp"
#include "recording/meta.hpp"

namespace canon::replay {

/// The state from which `position` is run, as a recording holds it.
struct Keyframe {
    Frame position;
    std::uint64_t state_hash = 0;
    std::uint64_t chain = 0;
    Bytes saved;  ///< of Simulation::save
};

class RecordingReader {
  public:
    enum class Event : std::uint8_t { meta, keyframe, frame, notes, hole, end };

    /// Borrows: `source`.
    /// Fails: throws canon::Error where there is no recording in it.
    explicit RecordingReader(ByteSource& source);

    /// Steps to what comes next. At the end it can be called again: more may have been written.
    /// Fails: throws canon::Error for a payload that makes no sense though its hash is right, for a
    /// chunk of a kind that must be known, and where the source cannot be read.
    Event next();

    // Call: where `next` gave that; valid until the next call.
    const Meta& meta() const noexcept { return meta_; }
    const Keyframe& keyframe() const noexcept { return keyframe_; }
    const FrameRecord& frame() const noexcept { return frame_; }
    const std::vector<FrameNotes>& notes() const noexcept { return notes_; }
    const Hole& hole() const noexcept { return chunks_.hole(); }
    const Tail& tail() const noexcept { return chunks_.tail(); }
    /// Of the chunk that it came from; a new one begins with a META.
    std::uint32_t segment() const noexcept { return segment_; }
    std::uint64_t offset() const noexcept { return offset_; }

    /// Goes on with the META of the last keyframe at or before `frame`, in that segment. False
    /// where there is none.
    bool seek(Frame frame, std::uint32_t segment = 0);
    void seek(const Place& place);
    /// The records of frames are then without `job_actions`, which makes them quicker to read.
    void leave_out_actions(bool leave_out) noexcept { frames_.leave_out_actions(leave_out); }
    ChunkFinder& finder() noexcept { return finder_; }

  private:
    std::optional<Event> take_chunk();
    std::optional<Event> take_key();

    ChunkReader chunks_;
    ChunkFinder finder_;
    Meta meta_;
    Keyframe keyframe_;
    std::uint32_t parts_ = 0;  // of the keyframe that is being read, still to come
    std::uint32_t next_part_ = 0;
    Bytes frames_payload_;
    FramesReader frames_;
    bool has_frames_ = false;
    FrameRecord frame_;
    std::vector<FrameNotes> notes_;
    std::uint32_t segment_ = 0;
    std::uint64_t offset_ = 0;
};

}  // namespace canon::replay
