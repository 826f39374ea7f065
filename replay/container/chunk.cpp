#include "container/chunk.hpp"

#include <algorithm>
#include <limits>

#include "canon/hash.hpp"

namespace canon::replay {
namespace {

constexpr std::size_t kChainedBytes = 56;  // of a header: all before the chain
constexpr std::size_t kHashedBytes = 64;   // of a header: all before its own hash

void put(Bytes& out, auto number) { out.append(&number, sizeof number); }

void write_chained(Bytes& out, const ChunkHeader& header) {
    out.append(kMarker);
    put(out, header.version);
    put(out, header.kind);
    put(out, header.packing);
    put(out, header.mask);
    put(out, header.flags);
    put(out, header.segment);
    put(out, header.sequence);
    put(out, header.frames.count);
    put(out, header.frames.first.value);
    put(out, header.stored_bytes);
    put(out, header.raw_bytes);
    put(out, header.payload_hash);
}

bool is_sound(const ChunkHeader& header) noexcept {
    const bool is_packed = header.packing == ChunkHeader::Packing::zstd;
    return header.kind != ChunkKind{} && header.packing <= ChunkHeader::Packing::zstd &&
           header.raw_bytes <= kMaxPayloadBytes &&
           (is_packed ? header.stored_bytes < header.raw_bytes
                      : header.stored_bytes == header.raw_bytes) &&
           (header.kind != ChunkKind::frames || header.frames.count <= kMaxFramesPerChunk) &&
           header.frames.first.value <=
               std::numeric_limits<std::uint64_t>::max() - header.frames.count &&
           (is_bookkeeping(header.kind) || header.sequence <= kMaxSequence) &&
           (header.sequence != 0 || header.kind == ChunkKind::meta);
}

}  // namespace

std::string kind_name(ChunkKind kind) {
    static constexpr const char* kNames[] = {"META", "KEY", "FRAMES", "NOTE", "INDEX", "END"};
    const auto number = static_cast<std::uint16_t>(kind);
    if (number >= 1 && number <= std::size(kNames)) return kNames[number - 1];
    return "kind " + std::to_string(number);
}

bool may_be_skipped(ChunkKind kind) noexcept { return static_cast<std::uint16_t>(kind) < 128; }

std::uint64_t chain_of(const ChunkHeader& header, std::uint64_t previous) {
    Bytes bytes;
    write_chained(bytes, header);
    return hash_bytes(bytes.view(), previous);
}

void write_header(Bytes& out, const ChunkHeader& header) {
    const std::size_t begin = out.size();
    write_chained(out, header);
    put(out, header.chain);
    put(out, hash_bytes(out.view(begin, begin + kHashedBytes)));
}

std::optional<ChunkHeader> read_header(std::span<const std::uint8_t> bytes) noexcept {
    if (bytes.size() < kHeaderBytes || !std::equal(kMarker.begin(), kMarker.end(), bytes.begin()))
        return std::nullopt;
    ByteReader in(bytes.first(kHeaderBytes));
    ChunkHeader header;
    const auto get = [&in](auto& number) { in.raw(&number, sizeof number); };
    in.skip(kMarker.size());
    get(header.version);
    get(header.kind);
    get(header.packing);
    get(header.mask);
    get(header.flags);
    get(header.segment);
    get(header.sequence);
    get(header.frames.count);
    get(header.frames.first.value);
    get(header.stored_bytes);
    get(header.raw_bytes);
    get(header.payload_hash);
    get(header.chain);
    std::uint64_t hash = 0;
    get(hash);
    static_assert(kChainedBytes + 16 == kHeaderBytes);
    if (hash != hash_bytes(bytes.first(kHashedBytes)) || header.version == 0) return std::nullopt;
    if (header.version == kFormatVersion && !is_sound(header)) return std::nullopt;
    return header;
}

}  // namespace canon::replay
