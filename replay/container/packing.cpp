#include "container/packing.hpp"

#include <zstd.h>

#include <algorithm>
#include <cstring>
#include <new>

#include "canon/hash.hpp"

namespace canon::replay {
namespace {

using Packing = ChunkHeader::Packing;

// Below that a frame of Zstandard is never smaller, and asking costs more than it brings.
constexpr std::size_t kLeastPacked = 24;

bool holds_marker(std::span<const std::uint8_t> bytes, std::uint8_t mask) noexcept {
    if (bytes.size() < kMarker.size()) return false;
    auto marker = kMarker;
    for (std::uint8_t& byte : marker) byte ^= mask;
    return memmem(bytes.data(), bytes.size(), marker.data(), marker.size()) != nullptr;
}

std::uint8_t mask_for(std::span<const std::uint8_t> bytes) {
    for (int mask = 0; mask < 256; ++mask)
        if (!holds_marker(bytes, static_cast<std::uint8_t>(mask)))
            return static_cast<std::uint8_t>(mask);
    throw Error(
        "a payload for a recording holds the marker of recordings under each of the 256 masks, "
        "which only a payload made for it does; leave it out");
}

}  // namespace

void Packer::Free::operator()(ZSTD_CCtx_s* context) const noexcept { ZSTD_freeCCtx(context); }
void Unpacker::Free::operator()(ZSTD_DCtx_s* context) const noexcept { ZSTD_freeDCtx(context); }

Packer::Packer(int level) : level_(level), context_(ZSTD_createCCtx()) {
    if (context_ == nullptr) throw std::bad_alloc();
}
Packer::~Packer() = default;

void Packer::pack(std::span<const std::uint8_t> payload, ChunkHeader& header, Bytes& out) {
    if (payload.size() > kMaxPayloadBytes)
        throw Error("a payload of a recording's " + kind_name(header.kind) + " chunk has " +
                    std::to_string(payload.size()) + " bytes, at most " +
                    std::to_string(kMaxPayloadBytes) + " are allowed; split it");
    std::span<const std::uint8_t> stored = payload;
    header.packing = Packing::none;
    if (level_ != 0 && payload.size() >= kLeastPacked) {
        packed_.resize(payload.size() - 1);  // no room for what would not be smaller
        const std::size_t size = ZSTD_compressCCtx(context_.get(), packed_.data(), packed_.size(),
                                                   payload.data(), payload.size(), level_);
        if (!ZSTD_isError(size)) {
            stored = {packed_.data(), size};
            header.packing = Packing::zstd;
        }
    }
    header.mask = mask_for(stored);
    header.stored_bytes = static_cast<std::uint32_t>(stored.size());
    header.raw_bytes = static_cast<std::uint32_t>(payload.size());
    const std::size_t begin = out.size();
    out.append(stored);
    if (header.mask != 0)
        std::for_each(out.data() + begin, out.data() + out.size(),
                      [&](std::uint8_t& byte) { byte ^= header.mask; });
    header.payload_hash = hash_bytes(out.view(begin, out.size()));
}

Unpacker::Unpacker() : context_(ZSTD_createDCtx()) {
    if (context_ == nullptr) throw std::bad_alloc();
}
Unpacker::~Unpacker() = default;

std::span<const std::uint8_t> Unpacker::unpack(const ChunkHeader& header,
                                               std::span<const std::uint8_t> stored) {
    if (header.mask != 0) {
        unmasked_.assign(stored.begin(), stored.end());
        for (std::uint8_t& byte : unmasked_) byte ^= header.mask;
        stored = unmasked_;
    }
    if (header.packing == Packing::none) return stored;
    raw_.resize(header.raw_bytes);
    const std::size_t size =
        ZSTD_decompressDCtx(context_.get(), raw_.data(), raw_.size(), stored.data(), stored.size());
    if (ZSTD_isError(size) || size != header.raw_bytes)
        throw Error(
            "a " + kind_name(header.kind) + " chunk of a recording does not unpack to " +
            std::to_string(header.raw_bytes) + " bytes: " +
            (ZSTD_isError(size) ? ZSTD_getErrorName(size) : "it has " + std::to_string(size)) +
            "; its hash is right, so whatever wrote it was wrong");
    return raw_;
}

}  // namespace canon::replay
