// Chunk: the unit of a recording: a header of 72 bytes, then a payload of the size that it tells.
//
// A chunk is whole or it is nothing: the header carries a hash of itself and one of the payload as
// it is stored. The marker that opens a header occurs nowhere in a stored payload (a mask sees to
// that), so whoever lost the thread finds the next chunk by looking for the marker, in one pass.
//
// A segment is one recording without a break: chunks of one identity, numbered from 0 without a
// gap, each chained to the one before. A file holds one segment, or several, one behind the other.
// docs/RECORDING.md has the bytes.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "canon/bytes.hpp"
#include "canon/ids.hpp"

namespace canon::replay {

inline constexpr std::uint16_t kFormatVersion = 1;
inline constexpr std::size_t kHeaderBytes = 72;
/// F5 occurs in no UTF-8 text, and a copy that changes line ends breaks the rest.
inline constexpr std::array<std::uint8_t, 8> kMarker = {0xF5, 'c', 'a', 'n', 'o', 'n', '\r', '\n'};
/// Of a payload, before it is packed. What a reader allocates is bounded by this.
inline constexpr std::uint32_t kMaxPayloadBytes = 64u << 20;
inline constexpr std::uint32_t kMaxFramesPerChunk = 1u << 20;
/// Of META, KEY, FRAMES and NOTE: the next number still has room in END.
inline constexpr std::uint32_t kMaxSequence = UINT32_MAX - 1;

/// What a payload is for. Those up to 127 that a reader does not know it may skip; what it reads
/// without one of 128 and above would be wrong.
enum class ChunkKind : std::uint16_t {
    meta = 1,  ///< what a reader must know before all else; the first one begins the segment
    key,       ///< a keyframe, directly behind a META; a large one is several of these
    frames,    ///< what happened in some frames; these follow each other without a gap
    note,      ///< anything that playing does without
    index,     ///< where the chunks are; written by the container
    end,       ///< closed as it should be; written by the container
};

/// "FRAMES", or "kind 77".
std::string kind_name(ChunkKind kind);
/// Whether this reader may go on without understanding it: false for unknown kinds from 128 on.
bool may_be_skipped(ChunkKind kind) noexcept;
/// INDEX and END: they belong to the file, not to what was recorded, so they have no place in the
/// sequence and the chain, and a copy of the other chunks gets its own.
constexpr bool is_bookkeeping(ChunkKind kind) noexcept {
    return kind == ChunkKind::index || kind == ChunkKind::end;
}

/// Frames from `first` on. A chunk that holds no frames stands before `first`.
struct FrameSpan {
    Frame first;
    std::uint32_t count = 0;
    Frame end() const noexcept { return {first.value + count}; }
    friend bool operator==(const FrameSpan&, const FrameSpan&) = default;
};

struct ChunkHeader {
    enum class Packing : std::uint8_t { none, zstd };
    static constexpr std::uint16_t kCut = 1;  ///< flag of END: the recording went on behind it

    std::uint16_t version = kFormatVersion;
    ChunkKind kind{};
    Packing packing = Packing::none;
    std::uint8_t mask = 0;  ///< each stored byte was changed by exclusive or with it
    std::uint16_t flags = 0;
    std::uint64_t segment = 0;   ///< identity of the segment: as good as never the same twice
    std::uint32_t sequence = 0;  ///< of INDEX and END: of the next chunk that is neither
    FrameSpan frames;
    std::uint32_t stored_bytes = 0;
    std::uint32_t raw_bytes = 0;
    std::uint64_t payload_hash = 0;  ///< of the payload as stored
    std::uint64_t chain = 0;         ///< of INDEX and END: that of the chunk before

    /// Where the recording stands before this chunk: the next frame that it tells of.
    Frame position() const noexcept {
        return kind == ChunkKind::frames ? frames.first : frames.end();
    }
    std::uint64_t total_bytes() const noexcept { return kHeaderBytes + stored_bytes; }
    friend bool operator==(const ChunkHeader&, const ChunkHeader&) = default;
};

/// The chain value of `header`, of which all fields but `chain` are set.
std::uint64_t chain_of(const ChunkHeader& header, std::uint64_t previous);

/// Appends 72 bytes.
void write_header(Bytes& out, const ChunkHeader& header);

/// Nothing unless `bytes` are a header as somebody wrote it. Of a version that is not ours only
/// `version` and `stored_bytes` have a meaning.
std::optional<ChunkHeader> read_header(std::span<const std::uint8_t> bytes) noexcept;

}  // namespace canon::replay
