// Blocks: what the world is stored in: pages of cells, the leaves that hold a page for each field,
// and the nodes above them.
//
// Blocks are shared, by reference count, between the live world and its snapshots, and within them.
// One is written to only while a single reference to it is left and that one is reached from the
// live world by single references alone; else the writer copies it. So what a snapshot reaches
// never changes, and any thread may read it.
#pragma once
#include "canon/detail/platform.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace canon::detail {

struct Block {
    enum class Kind : std::uint8_t {
        page,        ///< cells that refer to nothing
        references,  ///< cells that are references to blocks, `rows` of them
        leaf,        ///< `children` pages: ids, then one for each field
        node,        ///< kFanOut blocks, some of them null
    };

    Block(Kind kind, std::uint8_t size_class) noexcept : kind(kind), size_class(size_class) {}

    std::byte* data() noexcept { return reinterpret_cast<std::byte*>(this + 1); }
    const std::byte* data() const noexcept { return reinterpret_cast<const std::byte*>(this + 1); }
    template <class T>
    T* cells() noexcept {
        return reinterpret_cast<T*>(data());
    }
    template <class T>
    const T* cells() const noexcept {
        return reinterpret_cast<const T*>(data());
    }
    Block** blocks() noexcept { return cells<Block*>(); }
    Block* const* blocks() const noexcept { return cells<Block*>(); }
    bool is_shared() const noexcept { return references.load(std::memory_order_acquire) != 1; }

    std::atomic<std::uint32_t> references{1};
    Kind kind;
    std::uint8_t size_class;
    /// Of the content; 0 where it is not known. Threads that read a shared block may all find it
    /// out: they store the same.
    mutable std::atomic<std::uint64_t> hash{0};
    std::uint64_t rows = 0;  ///< leaf, node: entities below; references: cells in use
    std::uint32_t children = 0;
    std::uint32_t marked = 0;  ///< the last sweep of texts that came by
};
static_assert(sizeof(Block) == 32);

inline constexpr int kFanOutBits = 6;
inline constexpr std::size_t kFanOut = std::size_t{1} << kFanOutBits;
/// Of the cells in a page.
inline constexpr std::size_t kPageBytes = 4096;

/// Gives memory for blocks and takes it back. What is free is kept in lists by size; those of all
/// caches are filled from one store of the process, which is the only thing that locks.
/// Call: one thread at a time.
class BlockCache {
  public:
    BlockCache() = default;
    ~BlockCache();
    BlockCache(const BlockCache&) = delete;
    BlockCache& operator=(const BlockCache&) = delete;

    /// With one reference; the cells, of at least so many bytes, are not set.
    Block* make(Block::Kind kind, std::size_t cell_bytes);
    static Block* share(Block* block) noexcept {
        block->references.fetch_add(1, std::memory_order_relaxed);
        return block;
    }
    /// Gives up one reference. What nobody refers to any more is taken apart little by little, when
    /// blocks are made, so that dropping a world costs nothing at once.
    void drop(Block* block) noexcept;
    /// Takes apart what is left of that.
    void collect() noexcept;

    /// Bytes of cells that fit a block of this class.
    static std::size_t capacity(std::uint8_t size_class) noexcept;
    /// Plain memory; `size_class` is for `give`.
    void* take(std::size_t bytes, std::uint8_t& size_class);
    void give(void* memory, std::uint8_t size_class) noexcept;
    /// The class that holds a block with so many bytes of cells.
    static std::uint8_t class_of(std::size_t bytes) noexcept;

    /// Bytes that all caches of the process have now, in blocks and free.
    static std::size_t process_bytes() noexcept;

  private:
    friend struct BlockStore;
    static constexpr std::size_t kClasses = 9;
    struct Free {
        Free* next;
    };
    struct List {
        Free* first = nullptr;
        std::size_t count = 0;
    };

    void collect_one() noexcept;
    void refill(std::uint8_t size_class);

    std::array<List, kClasses> free_;
    Block* garbage_ = nullptr;  // linked by their hashes
};

/// A string, or the canonical bytes of a value: stored once for all cells that hold it.
struct Text {
    std::uint64_t hash;
    std::uint32_t size;
    std::uint32_t marked;  ///< as in Block
    std::uint8_t size_class;

    std::string_view view() const noexcept {
        return {reinterpret_cast<const char*>(this) + kHeaderBytes, size};
    }
    static constexpr std::size_t kHeaderBytes = 17;
};

}  // namespace canon::detail
