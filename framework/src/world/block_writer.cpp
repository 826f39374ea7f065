#include "world/block_writer.hpp"

#include <cstring>
#include <utility>

namespace canon::detail {
namespace {

// A copy of the references [begin, end) in `from`, each counted.
void copy_references(Block* to, const Block* from, std::size_t begin, std::size_t end) noexcept {
    // Each count lies in another page, and the processor waits for one after the other.
    for (std::size_t at = begin; at < end; ++at) __builtin_prefetch(from->blocks()[at], 1);
    for (std::size_t at = begin; at < end; ++at) {
        Block* child = from->blocks()[at];
        to->blocks()[at] = child == nullptr ? nullptr : BlockCache::share(child);
    }
}

Block* copy_of_leaf(const Block* leaf, BlockCache& cache) {
    Block* copy = cache.make(Block::Kind::leaf, leaf->children * sizeof(Block*));
    copy->rows = leaf->rows;
    copy->children = leaf->children;
    return copy;
}

Block* copy_of_page(const Block* page, std::size_t used_bytes, std::size_t needed_bytes,
                    BlockCache& cache) {
    Block* copy = cache.make(page->kind, needed_bytes);
    copy->rows = page->rows;
    if (page->kind == Block::Kind::references)
        copy_references(copy, page, 0, page->rows);
    else
        std::memcpy(copy->data(), page->data(), used_bytes);
    return copy;
}

}  // namespace

Block* make_node(BlockCache& cache) {
    Block* node = cache.make(Block::Kind::node, kFanOut * sizeof(Block*));
    std::memset(node->data(), 0, kFanOut * sizeof(Block*));
    return node;
}

void own_node(Block*& slot, BlockCache& cache) {
    if (slot->is_shared()) {
        Block* copy = cache.make(Block::Kind::node, kFanOut * sizeof(Block*));
        copy_references(copy, slot, 0, kFanOut);
        copy->rows = slot->rows;
        cache.drop(slot);
        slot = copy;
    }
    slot->hash.store(0, std::memory_order_relaxed);
}

void own_leaf(Block*& slot, BlockCache& cache) {
    if (slot->is_shared()) {
        Block* copy = copy_of_leaf(slot, cache);
        copy_references(copy, slot, 0, slot->children);
        cache.drop(slot);
        slot = copy;
    }
    slot->hash.store(0, std::memory_order_relaxed);
}

void own_leaf_and_page(Block*& slot, std::size_t page, std::size_t used_bytes, BlockCache& cache) {
    if (!slot->is_shared()) {
        own_page(slot->blocks()[page], used_bytes, used_bytes, cache);
        slot->hash.store(0, std::memory_order_relaxed);
        return;
    }
    // What is below a shared leaf is shared: the page is copied without counting it up and down.
    Block* copy = copy_of_leaf(slot, cache);
    copy_references(copy, slot, 0, page);
    copy_references(copy, slot, page + 1, slot->children);
    copy->blocks()[page] = copy_of_page(slot->blocks()[page], used_bytes, used_bytes, cache);
    cache.drop(slot);
    slot = copy;
}

void own_page(Block*& slot, std::size_t used_bytes, std::size_t needed_bytes, BlockCache& cache) {
    Block* page = slot;
    const bool is_shared = page->is_shared();
    if (is_shared || BlockCache::capacity(page->size_class) < needed_bytes) {
        Block* copy;
        if (is_shared) {
            copy = copy_of_page(page, used_bytes, needed_bytes, cache);
        } else {
            copy = cache.make(page->kind, needed_bytes);
            std::memcpy(copy->data(), page->data(), used_bytes);
            copy->rows = std::exchange(page->rows, 0);  // with its references
        }
        cache.drop(page);
        slot = copy;
    }
    slot->hash.store(0, std::memory_order_relaxed);
}

}  // namespace canon::detail
