#include "container/chunk_writer.hpp"

namespace canon::replay {

ChunkWriter::ChunkWriter(Sink& sink, std::uint64_t segment, WriterOptions options)
    : sink_(sink), sealer_(segment, options.compression_level), index_(options.chunks_per_page) {
    CANON_ASSERT(options.chunks_per_page >= 1 && options.chunks_per_page <= kMaxIndexEntries / 2,
                 "an index page tells of 1 to 32768 chunks");
}

void ChunkWriter::send(const ChunkHeader& header) {
    if (!failure_.empty())
        throw Error("nothing more is written to this recording, since it failed: " + failure_);
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
    CANON_ASSERT(!is_closed_ && !is_bookkeeping(kind),
                 "INDEX and END are written by the writer itself, and nothing behind END");
    chunk_.clear();
    send(sealer_.seal(kind, frames, payload, chunk_));
    if (index_.is_due(sealer_.position())) write_page();
}

void ChunkWriter::copy(const ChunkHeader& header, std::span<const std::uint8_t> stored) {
    CANON_ASSERT(!is_closed_ && !is_bookkeeping(header.kind),
                 "INDEX and END are written by the writer itself, and nothing behind END");
    CANON_ASSERT(sealer_.is_empty() || header.position() >= sealer_.position(),
                 "chunks are copied in their order");
    chunk_.clear();
    write_header(chunk_, header);
    chunk_.append(stored);
    // A page before chunks that are left out: it covers a run of frames without a gap.
    const bool is_behind_gap = !index_.empty() && header.position() != sealer_.position();
    if (is_behind_gap) {
        Bytes kept;
        kept.swap(chunk_);
        write_page();
        chunk_.swap(kept);
    }
    sealer_.follow(header);
    send(header);
    if (index_.is_due(sealer_.position())) write_page();
}

void ChunkWriter::close(bool is_cut) {
    CANON_ASSERT(!is_closed_ && !sealer_.is_empty(), "a segment is closed once, behind a chunk");
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
