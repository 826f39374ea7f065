// Frame record: what a recording tells of one frame: what came from outside, and what came of it.
// The payloads of FRAMES, KEY and NOTE chunks; docs/RECORDING.md has the bytes.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "canon/bytes.hpp"
#include "canon/simulation.hpp"
#include "container/chunk.hpp"
#include "recording/frame_packing.hpp"

namespace canon::replay {

struct FrameRecord {
    Frame frame;
    std::uint64_t state_hash = 0;
    std::uint64_t chain = 0;
    std::uint64_t action_hash = 0;
    std::vector<HostAction> host_actions{};  ///< before the frame
    std::vector<Input> inputs{};
    std::vector<KilledRun> killed{};
    // Borrowed from the payload.
    std::span<const std::uint8_t> host_answers{};  ///< of FrameReport::host_answers
    std::span<const std::uint8_t> job_actions{};   ///< of canon/job_actions.hpp
    // With effects alone:
    std::uint64_t world_hash = 0;
    EntityId next_id{};
    std::span<const std::uint8_t> effects{};  ///< of canon/effects.hpp
    /// Host states that are not as in the frame before: index and what they saved.
    std::vector<std::pair<std::uint32_t, std::span<const std::uint8_t>>> host_states{};
};

/// Gathers the frames of a chunk.
class FramesWriter {
  public:
    explicit FramesWriter(bool with_effects) : with_effects_(with_effects) { clear(); }

    void add(const FrameRecord& record);
    std::uint32_t count() const noexcept { return count_; }
    std::size_t bytes() const noexcept {
        return frames_.size() + actions_.size() + effects_.size();
    }
    /// Appends the payload and begins anew.
    void finish(Bytes& out);
    void clear() noexcept;

  private:
    bool with_effects_;
    std::uint32_t count_ = 0;
    Bytes frames_, actions_, effects_;
};

/// Steps through the payload of a FRAMES chunk, which nobody vouches for.
class FramesReader {
  public:
    FramesReader() : frames_({}), actions_({}), effects_({}) {}
    FramesReader(const FramesReader&) = delete;
    FramesReader& operator=(const FramesReader&) = delete;

    /// Borrows: `payload`, as long as records are used.
    /// Fails: throws canon::Error where its beginning, or what is packed, is malformed.
    void open(std::span<const std::uint8_t> payload, FrameSpan frames);
    /// Packed actions are then not given.
    void leave_out_actions(bool leave_out) noexcept { leaves_out_actions_ = leave_out; }

    /// False at the end. Fails: throws canon::Error that names the frame.
    bool next(FrameRecord& out);
    bool has_effects() const noexcept { return with_effects_; }

  private:
    [[noreturn]] void refuse(const ByteReader& in) const;

    Frame frame_;
    std::uint32_t left_ = 0;
    bool with_effects_ = false;
    bool leaves_out_actions_ = false;
    bool has_actions_ = true;
    FrameUnpacker unpacker_;
    Bytes unpacked_actions_, unpacked_effects_;
    ByteReader frames_, actions_, effects_;
};

/// The payload with its actions and effects packed, as it goes into the chunk: see
/// frame_packing.hpp.
class PayloadPacker {
  public:
    /// `payload` is what FramesWriter made; it is appended as it is where it cannot be packed.
    void pack(std::span<const std::uint8_t> payload, FrameSpan frames, Bytes& out);

  private:
    FramePacker packer_;
    FramesReader reader_;
};

/// What KEY chunks hold: the state after the frame before their position.
struct KeyPart {
    std::uint32_t part = 0;
    std::uint32_t parts = 1;
    std::uint64_t state_hash = 0;
    std::uint64_t chain = 0;
    std::span<const std::uint8_t> saved;  ///< of Simulation::save, this part of it
};
inline constexpr std::size_t kKeyPartBytes = 32u << 20;
void write_key_part(Bytes& out, const KeyPart& part);
/// Fails: throws canon::Error.
KeyPart read_key_part(std::span<const std::uint8_t> payload);

/// What people want to know of a frame, and playing does without.
struct FrameNotes {
    Frame frame;
    std::vector<Fault> faults{};
    std::vector<LogEntry> log{};
};
void write_notes(Bytes& out, const FrameNotes& notes);
/// All of a NOTE chunk. Fails: throws canon::Error.
std::vector<FrameNotes> read_notes(std::span<const std::uint8_t> payload);

}  // namespace canon::replay
