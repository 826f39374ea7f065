#include "container/chunk_finder.hpp"

#include <algorithm>

namespace canon::replay {
namespace {

// What an index that we wrote never needs. Beyond it the file is walked, so that one made to lead
// astray costs no more than none.
constexpr int kMaxPages = 1000;
constexpr int kMaxTries = 16;

Frame position_of(const IndexEntry& entry) {
    return entry.kind == ChunkKind::frames ? entry.frames.first : entry.frames.end();
}

bool holds(const FrameSpan& frames, Frame frame) {
    return frames.first <= frame && frame.value - frames.first.value < frames.count;
}

bool follows(const ChunkHeader& header, const ChunkHeader& before) {
    return header.segment == before.segment &&
           header.sequence == before.sequence + std::uint64_t{1} &&
           header.version == before.version;
}

}  // namespace

std::optional<SegmentSummary> ChunkFinder::segment_ending_at(std::uint64_t end) {
    if (end < kEndBytes) return std::nullopt;
    const std::uint64_t offset = end - kEndBytes;
    const auto header = scan_.header_at(offset);
    if (!header || header->version != kFormatVersion || header->kind != ChunkKind::end ||
        header->packing != ChunkHeader::Packing::none || header->stored_bytes != kEndPayloadBytes ||
        !is_whole(offset, *header))
        return std::nullopt;
    EndRecord record;
    if (!read_end(unpacker_.unpack(*header, stored_.view()), offset, record)) return std::nullopt;
    return SegmentSummary{record.begin,
                          end,
                          record.last_page,
                          header->segment,
                          record.position,
                          header->position(),
                          record.sequence,
                          header->sequence,
                          (header->flags & ChunkHeader::kCut) != 0};
}

// 0 unless they tell of all the file.
std::uint32_t ChunkFinder::count_segments() {
    std::uint32_t count = 0;
    std::uint64_t end = scan_.source().size();
    while (end != 0) {
        const auto part = segment_ending_at(end);
        if (!part) return 0;
        end = part->begin;
        ++count;
    }
    return count;
}

ChunkFinder::Way ChunkFinder::way() {
    if (count_segments() != 0) return Way::index;
    return scan_.header_at(0) ? Way::headers : Way::scan;
}

std::optional<SegmentSummary> ChunkFinder::indexed(std::uint32_t segment) {
    std::uint32_t later = count_segments();
    std::uint64_t end = scan_.source().size();
    std::optional<SegmentSummary> part;
    while (later > segment) {
        part = segment_ending_at(end);
        if (!part) return std::nullopt;
        end = part->begin;
        --later;
    }
    return part;
}

bool ChunkFinder::is_whole(std::uint64_t offset, const ChunkHeader& header) {
    return scan_.read_payload(offset, header, stored_);
}

bool ChunkFinder::read_page_at(std::uint64_t offset, const SegmentSummary& part) {
    const auto header = scan_.header_at(offset);
    if (offset < part.begin || !header || header->version != kFormatVersion ||
        header->kind != ChunkKind::index || header->segment != part.identity ||
        header->raw_bytes > kMaxIndexBytes || !is_whole(offset, *header))
        return false;
    page_begin_ = header->frames.first;
    try {
        return replay::read_page(unpacker_.unpack(*header, stored_.view()), offset, page_);
    } catch (const Error&) {
        return false;
    }
}

// The last page that begins at or before `frame`, or the first one.
bool ChunkFinder::read_page_for(Frame frame, const SegmentSummary& part) {
    std::uint64_t offset = part.last_page;
    for (int i = 0; i < kMaxPages; ++i) {
        if (!read_page_at(offset, part)) return false;
        if (page_begin_ <= frame || page_.links.empty()) return true;
        // As far back as is not too far.
        offset = page_.links.front().offset;
        for (const IndexLink& link : page_.links)
            if (link.position > frame) offset = std::min(offset, link.offset);
    }
    return false;
}

bool ChunkFinder::is_whole_start(std::uint64_t offset, Frame position) {
    const auto meta = scan_.header_at(offset);
    if (!meta || meta->version != kFormatVersion || meta->kind != ChunkKind::meta ||
        meta->position() != position || !is_whole(offset, *meta))
        return false;
    ChunkHeader before = *meta;
    std::uint64_t at = offset + meta->total_bytes();
    auto next = scan_.header_at(at);
    for (; next && follows(*next, before) && next->kind == ChunkKind::key;
         next = scan_.header_at(at)) {
        if (next->position() != position || !is_whole(at, *next)) return false;
        at += next->total_bytes();
        before = *next;
    }
    if (before.kind == ChunkKind::key) return true;
    // Whether a segment begins with a keyframe only the chunk behind its META tells.
    const bool has_none =
        next ? next->segment == meta->segment && next->sequence == 1 : at == scan_.source().size();
    return meta->sequence == 0 && has_none;
}

ChunkFinder::Answer ChunkFinder::start_by_index(Frame frame, std::uint32_t segment) {
    const auto part = indexed(segment);
    if (!part || !read_page_for(frame, *part)) return std::nullopt;
    int tries = 0;
    for (int pages = 0; pages < kMaxPages; ++pages) {
        for (std::size_t i = page_.entries.size(); i-- > 0;) {
            const IndexEntry& entry = page_.entries[i];
            if (entry.kind != ChunkKind::meta || position_of(entry) > frame) continue;
            const bool has_key =
                i + 1 < page_.entries.size() && page_.entries[i + 1].kind == ChunkKind::key;
            const bool begins = entry.offset == part->begin && part->first_chunk == 0;
            if (!has_key && !begins) continue;
            if (is_whole_start(entry.offset, position_of(entry)))
                return Place{entry.offset, segment, position_of(entry)};
            if (++tries == kMaxTries) return std::nullopt;
        }
        if (page_.start && page_.start->offset >= part->begin && page_.start->position <= frame) {
            const IndexLink start = *page_.start;
            if (is_whole_start(start.offset, start.position))
                return Place{start.offset, segment, start.position};
            if (++tries == kMaxTries) return std::nullopt;
        }
        if (page_.links.empty()) return std::optional<Place>();
        if (!read_page_at(page_.links.front().offset, *part)) break;
    }
    return std::nullopt;
}

ChunkFinder::Answer ChunkFinder::frames_by_index(Frame frame, std::uint32_t segment) {
    const auto part = indexed(segment);
    if (!part || !read_page_for(frame, *part)) return std::nullopt;
    for (const IndexEntry& entry : page_.entries) {
        if (entry.kind != ChunkKind::frames || !holds(entry.frames, frame)) continue;
        const auto header = scan_.header_at(entry.offset);
        if (!header || header->version != kFormatVersion || header->kind != entry.kind ||
            header->frames != entry.frames || header->segment != part->identity)
            return std::nullopt;
        return Place{entry.offset, segment, entry.frames.first};
    }
    return std::optional<Place>();
}

// From chunk to chunk, without reading payloads, until `visit` returns false.
template <class Visit>
void ChunkFinder::walk(Visit visit) {
    const std::uint64_t size = scan_.source().size();
    SegmentTracker tracker;
    std::optional<std::uint64_t> at = scan_.find_header(0, size);
    while (at) {
        const ChunkHeader header = *scan_.header_at(*at);
        const std::uint64_t begin = *at + kHeaderBytes;
        const std::uint64_t end = *at + header.total_bytes();
        const bool leads_on =
            end == size || (end < size && (scan_.header_at(end) || scan_.is_torn_header(end)));
        // Where a chunk leads nowhere, bytes of it may be missing.
        if (!leads_on)
            if (const auto inner = scan_.find_header(begin, std::min(end, size))) {
                at = inner;
                continue;
            }
        if (end > size) return;
        if (header.version == kFormatVersion) {
            const std::uint32_t segment = tracker.segment_of(header);
            tracker.accept(header);
            if (!visit(header, Place{*at, segment, header.position()})) return;
        }
        at = scan_.find_header(end, size);
    }
}

std::optional<Place> ChunkFinder::find_start(Frame frame, std::uint32_t segment) {
    if (const Answer answer = start_by_index(frame, segment)) return *answer;
    std::optional<Place> last;
    walk([&](const ChunkHeader& header, const Place& place) {
        if (place.segment > segment) return false;
        if (place.segment < segment) return true;
        if (place.position > frame) return false;
        if (header.kind == ChunkKind::meta && is_whole_start(place.offset, place.position))
            last = place;
        return true;
    });
    return last;
}

std::optional<Place> ChunkFinder::find_frames(Frame frame, std::uint32_t segment) {
    if (const Answer answer = frames_by_index(frame, segment)) return *answer;
    std::optional<Place> found;
    walk([&](const ChunkHeader& header, const Place& place) {
        if (place.segment > segment || found) return false;
        if (place.segment < segment) return true;
        if (header.kind == ChunkKind::frames && holds(header.frames, frame)) found = place;
        return place.position <= frame;
    });
    return found;
}

}  // namespace canon::replay
