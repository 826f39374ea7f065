#include "container/chunk_writer.hpp"

namespace canon::replay {

ChunkWriter::ChunkWriter(Sink& sink, std::uint64_t segment, WriterOptions options)
    : sink_(sink), sealer_(segment, options.compression_level), index_(options.chunks_per_page) {
    CANON_ASSERT(options.chunks_per_page >= 1 && options.chunks_per_page <= kMaxIndexEntries / 2,
                 "an index page tells of 1 to 32768 chunks");
}

void ChunkWriter::require_open() const {
    if (!failure_.empty())
        throw Error("nothing more is written to this recording, since it failed: " + failure_);
    CANON_ASSERT(!is_closed_, "nothing is written behind END");
}

void ChunkWriter::send(const ChunkHeader& header) {
    try {
        sink_.write(chunk_.view());
    } catch (const std::exception& error) {
        failure_ = error.what();
        throw;
    }
    if (!is_bookkeeping(header.kind)) {
        if (index_.empty() && offset_ == 0) end_ = {0, 0, header.position(), header.sequence};
        index_.add(header, offset_);
    }
    offset_ += chunk_.size();
}

void ChunkWriter::write_page() {
    payload_.clear();
    chunk_.clear();
    const FrameSpan covered = index_.write(payload_, offset_, sealer_.position());
    send(sealer_.seal(ChunkKind::index, covered, payload_.view(), chunk_));
}

void ChunkWriter::write(ChunkKind kind, FrameSpan frames, std::span<const std::uint8_t> payload) {
    require_open();
    CANON_ASSERT(!is_bookkeeping(kind), "INDEX and END are written by the writer itself");
    chunk_.clear();
    send(sealer_.seal(kind, frames, payload, chunk_));
    if (index_.is_due(sealer_.position())) write_page();
}

void ChunkWriter::copy(const ChunkHeader& header, std::span<const std::uint8_t> stored) {
    require_open();
    CANON_ASSERT(sealer_.is_empty() || header.position() >= sealer_.position(),
                 "chunks are copied in their order");
    // A page covers a run of frames without a gap.
    if (!index_.empty() && header.position() != sealer_.position()) write_page();
    sealer_.follow(header);
    if (is_bookkeeping(header.kind)) return;
    chunk_.clear();
    write_header(chunk_, header);
    chunk_.append(stored);
    send(header);
    if (index_.is_due(sealer_.position())) write_page();
}

void ChunkWriter::close(bool is_cut) {
    require_open();
    CANON_ASSERT(offset_ != 0, "a segment is closed behind its first chunk");
    if (!index_.empty()) write_page();
    is_closed_ = true;
    end_.last_page = index_.last_page();
    payload_.clear();
    chunk_.clear();
    write_end(payload_, end_, offset_);
    send(sealer_.seal(ChunkKind::end, {sealer_.position(), 0}, payload_.view(), chunk_,
                      is_cut ? ChunkHeader::kCut : std::uint16_t{0}));
}

}  // namespace canon::replay
