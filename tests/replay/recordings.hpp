// Recordings: small files of chunks for the tests of the container, and what a reader says of them.
#pragma once
#include <cstdint>
#include <optional>
#include <ostream>
#include <span>
#include <string>
#include <vector>

#include "container/chunk_reader.hpp"
#include "container/chunk_writer.hpp"
#include "container/repair.hpp"

namespace canon::test {

using Content = std::vector<std::uint8_t>;

/// What a chunk is, wherever it lies.
struct Sealed {
    replay::ChunkKind kind{};
    std::uint32_t sequence = 0;
    replay::FrameSpan frames;
    Content payload;
    friend bool operator==(const Sealed&, const Sealed&) = default;
    friend std::ostream& operator<<(std::ostream& out, const Sealed& chunk);
};

struct Script {
    std::uint64_t segment = 0x5EED;
    std::uint64_t first_frame = 1;
    int keyframes = 3;  ///< each a META and a KEY, then `chunks` FRAMES and a NOTE
    int chunks = 2;     ///< of `frames` frames each
    std::uint32_t frames = 10;
    int compression_level = 0;
    std::uint32_t chunks_per_page = 4;
    std::uint32_t payload_bytes = 40;
    bool is_closed = true;
};

Content record(const Script& script);
/// What `record` sealed, without INDEX and END.
std::vector<Sealed> sealed_by(const Script& script);
Content operator+(const Content& a, const Content& b);
Content content_of(std::span<const std::uint8_t> bytes);

/// All that a reader gives from where it stands to the end.
struct Reading {
    std::vector<Sealed> chunks;           ///< without INDEX and END
    std::vector<std::uint32_t> segments;  ///< of those
    std::vector<replay::Hole> holes;
    std::vector<std::size_t> before_hole;  ///< how many chunks came before each
    replay::Tail tail;
};
Reading read_all(replay::ChunkReader& reader);
Reading read_all(std::span<const std::uint8_t> bytes);

/// Offsets of all chunks in an undamaged file, and its size.
std::vector<std::uint64_t> boundaries(std::span<const std::uint8_t> bytes);
/// Of the chunk with that kind and number, in an undamaged file of one segment.
replay::Chunk find_chunk(std::span<const std::uint8_t> bytes, replay::ChunkKind kind,
                         std::uint32_t sequence);
/// Whether `part` is `whole` without some of its chunks.
bool is_part_of(const std::vector<Sealed>& part, const std::vector<Sealed>& whole);
/// The number, or -1 where it is unknown.
std::int64_t number(const std::optional<Frame>& frame);

}  // namespace canon::test
