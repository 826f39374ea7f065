#include "container/survey.hpp"

#include <algorithm>

#include "container/chunk_finder.hpp"
#include "container/index.hpp"

namespace canon::replay {
namespace {

// From the last page of the last segment to the first of the first.
class IndexSurvey {
  public:
    explicit IndexSurvey(ByteSource& source) : source_(source), reader_(source), finder_(source) {}

    std::optional<Survey> run() {
        survey_.bytes = source_.size();
        std::uint64_t end = survey_.bytes;
        if (end == 0) return std::nullopt;
        while (end != 0) {
            const auto segment = finder_.segment_ending_at(end);
            if (!segment || !take_pages(*segment)) return std::nullopt;
            survey_.segments += 1;
            if (survey_.extents.size() < Survey::kMostKept)
                survey_.extents.push_back({segment->identity, segment->first, segment->behind_last,
                                           segment->first_chunk != 0, segment->is_cut, true});
            count(ChunkKind::end, kEndBytes);
            end = segment->begin;
        }
        std::reverse(survey_.extents.begin(), survey_.extents.end());
        std::reverse(survey_.gaps.begin(), survey_.gaps.end());
        survey_.tail = {Tail::State::closed, survey_.bytes, survey_.bytes, {}};
        return survey_;
    }

  private:
    bool take_pages(const SegmentSummary& segment) {
        next_ = segment.behind_last;
        std::uint64_t offset = segment.last_page;
        std::optional<std::uint64_t> number;
        for (;;) {
            if (offset < segment.begin || !read_page_at(offset, segment)) return false;
            if (number && page_.number + 1 != *number) return false;
            number = page_.number;
            count(ChunkKind::index, reader_.chunk().header.total_bytes());
            take_entries(offset);
            if (page_.links.empty()) break;
            offset = page_.links.front().offset;
        }
        if (segment.first < next_) lose({segment.first, next_});
        return *number == 0;
    }

    bool read_page_at(std::uint64_t offset, const SegmentSummary& segment) {
        reader_.seek({offset, 0, segment.first});
        if (reader_.next() != Found::chunk) return false;
        const Chunk& chunk = reader_.chunk();
        return chunk.offset == offset && chunk.header.kind == ChunkKind::index &&
               chunk.header.segment == segment.identity &&
               chunk.header.raw_bytes <= kMaxIndexBytes &&
               read_page(reader_.payload(), offset, page_);
    }

    void take_entries(std::uint64_t page_offset) {
        std::uint64_t end = page_offset;
        for (std::size_t i = page_.entries.size(); i-- > 0;) {
            const IndexEntry& entry = page_.entries[i];
            count(entry.kind, end - entry.offset);
            end = entry.offset;
            if (entry.kind == ChunkKind::key && i != 0 &&
                page_.entries[i - 1].kind == ChunkKind::meta)
                survey_.keyframes += 1;
            if (entry.kind != ChunkKind::frames) continue;
            survey_.frames += entry.frames.count;
            if (entry.frames.end() < next_) lose({entry.frames.end(), next_});
            next_ = entry.frames.first;
        }
    }

    void lose(LostFrames frames) {
        survey_.holes += 1;
        if (survey_.gaps.size() < Survey::kMostKept) survey_.gaps.push_back(frames);
    }

    void count(ChunkKind kind, std::uint64_t bytes) {
        KindSums& sums = survey_.kinds[kind];
        sums.chunks += 1;
        sums.stored += bytes;
    }

    ByteSource& source_;
    ChunkReader reader_;
    ChunkFinder finder_;
    Survey survey_;
    IndexPage page_;
    Frame next_;  // the first of the frames behind
};

class FullSurvey {
  public:
    explicit FullSurvey(ByteSource& source) : reader_(source) {
        survey_.bytes = source.size();
        survey_.has_read_all = true;
    }

    Survey run() {
        for (;;) {
            switch (reader_.next()) {
                case Found::chunk:
                    take(reader_.chunk());
                    break;
                case Found::hole:
                    survey_.holes += 1;
                    if (survey_.kept_holes.size() < Survey::kMostKept)
                        survey_.kept_holes.push_back(reader_.hole());
                    is_behind_meta_ = false;
                    break;
                case Found::end:
                    survey_.tail = reader_.tail();
                    keep_extent();
                    return survey_;
            }
        }
    }

  private:
    void take(const Chunk& chunk) {
        const ChunkHeader& header = chunk.header;
        if (chunk.segment + std::uint64_t{1} != survey_.segments) {
            keep_extent();
            survey_.segments = chunk.segment + std::uint64_t{1};
            extent_ = SegmentExtent{
                header.segment, header.position(), {}, header.sequence != 0, false, false};
        }
        extent_->behind_last = header.frames.end();
        if (header.kind == ChunkKind::end) {
            extent_->is_closed = true;
            extent_->is_cut_behind = (header.flags & ChunkHeader::kCut) != 0;
        }
        KindSums& sums = survey_.kinds[header.kind];
        sums.chunks += 1;
        sums.stored += header.total_bytes();
        sums.raw += header.raw_bytes;
        if (header.kind == ChunkKind::frames) survey_.frames += header.frames.count;
        if (header.kind == ChunkKind::key && is_behind_meta_) survey_.keyframes += 1;
        is_behind_meta_ = header.kind == ChunkKind::meta;
    }

    void keep_extent() {
        if (extent_ && survey_.extents.size() < Survey::kMostKept)
            survey_.extents.push_back(*extent_);
        extent_.reset();
    }

    ChunkReader reader_;
    Survey survey_;
    std::optional<SegmentExtent> extent_;
    bool is_behind_meta_ = false;
};

}  // namespace

std::optional<Survey> survey_by_index(ByteSource& source) { return IndexSurvey(source).run(); }

Survey survey(ByteSource& source) { return FullSurvey(source).run(); }

}  // namespace canon::replay
