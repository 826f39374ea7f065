#include "container/chunk_scan.hpp"

#include <algorithm>
#include <cstring>

#include "canon/hash.hpp"

namespace canon::replay {
namespace {

constexpr std::size_t kLeastReadBytes = 4 << 10;

}  // namespace

std::span<const std::uint8_t> ChunkScan::view(std::uint64_t offset, std::size_t count) {
    CANON_ASSERT(count <= kPieceBytes, "a piece is at most kPieceBytes");
    const bool is_there = offset >= piece_offset_ && offset - piece_offset_ + count <= piece_size_;
    if (!is_there) {
        piece_.resize(kPieceBytes);
        piece_offset_ = offset;
        piece_size_ = 0;  // if the source throws
        piece_size_ =
            source_.read(offset, std::span(piece_).first(std::max(count, kLeastReadBytes)));
    }
    const std::size_t begin = offset - piece_offset_;
    return std::span<const std::uint8_t>(piece_).subspan(begin,
                                                         std::min(count, piece_size_ - begin));
}

std::optional<ChunkHeader> ChunkScan::header_at(std::uint64_t offset) {
    return read_header(view(offset, kHeaderBytes));
}

std::optional<std::uint64_t> ChunkScan::find_header(std::uint64_t begin, std::uint64_t end) {
    while (begin < end) {
        const std::uint64_t wanted = end - begin + kHeaderBytes - 1;
        const auto bytes = view(begin, std::min<std::uint64_t>(wanted, kPieceBytes));
        if (bytes.size() < kHeaderBytes) break;
        const std::size_t places =
            std::min<std::uint64_t>(bytes.size() - kHeaderBytes + 1, end - begin);
        const std::uint8_t* at = bytes.data();
        const std::uint8_t* const last = at + places;
        while ((at = static_cast<const std::uint8_t*>(
                    std::memchr(at, kMarker[0], static_cast<std::size_t>(last - at))))) {
            if (read_header({at, kHeaderBytes}))
                return begin + static_cast<std::uint64_t>(at - bytes.data());
            if (++at == last) break;
        }
        begin += places;
    }
    return std::nullopt;
}

bool ChunkScan::is_torn_header(std::uint64_t offset) {
    const auto bytes = view(offset, kHeaderBytes);
    const std::size_t count = std::min(bytes.size(), kMarker.size());
    return count != 0 && bytes.size() < kHeaderBytes &&
           std::equal(bytes.begin(), bytes.begin() + count, kMarker.begin());
}

std::uint64_t ChunkScan::find_torn_header(std::uint64_t begin, std::uint64_t size) {
    std::uint64_t at = std::max(begin, size - std::min<std::uint64_t>(size, kHeaderBytes - 1));
    while (at < size && !is_torn_header(at)) ++at;
    return at;
}

bool ChunkScan::read_payload(std::uint64_t offset, const ChunkHeader& header, Bytes& stored) {
    stored.clear();
    std::uint64_t at = offset + kHeaderBytes;
    // Grows with what is there, not with what the header says.
    while (stored.size() < header.stored_bytes) {
        const auto bytes =
            view(at, std::min<std::size_t>(header.stored_bytes - stored.size(), kPieceBytes));
        if (bytes.empty()) return false;
        stored.append(bytes);
        at += bytes.size();
    }
    return hash_bytes(stored.view()) == header.payload_hash;
}

Relation SegmentTracker::relation(const ChunkHeader& header) const noexcept {
    if (header.sequence == 0) return Relation::begins;
    const Relation middle = header.kind == ChunkKind::meta ? Relation::cut : Relation::headless;
    if (!is_inside_ || header.segment != identity_) return middle;
    const bool is_bookkeeping_chunk = is_bookkeeping(header.kind);
    if (header.sequence == next_sequence_) {
        const std::uint64_t chain = is_bookkeeping_chunk ? chain_ : chain_of(header, chain_);
        const bool fits = header.chain == chain && header.position() == position_;
        return fits ? Relation::continues : Relation::foreign;
    }
    if (header.sequence > next_sequence_ && header.position() >= position_) return Relation::gap;
    return header.kind == ChunkKind::meta ? Relation::cut : Relation::foreign;
}

std::uint32_t SegmentTracker::segment_of(const ChunkHeader& header) const noexcept {
    const Relation how = relation(header);
    const bool is_same = how == Relation::continues || how == Relation::gap;
    return is_same || !has_any_ ? segment_ : segment_ + 1;
}

void SegmentTracker::accept(const ChunkHeader& header) noexcept {
    segment_ = segment_of(header);
    has_any_ = true;
    is_inside_ = header.kind != ChunkKind::end;
    identity_ = header.segment;
    position_ = header.frames.end();
    chain_ = header.chain;
    next_sequence_ = header.sequence + std::uint64_t{is_bookkeeping(header.kind) ? 0u : 1u};
}

void SegmentTracker::reset(std::uint32_t segment) noexcept {
    *this = {};
    segment_ = segment;
}

}  // namespace canon::replay
