#include "world/block_writer.hpp"

#include <cstring>

namespace canon::detail {
namespace {

// A copy of the references in `from`, each counted.
void copy_references(Block* to, const Block* from, std::size_t count) noexcept {
    for (std::size_t at = 0; at < count; ++at) {
        Block* child = from->blocks()[at];
        to->blocks()[at] = child == nullptr ? nullptr : BlockCache::share(child);
    }
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
        copy_references(copy, slot, kFanOut);
        copy->rows = slot->rows;
        cache.drop(slot);
        slot = copy;
    }
    slot->hash.store(0, std::memory_order_relaxed);
}

void own_leaf(Block*& slot, BlockCache& cache) {
    if (slot->is_shared()) {
        Block* copy = cache.make(Block::Kind::leaf, slot->children * sizeof(Block*));
        copy_references(copy, slot, slot->children);
        copy->rows = slot->rows;
        copy->children = slot->children;
        cache.drop(slot);
        slot = copy;
    }
    slot->hash.store(0, std::memory_order_relaxed);
}

void own_page(Block*& slot, std::size_t used_bytes, std::size_t needed_bytes, BlockCache& cache) {
    Block* page = slot;
    const bool is_shared = page->is_shared();
    if (is_shared || BlockCache::capacity(page->size_class) < needed_bytes) {
        Block* copy = cache.make(page->kind, needed_bytes);
        copy->rows = page->rows;
        if (page->kind == Block::Kind::references && is_shared)
            copy_references(copy, page, page->rows);
        else
            std::memcpy(copy->data(), page->data(), used_bytes);
        if (!is_shared) page->rows = 0;  // its references have moved
        cache.drop(page);
        slot = copy;
    }
    slot->hash.store(0, std::memory_order_relaxed);
}

}  // namespace canon::detail
