// Packing: payloads as they are stored: compressed where that makes them smaller, then masked so
// that the marker does not occur in them.
#pragma once
#include <memory>
#include <span>
#include <vector>

#include "container/chunk.hpp"

struct ZSTD_CCtx_s;
struct ZSTD_DCtx_s;

namespace canon::replay {

class Packer {
  public:
    /// `level`: of Zstandard; 0 stores all as it is.
    explicit Packer(int level);
    ~Packer();

    /// Appends what is to be stored of `payload` to `out` and sets packing, mask, sizes and hash of
    /// `header`. Fails: throws canon::Error beyond kMaxPayloadBytes, leaving `out` as it was.
    void pack(std::span<const std::uint8_t> payload, ChunkHeader& header, Bytes& out);

  private:
    struct Free {
        void operator()(ZSTD_CCtx_s* context) const noexcept;
    };
    int level_;
    std::unique_ptr<ZSTD_CCtx_s, Free> context_;
    std::vector<std::uint8_t> packed_;
};

class Unpacker {
  public:
    Unpacker();
    ~Unpacker();

    /// The payload of `header`, which is valid until the next call. Borrows: `stored`, whose hash
    /// is that of the header.
    /// Fails: throws canon::Error where the stored bytes are no compression of `raw_bytes` bytes,
    /// which damage cannot bring about.
    std::span<const std::uint8_t> unpack(const ChunkHeader& header,
                                         std::span<const std::uint8_t> stored);

  private:
    struct Free {
        void operator()(ZSTD_DCtx_s* context) const noexcept;
    };
    std::unique_ptr<ZSTD_DCtx_s, Free> context_;
    std::vector<std::uint8_t> unmasked_;
    std::vector<std::uint8_t> raw_;
};

}  // namespace canon::replay
