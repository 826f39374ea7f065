// ChunkScan: what lies where in a recording, each question answered by reading a bounded piece of
// it. What the readers share.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "container/chunk.hpp"
#include "container/source.hpp"

namespace canon::replay {

class ChunkScan {
  public:
    /// Borrows: `source`.
    explicit ChunkScan(ByteSource& source) : source_(source) {}

    ByteSource& source() const noexcept { return source_; }
    /// The bytes at `offset`, `count` of them or what there is; at most kPieceBytes. Valid until
    /// the next call of anything here.
    std::span<const std::uint8_t> view(std::uint64_t offset, std::size_t count);
    std::optional<ChunkHeader> header_at(std::uint64_t offset);
    /// The first place in [begin, end) where a header stands, which may reach beyond `end`.
    std::optional<std::uint64_t> find_header(std::uint64_t begin, std::uint64_t end);
    /// Where a header may just be under way at the end of the source, `size`; or `size`.
    std::uint64_t find_torn_header(std::uint64_t begin, std::uint64_t size);
    bool is_torn_header(std::uint64_t offset);
    /// Reads the payload of the chunk at `offset` into `stored`. False where there is less of it or
    /// its hash is not that of the header.
    bool read_payload(std::uint64_t offset, const ChunkHeader& header, Bytes& stored);

    static constexpr std::size_t kPieceBytes = 64 << 10;

  private:
    ByteSource& source_;
    std::vector<std::uint8_t> piece_;
    std::uint64_t piece_offset_ = 0;
    std::size_t piece_size_ = 0;
};

/// How a chunk follows those before it in the file.
enum class Relation : std::uint8_t {
    begins,     ///< a segment, with its first chunk
    continues,  ///< the segment: number, chain and frames fit
    gap,        ///< the segment, but chunks are missing between
    cut,        ///< begins in the middle of a segment, at a META
    headless,   ///< begins in the middle of a segment, elsewhere
    foreign,    ///< says to belong here, but does not fit: begins in the middle of a segment
};

/// Follows the segments of a file from chunk to chunk.
class SegmentTracker {
  public:
    Relation relation(const ChunkHeader& header) const noexcept;
    /// Steps over a chunk.
    void accept(const ChunkHeader& header) noexcept;
    /// Knows nothing any more; the next chunk will be in `segment`.
    void reset(std::uint32_t segment) noexcept;

    bool is_inside() const noexcept { return is_inside_; }
    /// Counts from 0 in the file. That in which `header` would be.
    std::uint32_t segment_of(const ChunkHeader& header) const noexcept;
    std::uint32_t segment() const noexcept { return segment_; }
    std::uint64_t identity() const noexcept { return identity_; }
    std::uint64_t next_sequence() const noexcept { return next_sequence_; }
    Frame position() const noexcept { return position_; }

  private:
    std::uint32_t segment_ = 0;
    std::uint64_t identity_ = 0;
    std::uint64_t next_sequence_ = 0;
    std::uint64_t chain_ = 0;
    Frame position_;
    bool is_inside_ = false;  ///< behind a chunk of a segment that is not closed
    bool has_any_ = false;    ///< segment_ is taken
};

}  // namespace canon::replay
