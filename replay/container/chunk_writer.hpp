// ChunkWriter: writes one segment of a recording to a sink, from its first chunk to its END, with
// index pages in between.
//
// It only appends, one `write` of the sink for each chunk, so pipes and sockets will do, and what
// was written stays readable whatever happens later.
#pragma once
#include <cstdint>
#include <span>
#include <string>

#include "container/chunk.hpp"
#include "container/chunk_sealer.hpp"
#include "container/index.hpp"
#include "container/sink.hpp"

namespace canon::replay {

struct WriterOptions {
    int compression_level = 3;            ///< of Zstandard; 0 stores all as it is
    std::uint32_t chunks_per_page = 512;  ///< of the index; 1 to 32768
};

class ChunkWriter {
  public:
    /// Borrows: `sink`, which stands where the segment shall begin. For `segment` see
    /// new_segment_identity.
    ChunkWriter(Sink& sink, std::uint64_t segment, WriterOptions options = {});

    /// Seals and writes a chunk; for what fits where see ChunkSealer::seal. INDEX and END come by
    /// themselves.
    /// Fails: throws canon::Error. Where the sink failed nothing more is written, and every further
    /// call throws: there may be a part of a chunk behind the last whole one.
    void write(ChunkKind kind, FrameSpan frames, std::span<const std::uint8_t> payload);
    /// Writes a chunk of this segment as it was sealed elsewhere: in a ring, in another file. The
    /// chunk keeps its number and its chain, so chunks that were left out stay seen. Of INDEX and
    /// END nothing is written, but what they tell of chunks before them is kept.
    /// Fails: as `write`.
    void copy(const ChunkHeader& header, std::span<const std::uint8_t> stored);
    /// Writes INDEX and END. `is_cut`: the recording went on, and that part is left out.
    /// Call: at most once, behind at least one chunk; nothing may follow.
    /// Fails: as `write`.
    void close(bool is_cut = false);

    /// Since the segment began.
    std::uint64_t bytes_written() const noexcept { return offset_; }
    Frame position() const noexcept { return sealer_.position(); }

  private:
    void require_open() const;
    void send(const ChunkHeader& header);
    void write_page();

    Sink& sink_;
    ChunkSealer sealer_;
    IndexBuilder index_;
    EndRecord end_;
    Bytes chunk_;
    Bytes payload_;
    std::uint64_t offset_ = 0;
    std::string failure_;
    bool is_closed_ = false;
};

}  // namespace canon::replay
