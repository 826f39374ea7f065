// ChunkFinder: finds frames and starts in a recording, by its index where that is whole, else by
// going from header to header, else by looking for the marker. The answers are the same.
//
// An index is a hint: what it points to is checked before it is told. Memory is bounded whatever
// the size of the file. Nothing is kept between calls, so a file that grows will do.
#pragma once
#include <cstdint>
#include <optional>

#include "container/chunk_reader.hpp"
#include "container/chunk_scan.hpp"
#include "container/index.hpp"

namespace canon::replay {

/// A closed segment, as its END tells it.
struct SegmentSummary {
    std::uint64_t begin = 0;      ///< offset of the first chunk
    std::uint64_t end = 0;        ///< offset behind END
    std::uint64_t last_page = 0;  ///< offset of the last INDEX
    std::uint64_t identity = 0;
    Frame first;                     ///< the first frame
    Frame behind_last;               ///< the frame that would come next
    std::uint64_t first_chunk = 0;   ///< its number: not 0 where the beginning was cut off
    std::uint64_t behind_chunk = 0;  ///< the number that would come next
    bool is_cut = false;             ///< the recording went on
};

class ChunkFinder {
  public:
    enum class Way : std::uint8_t { index, headers, scan };

    /// Borrows: `source`.
    explicit ChunkFinder(ByteSource& source) : scan_(source) {}

    /// How things are found in the file as it is now. `index` where ENDs tell of all of it.
    Way way();
    /// The segment whose END ends at offset `end`: of the last one that is the size of the file, of
    /// the one before it the beginning of the last. Nothing where no END is.
    std::optional<SegmentSummary> segment_ending_at(std::uint64_t end);

    /// The last META at or before `frame` from which that frame can be played: one with a KEY
    /// behind it, or the one that begins the segment. Both are whole. Nothing where there is none.
    std::optional<Place> find_start(Frame frame, std::uint32_t segment = 0);
    /// The FRAMES chunk that holds `frame`. Its payload is not checked.
    std::optional<Place> find_frames(Frame frame, std::uint32_t segment = 0);

  private:
    /// The inner nothing: there is none. The outer one: the index cannot say.
    using Answer = std::optional<std::optional<Place>>;

    std::uint32_t count_segments();
    std::optional<SegmentSummary> indexed(std::uint32_t segment);
    bool read_page_at(std::uint64_t offset, const SegmentSummary& part);
    bool read_page_for(Frame frame, const SegmentSummary& part);
    Answer start_by_index(Frame frame, std::uint32_t segment);
    Answer frames_by_index(Frame frame, std::uint32_t segment);
    bool is_whole(std::uint64_t offset, const ChunkHeader& header);
    bool is_whole_start(std::uint64_t offset, Frame position);
    template <class Visit>
    void walk(Visit visit);

    ChunkScan scan_;
    Unpacker unpacker_;
    Bytes stored_;
    IndexPage page_;
    Frame page_begin_;
};

}  // namespace canon::replay
