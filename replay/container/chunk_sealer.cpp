#include "container/chunk_sealer.hpp"

#include <random>

namespace canon::replay {

std::uint64_t new_segment_identity() {
    std::random_device device;
    return std::uint64_t{device()} << 32 | device();
}

ChunkSealer::ChunkSealer(std::uint64_t segment, int compression_level)
    : segment_(segment), packer_(compression_level) {}

bool ChunkSealer::fits(ChunkKind kind, FrameSpan frames) const noexcept {
    if (!position_) return kind == ChunkKind::meta && frames.count == 0;
    if (kind == ChunkKind::frames)
        return frames.first == *position_ && frames.count <= kMaxFramesPerChunk;
    return frames.end() == *position_;
}

ChunkHeader ChunkSealer::seal(ChunkKind kind, FrameSpan frames,
                              std::span<const std::uint8_t> payload, Bytes& out,
                              std::uint16_t flags) {
    CANON_ASSERT(kind != ChunkKind{}, "0 is no kind of chunk");
    CANON_ASSERT(fits(kind, frames),
                 "the first chunk of a segment is a META; FRAMES begin, and all others end, where "
                 "the FRAMES before ended");
    if (sequence_ > kMaxSequence && !is_bookkeeping(kind))
        throw Error("a segment of a recording has " + std::to_string(sequence_) +
                    " chunks, and no more are possible; seal fewer and larger ones, or go on in a "
                    "new recording");
    ChunkHeader header;
    header.kind = kind;
    header.flags = flags;
    header.segment = segment_;
    header.sequence = static_cast<std::uint32_t>(sequence_);
    header.frames = frames;
    packed_.clear();
    (kind == ChunkKind::end ? plain_ : packer_).pack(payload, header, packed_);
    header.chain = is_bookkeeping(kind) ? chain_ : chain_of(header, chain_);
    write_header(out, header);
    out.append(packed_.view());
    follow(header);
    return header;
}

void ChunkSealer::follow(const ChunkHeader& header) {
    CANON_ASSERT(header.segment == segment_, "a chunk of another segment");
    position_ = header.frames.end();
    sequence_ = std::uint64_t{header.sequence} + (is_bookkeeping(header.kind) ? 0u : 1u);
    chain_ = header.chain;
}

}  // namespace canon::replay
