// Block writer: what makes a block one's own before it is written to. Each of these leaves in
// `slot` a block with one reference and an unknown hash; a shared one is copied.
#pragma once
#include <cstddef>
#include <cstdint>

#include "canon/detail/world_blocks.hpp"

namespace canon::detail {

/// Without children.
Block* make_node(BlockCache& cache);
void own_node(Block*& slot, BlockCache& cache);
void own_leaf(Block*& slot, BlockCache& cache);
/// The same, with one page of it, of which `used_bytes` are in use.
void own_leaf_and_page(Block*& slot, std::size_t page, std::size_t used_bytes, BlockCache& cache);
/// A page, or one of references, of which `used_bytes` are in use, with room for `needed_bytes`.
void own_page(Block*& slot, std::size_t used_bytes, std::size_t needed_bytes, BlockCache& cache);

/// Keeps the hash; 0, which stands for an unknown one, becomes 1.
inline std::uint64_t keep_hash(const Block* block, std::uint64_t hash) noexcept {
    if (hash == 0) hash = 1;
    block->hash.store(hash, std::memory_order_relaxed);
    return hash;
}

}  // namespace canon::detail
