#include "replay/recordings.hpp"

#include <algorithm>
#include <stdexcept>

namespace canon::test {

using namespace replay;

std::ostream& operator<<(std::ostream& out, const Sealed& chunk) {
    return out << kind_name(chunk.kind) << " " << chunk.sequence << " at frame "
               << chunk.frames.first.value << " of " << chunk.frames.count;
}

std::vector<Sealed> sealed_by(const Script& script) {
    std::vector<Sealed> chunks;
    Frame at{script.first_frame};
    const auto add = [&](ChunkKind kind, FrameSpan frames) {
        const auto sequence = static_cast<std::uint32_t>(chunks.size());
        Content payload(script.payload_bytes);
        for (std::size_t i = 0; i < payload.size(); ++i)
            payload[i] = static_cast<std::uint8_t>(i / 4 * 37 + sequence * 11);
        chunks.push_back({kind, sequence, frames, payload});
    };
    for (int i = 0; i < script.keyframes; ++i) {
        add(ChunkKind::meta, {at, 0});
        add(ChunkKind::key, {at, 0});
        for (int k = 0; k < script.chunks; ++k) {
            add(ChunkKind::frames, {at, script.frames});
            at.value += script.frames;
        }
        add(ChunkKind::note, {{at.value - script.frames}, script.frames});
    }
    return chunks;
}

Content record(const Script& script) {
    MemorySink sink;
    ChunkWriter writer(sink, script.segment, {script.compression_level, script.chunks_per_page});
    for (const Sealed& chunk : sealed_by(script))
        writer.write(chunk.kind, chunk.frames, chunk.payload);
    if (script.is_closed) writer.close();
    return content_of(sink.view());
}

Content operator+(const Content& a, const Content& b) {
    Content both = a;
    both.insert(both.end(), b.begin(), b.end());
    return both;
}

Content content_of(std::span<const std::uint8_t> bytes) { return {bytes.begin(), bytes.end()}; }

Reading read_all(ChunkReader& reader) {
    Reading reading;
    for (;;) {
        switch (reader.next()) {
            case Found::chunk: {
                const Chunk& chunk = reader.chunk();
                const Content payload = content_of(reader.payload());
                if (is_bookkeeping(chunk.header.kind)) break;
                reading.chunks.push_back(
                    {chunk.header.kind, chunk.header.sequence, chunk.header.frames, payload});
                reading.segments.push_back(chunk.segment);
                break;
            }
            case Found::hole:
                reading.holes.push_back(reader.hole());
                reading.before_hole.push_back(reading.chunks.size());
                break;
            case Found::end:
                reading.tail = reader.tail();
                return reading;
        }
    }
}

Reading read_all(std::span<const std::uint8_t> bytes) {
    MemorySource source(bytes);
    ChunkReader reader(source);
    return read_all(reader);
}

std::vector<std::uint64_t> boundaries(std::span<const std::uint8_t> bytes) {
    MemorySource source(bytes);
    ChunkReader reader(source);
    std::vector<std::uint64_t> offsets;
    while (reader.next() == Found::chunk) offsets.push_back(reader.chunk().offset);
    offsets.push_back(bytes.size());
    return offsets;
}

Chunk find_chunk(std::span<const std::uint8_t> bytes, ChunkKind kind, std::uint32_t sequence) {
    MemorySource source(bytes);
    ChunkReader reader(source);
    while (reader.next() == Found::chunk)
        if (reader.chunk().header.kind == kind && reader.chunk().header.sequence == sequence)
            return reader.chunk();
    throw std::logic_error("no such chunk");
}

bool is_part_of(const std::vector<Sealed>& part, const std::vector<Sealed>& whole) {
    auto at = whole.begin();
    for (const Sealed& chunk : part) {
        at = std::find(at, whole.end(), chunk);
        if (at == whole.end()) return false;
        ++at;
    }
    return true;
}

std::int64_t number(const std::optional<Frame>& frame) {
    return frame ? static_cast<std::int64_t>(frame->value) : -1;
}

}  // namespace canon::test
