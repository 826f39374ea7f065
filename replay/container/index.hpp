// Index: where the chunks of a segment are, in pages of some hundred that are written between them.
//
// Offsets are stored as distances back from the page (or the END) that tells them, so they stay
// true when files are put one behind the other. A page links to pages before it at growing
// distances: to the page before, to the last one of an even number, to the last of a multiple of 4,
// and so on to the first. So a frame among n pages is found by reading about log n of them, and
// neither a writer nor a reader keeps more than one.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "container/chunk.hpp"

namespace canon::replay {

inline constexpr std::uint32_t kMaxIndexEntries = 1u << 16;
inline constexpr std::uint32_t kMaxIndexBytes = 4u << 20;

/// In memory, offsets are from the beginning of whatever holds the page.
struct IndexLink {
    std::uint64_t offset = 0;
    Frame position;  ///< of the first chunk that a page tells of; of the META of a start
    friend bool operator==(const IndexLink&, const IndexLink&) = default;
};

struct IndexEntry {
    std::uint64_t offset = 0;
    ChunkKind kind{};
    FrameSpan frames;
    friend bool operator==(const IndexEntry&, const IndexEntry&) = default;
};

struct IndexPage {
    std::uint64_t number = 0;         ///< counts from 0 in a segment
    std::vector<IndexLink> links;     ///< [k]: the last earlier page of a multiple of 2^k
    std::optional<IndexLink> start;   ///< the last start before the entries
    std::vector<IndexEntry> entries;  ///< every chunk since the page before, but bookkeeping
    friend bool operator==(const IndexPage&, const IndexPage&) = default;
};

/// Appends the payload of the INDEX chunk at `offset`.
void write_page(Bytes& out, const IndexPage& page, std::uint64_t offset);
/// False where that is no page, or tells of what cannot lie before it.
bool read_page(std::span<const std::uint8_t> payload, std::uint64_t offset, IndexPage& page);

/// The payload of an END: always of this size and never packed, so that it can be found from the
/// end of a file.
struct EndRecord {
    std::uint64_t last_page = 0;  ///< offset of the last INDEX
    std::uint64_t begin = 0;      ///< offset of the segment's first chunk
    Frame position;               ///< of that chunk
    std::uint64_t sequence = 0;   ///< of that chunk: not 0 where the segment was cut
    friend bool operator==(const EndRecord&, const EndRecord&) = default;
};
inline constexpr std::size_t kEndPayloadBytes = 32;
inline constexpr std::size_t kEndBytes = kHeaderBytes + kEndPayloadBytes;

/// Appends the payload of the END chunk at `offset`.
void write_end(Bytes& out, const EndRecord& record, std::uint64_t offset);
bool read_end(std::span<const std::uint8_t> payload, std::uint64_t offset, EndRecord& record);

/// Builds the pages of a segment while its chunks are written.
class IndexBuilder {
  public:
    /// `entries`: at which a page is due, at most kMaxIndexEntries / 2.
    explicit IndexBuilder(std::uint32_t entries) : entries_(entries) {}

    void add(const ChunkHeader& header, std::uint64_t offset);
    /// Whether a page should be written now, where the next frame is `position`. Not
    /// behind META or KEY: what belongs together stays together.
    bool is_due(Frame position) const noexcept;
    bool empty() const noexcept { return page_.entries.empty(); }
    /// Appends the payload of the page, which is written at `offset`, and begins the next.
    /// Returns which frames it covers.
    FrameSpan write(Bytes& out, std::uint64_t offset, Frame position);
    /// Offset of the last page.
    std::uint64_t last_page() const noexcept { return last_page_; }

  private:
    Frame begin() const noexcept;

    std::uint32_t entries_;
    IndexPage page_;
    IndexLink first_page_;
    std::optional<IndexLink> last_meta_;
    std::optional<IndexLink> last_start_;
    std::vector<IndexLink> latest_;  ///< [k]: the last page of a multiple of 2^k
    std::uint64_t last_page_ = 0;
};

}  // namespace canon::replay
