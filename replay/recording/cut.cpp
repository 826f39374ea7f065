#include "recording/cut.hpp"

#include <string>

#include "canon/error.hpp"
#include "container/chunk_finder.hpp"
#include "container/chunk_sealer.hpp"
#include "container/chunk_writer.hpp"
#include "recording/execution.hpp"
#include "recording/frame_record.hpp"

namespace canon::replay {
namespace {

constexpr std::size_t kMostRunsTold = 8;

std::string text_of(Frame frame) { return std::to_string(frame.value); }

// "; there are the frames 1 to 60 and 121 to 300"
std::string frames_there(ByteSource& source, std::uint32_t segment) {
    const std::vector<FrameRun> runs = frames_of(source, segment, kMostRunsTold + 1);
    if (runs.empty()) return "; there are no frames in segment " + std::to_string(segment);
    std::string text = "; there are the frames ";
    for (std::size_t i = 0; i < runs.size(); ++i) {
        if (i == kMostRunsTold) return text + " and others";
        if (i != 0) text += i + 1 == runs.size() ? " and " : ", ";
        text += text_of(runs[i].first) + " to " + text_of(runs[i].last);
    }
    return text;
}

class Cutter {
  public:
    Cutter(ByteSource& source, Sink& sink, const CutRange& range, const LossReport& report)
        : source_(source), reader_(source), sink_(sink), range_(range), report_(report) {}

    CutResult run() {
        reader_.seek(find_start());
        while (!is_done_) {
            switch (reader_.next()) {
                case Found::chunk:
                    take_chunk();
                    break;
                case Found::hole:
                    take_hole();
                    break;
                case Found::end:
                    take_end();
                    break;
            }
        }
        if (result_.frames == 0 || (range_.to && result_.last < *range_.to))
            refuse(range_.to ? *range_.to : Frame{});
        writer_->close(result_.is_cut);
        return result_;
    }

  private:
    [[noreturn]] void refuse(Frame frame) {
        throw NotInRecording(source_.name() + ": " +
                             (frame.value == 0 ? std::string("nothing can be cut out")
                                               : "frame " + text_of(frame) + " is not there") +
                             frames_there(source_, range_.segment));
    }

    Place find_start() {
        ChunkFinder finder(source_);
        for (const std::optional<Frame>& frame : {range_.from, range_.to})
            if (frame && !finder.find_frames(*frame, range_.segment)) refuse(*frame);
        std::optional<Place> start;
        if (range_.from)
            start = finder.find_start(*range_.from, range_.segment);
        else
            start = first_start();
        if (start && (!range_.to || start->position <= *range_.to)) return *start;
        throw NotInRecording(source_.name() + ": no keyframe at or before frame " +
                             text_of(range_.from ? *range_.from
                                     : range_.to ? *range_.to
                                                 : Frame{}) +
                             " is whole, so nothing from there on can be played" +
                             frames_there(source_, range_.segment));
    }

    // The first META with a KEY behind it.
    std::optional<Place> first_start() {
        ChunkReader reader(source_);
        std::optional<Place> meta;
        for (Found found = reader.next(); found != Found::end; found = reader.next()) {
            if (found == Found::hole || reader.chunk().segment < range_.segment) {
                meta.reset();
                continue;
            }
            const Chunk& chunk = reader.chunk();
            if (chunk.segment > range_.segment) break;
            if (meta && chunk.header.kind == ChunkKind::key) return meta;
            meta.reset();
            if (chunk.header.kind == ChunkKind::meta)
                meta = Place{chunk.offset, chunk.segment, chunk.header.position()};
        }
        return std::nullopt;
    }

    void take_chunk() {
        const Chunk& chunk = reader_.chunk();
        const ChunkHeader& header = chunk.header;
        if (!writer_) {
            segment_ = chunk.segment;
            writer_.emplace(sink_, header.segment);
            result_.first = header.position();
        }
        if (chunk.segment != segment_) {
            is_done_ = true;
            return;
        }
        if (header.kind == ChunkKind::end) {
            result_.is_cut = result_.is_cut || (header.flags & ChunkHeader::kCut) != 0;
            is_done_ = true;
            return;
        }
        if (is_behind(header)) {
            result_.is_cut = true;
            is_done_ = true;
            return;
        }
        if (is_bookkeeping(header.kind) && result_.sealed != 0) return;
        if (result_.sealed != 0 || (range_.to && header.frames.end() > behind_last()))
            seal_part(header);
        else
            copy(header);
    }

    Frame behind_last() const { return {range_.to->value + 1}; }

    // Whether the range ends before `header`. A keyframe behind the last frame is of no use, but
    // where no frames follow it belongs to the end of the recording, and where that frame has a
    // reload its effects cannot be applied without.
    bool is_behind(const ChunkHeader& header) {
        if (!range_.to) return false;
        if (header.kind == ChunkKind::frames) return header.frames.first > *range_.to;
        if (header.kind != ChunkKind::meta || header.position() <= *range_.to) return false;
        if (ends_with_reload_ && header.position() == behind_last()) return false;
        return result_.sealed != 0 || has_frames_behind();
    }

    bool has_frames_behind() {
        ChunkReader ahead(source_);
        ahead.seek({reader_.chunk().offset, segment_, reader_.chunk().header.position()});
        for (Found found = ahead.next(); found == Found::chunk; found = ahead.next()) {
            if (ahead.chunk().segment != segment_ || ahead.chunk().header.kind == ChunkKind::end)
                return false;
            if (ahead.chunk().header.kind == ChunkKind::frames) return true;
        }
        return false;
    }

    void copy(const ChunkHeader& header) {
        writer_->copy(header, reader_.stored());
        if (is_bookkeeping(header.kind)) return;
        chain_ = header.chain;
        ++result_.copied;
        if (header.kind == ChunkKind::frames) count(header.frames);
        if (range_.to && result_.last == *range_.to && header.kind == ChunkKind::frames)
            ends_with_reload_ = is_reload(header);
    }

    // Of the last frame of that chunk.
    bool is_reload(const ChunkHeader& header) {
        FramesReader frames;
        FrameRecord record;
        try {
            frames.open(reader_.payload(), header.frames);
            while (frames.next(record)) {
            }
        } catch (const Error&) {
            return false;  // it plays as far as it can be read
        }
        return has_reload(record.inputs);
    }

    void count(FrameSpan frames) {
        if (frames.count == 0) return;
        result_.frames += frames.count;
        result_.last = {frames.end().value - 1};
    }

    // The part of a chunk up to the last frame.
    void seal_part(const ChunkHeader& header) {
        // Notes on frames that are lost, beyond the range: so are its last ones, then.
        if (header.kind != ChunkKind::frames && !sealer_) return;
        const FrameSpan part{
            header.frames.first,
            header.frames.first >= behind_last()
                ? 0
                : static_cast<std::uint32_t>(behind_last().value - header.frames.first.value)};
        payload_.clear();
        if (header.kind == ChunkKind::frames) {
            parting([&] { part_of_frames(header, part.count); });
            count(part);
        } else if (header.kind == ChunkKind::note) {
            if (part.count != 0) parting([&] { part_of_notes(); });
            if (payload_.empty()) return;
        } else if (may_be_skipped(header.kind)) {
            return;
        } else {
            throw NoPart(source_.name() + ": frame " + text_of(*range_.to) +
                         " is within a chunk that belongs to one of " + kind_name(header.kind) +
                         ", which this canon cannot part; cut behind frame " +
                         text_of({header.frames.end().value - 1}) + ", or with a newer canon");
        }
        seal(header, part);
        ++result_.sealed;
        result_.is_cut = true;
    }

    // With the number of the chunk that it stands for, also where the one before that is missing.
    // Those behind it are numbered on, so that one that is left out here is not taken for lost.
    void seal(const ChunkHeader& header, FrameSpan part) {
        if (!sealer_) {
            ChunkHeader before;
            before.segment = header.segment;
            before.sequence = header.sequence - 1;
            before.frames = {part.first, 0};
            before.chain = chain_;
            sealer_.emplace(header.segment).follow(before);
        }
        sealed_.clear();
        const ChunkHeader as_sealed = sealer_->seal(header.kind, part, payload_.view(), sealed_);
        writer_->copy(as_sealed, sealed_.view(kHeaderBytes, sealed_.size()));
    }

    void part_of_frames(const ChunkHeader& header, std::uint32_t count) {
        FramesReader frames;
        frames.open(reader_.payload(), header.frames);
        FramesWriter writer(frames.has_effects());
        FrameRecord record;
        for (std::uint32_t i = 0; i < count && frames.next(record); ++i) writer.add(record);
        Bytes plain;
        writer.finish(plain);
        packer_.pack(plain.view(), {header.frames.first, count}, payload_);
    }

    // Nothing where none is left.
    void part_of_notes() {
        for (const FrameNotes& notes : read_notes(reader_.payload()))
            if (notes.frame <= *range_.to) write_notes(payload_, notes);
    }

    template <class Make>
    void parting(Make make) {
        try {
            make();
        } catch (const Error& error) {
            throw NoPart(
                source_.name() + ": the chunk at byte " + std::to_string(reader_.chunk().offset) +
                " cannot be parted behind frame " + text_of(*range_.to) + ": " + error.what());
        }
    }

    void take_hole() {
        const Hole& hole = reader_.hole();
        if (range_.to && result_.last >= *range_.to) {
            result_.is_cut = true;
            is_done_ = true;
            return;
        }
        ++result_.holes;
        if (report_.hole) report_.hole(hole);
    }

    void take_end() {
        is_done_ = true;
        const bool is_whole = range_.to && result_.last >= *range_.to;
        if (reader_.tail().state == Tail::State::closed || is_whole) return;
        if (report_.tail) report_.tail(reader_.tail());
    }

    ByteSource& source_;
    ChunkReader reader_;
    Sink& sink_;
    const CutRange& range_;
    const LossReport& report_;
    CutResult result_;
    std::optional<ChunkWriter> writer_;
    std::uint32_t segment_ = 0;
    std::uint64_t chain_ = 0;  ///< of the chunk that was written last
    std::optional<ChunkSealer> sealer_;
    PayloadPacker packer_;
    Bytes payload_;
    Bytes sealed_;
    bool ends_with_reload_ = false;
    bool is_done_ = false;
};

}  // namespace

CutResult cut(ByteSource& source, Sink& sink, const CutRange& range, const LossReport& report) {
    CANON_ASSERT(!range.from || !range.to || *range.from <= *range.to,
                 "a range ends no earlier than it begins");
    return Cutter(source, sink, range, report).run();
}

std::vector<FrameRun> frames_of(ByteSource& source, std::uint32_t segment, std::size_t most) {
    std::vector<FrameRun> runs;
    ChunkReader reader(source);
    for (Found found = reader.next(); found != Found::end; found = reader.next()) {
        if (found == Found::hole || reader.chunk().segment < segment) continue;
        if (reader.chunk().segment > segment) break;
        const ChunkHeader& header = reader.chunk().header;
        if (header.kind != ChunkKind::frames || header.frames.count == 0) continue;
        const Frame last{header.frames.end().value - 1};
        if (!runs.empty() && runs.back().last.value + 1 == header.frames.first.value)
            runs.back().last = last;
        else if (runs.size() < most)
            runs.push_back({header.frames.first, last});
        else
            break;
    }
    return runs;
}

}  // namespace canon::replay
