#include "container/repair.hpp"

#include <optional>

#include "container/chunk_writer.hpp"

namespace canon::replay {
namespace {

class Examination {
  public:
    Examination(ByteSource& source, Sink* sink, const LossReport& report)
        : reader_(source), sink_(sink), report_(report) {}

    Condition run() {
        for (;;) {
            switch (reader_.next()) {
                case Found::chunk:
                    take_chunk(reader_.chunk());
                    break;
                case Found::hole:
                    condition_.holes += 1;
                    meta_.reset();
                    begin_.reset();
                    if (report_.hole) report_.hole(reader_.hole());
                    break;
                case Found::end:
                    return finish();
            }
        }
    }

  private:
    void take_chunk(const Chunk& chunk) {
        const ChunkHeader& header = chunk.header;
        if (chunk.segment + 1 != condition_.segments) {
            close(false);
            condition_.segments = chunk.segment + 1;
            is_open_ = true;
        }
        count_starts(header);
        if (!is_bookkeeping(header.kind)) condition_.chunks += 1;
        if (header.kind == ChunkKind::frames) condition_.frames += header.frames.count;
        copy(header);
        if (header.kind != ChunkKind::end) return;
        is_open_ = false;
        close((header.flags & ChunkHeader::kCut) != 0);
    }

    void copy(const ChunkHeader& header) {
        if (sink_ == nullptr) return;
        if (!writer_ && !is_bookkeeping(header.kind)) writer_.emplace(*sink_, header.segment);
        if (writer_) writer_->copy(header, reader_.stored());
    }

    void count_starts(const ChunkHeader& header) {
        if (meta_ && header.kind == ChunkKind::key) condition_.starts += 1;
        if (begin_ && header.kind != ChunkKind::key) condition_.starts += 1;
        begin_.reset();
        meta_.reset();
        if (header.kind != ChunkKind::meta) return;
        meta_ = header;
        if (header.sequence == 0) begin_ = header;
    }

    void close(bool is_cut) {
        if (is_open_) condition_.unclosed += 1;
        is_open_ = false;
        if (writer_) writer_->close(is_cut);
        writer_.reset();
    }

    Condition finish() {
        if (begin_) condition_.starts += 1;
        const Tail& tail = reader_.tail();
        if (tail.state != Tail::State::closed && report_.tail) report_.tail(tail);
        close(false);
        const bool is_clean =
            condition_.holes == 0 && condition_.unclosed == 0 && tail.state == Tail::State::closed;
        condition_.what = condition_.starts == 0 ? Condition::Class::unusable
                          : is_clean             ? Condition::Class::clean
                                                 : Condition::Class::lossy;
        return condition_;
    }

    ChunkReader reader_;
    Sink* sink_;
    const LossReport& report_;
    Condition condition_;
    std::optional<ChunkWriter> writer_;
    std::optional<ChunkHeader> meta_;   ///< the chunk before, if it is one
    std::optional<ChunkHeader> begin_;  ///< the same, if it begins a segment
    bool is_open_ = false;
};

}  // namespace

Condition examine(ByteSource& source, const LossReport& report) {
    return Examination(source, nullptr, report).run();
}

Condition repair(ByteSource& source, Sink& sink, const LossReport& report) {
    return Examination(source, &sink, report).run();
}

}  // namespace canon::replay
