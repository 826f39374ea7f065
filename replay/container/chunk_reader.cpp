#include "container/chunk_reader.hpp"

#include <algorithm>

namespace canon::replay {
namespace {

std::string number_of(std::uint64_t count, const char* one, const char* many) {
    return std::to_string(count) + " " + (count == 1 ? one : many);
}

}  // namespace

std::string describe(const LostFrames& frames) {
    if (frames.are_none()) return "no frames";
    if (!frames.begin && !frames.end) return "nobody knows which frames";
    if (!frames.end)
        return "the frames from " + std::to_string(frames.begin->value) +
               " on, nobody knows how many";
    if (!frames.begin)
        return "frames before " + std::to_string(frames.end->value) + ", nobody knows how many";
    if (frames.begin->value + 1 == frames.end->value)
        return "frame " + std::to_string(frames.begin->value);
    return "frames " + std::to_string(frames.begin->value) + " to " +
           std::to_string(frames.end->value - 1);
}

std::string describe(const Hole& hole) {
    std::string text;
    switch (hole.why) {
        case Hole::Why::damaged:
            text = "bytes " + std::to_string(hole.begin) + " to " + std::to_string(hole.end - 1) +
                   " are damaged";
            break;
        case Hole::Why::missing:
            text = "before byte " + std::to_string(hole.end) + " chunks are missing";
            break;
        case Hole::Why::foreign:
            text = "the chunk at byte " + std::to_string(hole.end) +
                   " does not continue what is before it";
            break;
        case Hole::Why::newer:
            text = "bytes " + std::to_string(hole.begin) + " to " + std::to_string(hole.end - 1) +
                   " are of a newer format";
            break;
    }
    text += "; lost in segment " + std::to_string(hole.segment) + ": ";
    text += hole.lost_chunks ? number_of(*hole.lost_chunks, "chunk", "chunks")
                             : std::string("nobody knows how many chunks");
    return text + ", " + describe(hole.lost_frames);
}

ChunkReader::ChunkReader(ByteSource& source) : scan_(source) {
    const std::uint64_t size = source.size();
    const auto first = scan_.find_header(0, size);
    if (!first) {
        if (size == 0 || scan_.find_torn_header(0, size) == 0) return;
        throw Error(source.name() + ": is not a recording: in its " +
                    number_of(size, "byte", "bytes") +
                    " no chunk of one begins; expected a file that `canon record` wrote");
    }
    const ChunkHeader header = *scan_.header_at(*first);
    if (header.version > kFormatVersion)
        throw Error(source.name() + ": is a recording of format version " +
                    std::to_string(header.version) + ", and this canon reads up to " +
                    std::to_string(kFormatVersion) + "; read it with a newer canon");
}

std::span<const std::uint8_t> ChunkReader::payload() {
    return unpacker_.unpack(chunk_.header, stored_.view());
}

void ChunkReader::seek(const Place& place) {
    tracker_.reset(place.segment);
    position_ = searched_ = place.offset;
    is_anywhere_ = true;
    is_closed_ = has_chunk_ = false;
    damage_.reset();
}

Found ChunkReader::next() {
    if (has_chunk_) {
        has_chunk_ = false;
        return give_chunk(chunk_.header);
    }
    for (;;) {
        const std::uint64_t size = scan_.source().size();
        if (position_ >= size) return step_to_end(size);
        if (const auto header = scan_.header_at(position_)) {
            if (const auto found = step_over_chunk(size, *header)) return *found;
        } else if (scan_.is_torn_header(position_)) {
            return step_over_torn(size, nullptr);
        } else {
            const auto next = scan_.find_header(position_ + 1, size);
            step_over_damage(next ? *next : scan_.find_torn_header(position_ + 1, size),
                             Hole::Why::damaged, nullptr);
        }
    }
}

// Nothing where the chunk is damaged.
std::optional<Found> ChunkReader::step_over_chunk(std::uint64_t size, const ChunkHeader& header) {
    const std::uint64_t begin = position_ + kHeaderBytes;
    const std::uint64_t end = position_ + header.total_bytes();
    // No payload holds a header: where one stands, bytes of the payload are missing. Looking for it
    // before the payload is read keeps the whole reading linear, whatever sizes headers claim.
    searched_ = std::max(searched_, begin);
    if (const auto inner = scan_.find_header(searched_, std::min(end, size))) {
        step_over_damage(*inner, Hole::Why::damaged, nullptr);
        return std::nullopt;
    }
    if (end > size) {
        searched_ = std::max(searched_, size - std::min<std::uint64_t>(size, kHeaderBytes - 1));
        return step_over_torn(size, &header);
    }
    searched_ = end;
    if (header.version != kFormatVersion) {
        step_over_damage(end, Hole::Why::newer, nullptr);
        return std::nullopt;
    }
    if (!scan_.read_payload(position_, header, stored_)) {
        step_over_damage(end, Hole::Why::damaged, &header);
        return std::nullopt;
    }
    const Relation relation = tracker_.relation(header);
    chunk_ = {header, position_, tracker_.segment_of(header), relation};
    const bool is_expected = relation == Relation::begins || relation == Relation::continues ||
                             relation == Relation::cut || is_anywhere_;
    if (is_expected && !damage_) return give_chunk(header);
    has_chunk_ = true;
    return give_hole(&header, relation);
}

void ChunkReader::step_over_damage(std::uint64_t end, Hole::Why why, const ChunkHeader* told) {
    if (!damage_) {
        damage_.emplace();
        damage_->begin = position_;
        damage_->why = why;
    }
    if (why == Hole::Why::damaged) damage_->why = why;
    const bool is_of_segment =
        told != nullptr && (!tracker_.is_inside() || told->segment == tracker_.identity());
    if (!is_of_segment) {
        damage_->is_told = false;
    } else {
        if (!damage_->first) damage_->first = told->position();
        damage_->last = told->frames.end();
        if (!is_bookkeeping(told->kind)) damage_->chunks += 1;
    }
    damage_->end = position_ = end;
    searched_ = std::max(searched_, end);
}

Found ChunkReader::give_chunk(const ChunkHeader& header) {
    position_ = chunk_.offset + header.total_bytes();
    tracker_.accept(header);
    is_anywhere_ = false;
    is_closed_ = header.kind == ChunkKind::end;
    return Found::chunk;
}

Found ChunkReader::give_hole(const ChunkHeader* next, Relation relation) {
    hole_ = {};
    hole_.begin = hole_.end = position_;
    if (damage_) {
        hole_.why = damage_->why;
        hole_.begin = damage_->begin;
        hole_.end = damage_->end;
    } else {
        hole_.why = relation == Relation::foreign ? Hole::Why::foreign : Hole::Why::missing;
    }
    // Behind an END what is missing is the beginning of what comes next.
    hole_.segment =
        tracker_.is_inside() || next == nullptr ? tracker_.segment() : tracker_.segment_of(*next);
    hole_.lost_frames = lost_frames(next, relation);
    hole_.lost_chunks = lost_chunks(next, relation);
    damage_.reset();
    return Found::hole;
}

// Only the first chunk of the segment, then: a META, which holds no frames.
bool ChunkReader::is_first_lost(const ChunkHeader* next) const {
    return !tracker_.is_inside() && next != nullptr && next->sequence == 1;
}

LostFrames ChunkReader::lost_frames(const ChunkHeader* next, Relation relation) const {
    LostFrames lost;
    const bool is_told = damage_ && damage_->is_told && damage_->first;
    if (tracker_.is_inside()) {
        lost.begin = tracker_.position();
        if (relation == Relation::continues || relation == Relation::gap)
            lost.end = next->position();
        else if (is_told)
            lost.end = std::max(damage_->last, *lost.begin);
        return lost;
    }
    if (damage_ && damage_->first) lost.begin = damage_->first;
    if (next != nullptr && next->sequence != 0) {
        lost.end = next->position();
        if (is_first_lost(next)) lost.begin = lost.end;
    } else if (is_told) {
        lost.end = damage_->last;
    }
    if (lost.begin && lost.end && *lost.begin > *lost.end) lost.begin.reset();
    return lost;
}

std::optional<std::uint64_t> ChunkReader::lost_chunks(const ChunkHeader* next,
                                                      Relation relation) const {
    if (relation == Relation::continues || relation == Relation::gap)
        return next->sequence - tracker_.next_sequence();
    if (damage_ && damage_->is_told) return damage_->chunks;
    if (is_first_lost(next)) return 1;
    return std::nullopt;
}

Found ChunkReader::step_to_end(std::uint64_t size) {
    if (damage_) return give_hole(nullptr, Relation::foreign);
    tail_ = {is_closed_ ? Tail::State::closed : Tail::State::open, size, size, {}};
    if (tracker_.is_inside()) tail_.lost_frames.begin = tracker_.position();
    if (is_closed_) tail_.lost_frames = {tracker_.position(), tracker_.position()};
    return Found::end;
}

Found ChunkReader::step_over_torn(std::uint64_t size, const ChunkHeader* header) {
    if (damage_) return give_hole(nullptr, Relation::foreign);
    tail_ = {Tail::State::torn, position_, size, {}};
    if (tracker_.is_inside())
        tail_.lost_frames.begin = tracker_.position();
    else if (header != nullptr)
        tail_.lost_frames.begin = header->position();
    return Found::end;
}

}  // namespace canon::replay
