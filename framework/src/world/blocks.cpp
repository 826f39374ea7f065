#include <sys/mman.h>

#include <algorithm>
#include <mutex>
#include <new>

#include "canon/detail/world_blocks.hpp"
#include "core/sanitizers.hpp"

namespace canon::detail {
namespace {

// Of whole blocks. Doubling, so that a page which grows is copied seldom; a leaf or node is what
// happens to fit.
constexpr std::array<std::size_t, 9> kClassBytes{32, 64, 96, 160, 288, 544, 1056, 2080, 4128};
constexpr std::uint8_t kOwnMemory = 255;  // too large for the lists
// Of a large page of most processors: what is spread over a large world is found without a walk of
// the page tables where the system gives one.
constexpr std::size_t kSlabBytes = std::size_t{1} << 21;
constexpr std::size_t kRefillBytes = 32 * 1024;
constexpr std::size_t kMostKeptBytes = 8 * 1024 * 1024;  // of one class, in one cache

}  // namespace

// The store of the process: never destroyed, since blocks may outlive whatever made them.
struct BlockStore {
    std::mutex mutex;
    std::array<BlockCache::List, BlockCache::kClasses> free;
    std::byte* slab = nullptr;
    std::size_t slab_left = 0;
    std::size_t carved = 0;

    static BlockStore& of_process() {
        static auto* store = new BlockStore;
        return *store;
    }

    // Memory for one block that has never been used.
    void* carve(std::size_t bytes_wanted) {
        if (slab_left < bytes_wanted) {
            slab =
                static_cast<std::byte*>(::operator new (kSlabBytes, std::align_val_t{kSlabBytes}));
#ifdef MADV_HUGEPAGE
            madvise(slab, kSlabBytes, MADV_HUGEPAGE);
#endif
            slab_left = kSlabBytes;
        }
        void* memory = slab;
        slab += bytes_wanted;
        slab_left -= bytes_wanted;
        carved += bytes_wanted;
        return memory;
    }
};

std::uint8_t BlockCache::class_of(std::size_t bytes) noexcept {
    const std::size_t whole = bytes + sizeof(Block);
    for (std::uint8_t at = 0; at < kClassBytes.size(); ++at)
        if (whole <= kClassBytes[at]) return at;
    return kOwnMemory;
}

std::size_t BlockCache::capacity(std::uint8_t size_class) noexcept {
    return size_class == kOwnMemory ? 0 : kClassBytes[size_class] - sizeof(Block);
}

std::size_t BlockCache::process_bytes() noexcept {
    BlockStore& store = BlockStore::of_process();
    const std::lock_guard lock(store.mutex);
    std::size_t bytes = store.carved;
    for (std::size_t at = 0; at < kClasses; ++at) bytes -= store.free[at].count * kClassBytes[at];
    return bytes;
}

BlockCache::~BlockCache() {
    collect();
    BlockStore& store = BlockStore::of_process();
    const std::lock_guard lock(store.mutex);
    for (std::size_t at = 0; at < kClasses; ++at) {
        List& list = free_[at];
        if (list.first == nullptr) continue;
        Free* last = list.first;
        while (last->next != nullptr) last = last->next;
        last->next = store.free[at].first;
        store.free[at].first = list.first;
        store.free[at].count += list.count;
    }
}

void BlockCache::refill(std::uint8_t size_class) {
    BlockStore& store = BlockStore::of_process();
    const std::lock_guard lock(store.mutex);
    List& from = store.free[size_class];
    List& to = free_[size_class];
    const std::size_t wanted = std::max<std::size_t>(kRefillBytes / kClassBytes[size_class], 1);
    while (to.count < wanted) {
        Free* memory;
        if (from.first != nullptr) {
            memory = from.first;
            from.first = memory->next;
            --from.count;
        } else {
            memory = static_cast<Free*>(store.carve(kClassBytes[size_class]));
        }
        memory->next = to.first;
        to.first = memory;
        ++to.count;
    }
}

void* BlockCache::take(std::size_t bytes, std::uint8_t& size_class) {
    size_class = class_of(bytes - std::min(bytes, sizeof(Block)));
    // Address sanitizer sees each block's bounds and end only if each is an allocation of its own.
    if (size_class == kOwnMemory || kAddressSanitizer)
        return ::operator new(size_class == kOwnMemory ? bytes : kClassBytes[size_class]);
    List& list = free_[size_class];
    if (list.first == nullptr) refill(size_class);
    Free* memory = list.first;
    list.first = memory->next;
    --list.count;
    return memory;
}

void BlockCache::give(void* memory, std::uint8_t size_class) noexcept {
    if (size_class == kOwnMemory || kAddressSanitizer) {
        ::operator delete(memory);
        return;
    }
    List& list = free_[size_class];
    list.first = new (memory) Free{list.first};
    ++list.count;
    const std::size_t most = kMostKeptBytes / kClassBytes[size_class];
    if (list.count <= most) return;
    BlockStore& store = BlockStore::of_process();
    const std::lock_guard lock(store.mutex);
    for (; list.count > most / 2; --list.count) {
        Free* moved = list.first;
        list.first = moved->next;
        moved->next = store.free[size_class].first;
        store.free[size_class].first = moved;
        ++store.free[size_class].count;
    }
}

Block* BlockCache::make(Block::Kind kind, std::size_t cell_bytes) {
    // Twice, so that there is less left after each block that is made.
    if (garbage_ != nullptr) collect_one();
    if (garbage_ != nullptr) collect_one();
    std::uint8_t size_class;
    void* memory = take(sizeof(Block) + cell_bytes, size_class);
    return new (memory) Block(kind, size_class);
}

void BlockCache::drop(Block* block) noexcept {
    if (block->is_shared() && block->references.fetch_sub(1, std::memory_order_acq_rel) != 1)
        return;
    block->hash.store(reinterpret_cast<std::uintptr_t>(garbage_), std::memory_order_relaxed);
    garbage_ = block;
}

void BlockCache::collect_one() noexcept {
    Block* block = garbage_;
    garbage_ = reinterpret_cast<Block*>(
        static_cast<std::uintptr_t>(block->hash.load(std::memory_order_relaxed)));
    std::size_t count = 0;
    switch (block->kind) {
        case Block::Kind::page:
            break;
        case Block::Kind::references:
            count = block->rows;
            break;
        case Block::Kind::leaf:
            count = block->children;
            break;
        case Block::Kind::node:
            count = kFanOut;
            break;
    }
    for (std::size_t at = 0; at < count; ++at)
        if (Block* child = block->blocks()[at]; child != nullptr) drop(child);
    const std::uint8_t size_class = block->size_class;
    block->~Block();
    give(block, size_class);
}

void BlockCache::collect() noexcept {
    while (garbage_ != nullptr) collect_one();
}

}  // namespace canon::detail
