#include "world/array_cells.hpp"

#include <algorithm>
#include <cstring>

#include "canon/hash.hpp"
#include "world/block_writer.hpp"

namespace canon::detail {
namespace {

std::uint32_t page_cells(const ColumnLayout& layout) noexcept {
    return static_cast<std::uint32_t>(kPageBytes / layout.array_bytes);
}

// Cells below a child of a node that many levels above the pages.
std::uint64_t cells_below(const ColumnLayout& layout, int level) noexcept {
    return std::uint64_t{page_cells(layout)} << (level * kFanOutBits);
}

// Levels of nodes above the pages.
int levels(const ColumnLayout& layout) noexcept {
    int level = 0;
    while (cells_below(layout, level) < layout.width) ++level;
    return level;
}

Block* make_page(const ColumnLayout& layout, std::uint32_t cells, BlockCache& cache) {
    Block* page = cache.make(Block::Kind::page, std::size_t{cells} * layout.array_bytes);
    if (layout.array_bytes == 1)
        std::memset(page->data(), static_cast<int>(layout.initial_cell), cells);
    else
        std::fill_n(page->cells<std::uint64_t>(), cells, layout.initial_cell);
    return page;
}

// Whole children are alike and shared.
Block* make_level(const ColumnLayout& layout, int level, std::uint64_t cells, BlockCache& cache) {
    if (level == 0) return make_page(layout, static_cast<std::uint32_t>(cells), cache);
    Block* node = make_node(cache);
    const std::uint64_t share = cells_below(layout, level - 1);
    Block* whole = nullptr;
    for (std::size_t at = 0; cells > 0; ++at) {
        const std::uint64_t part = std::min(cells, share);
        cells -= part;
        if (part == share && whole != nullptr) {
            node->blocks()[at] = BlockCache::share(whole);
            continue;
        }
        node->blocks()[at] = make_level(layout, level - 1, part, cache);
        if (part == share) whole = node->blocks()[at];
    }
    return node;
}

std::uint64_t level_hash(const Block* block, const ColumnLayout& layout, int level,
                         std::uint64_t cells) noexcept {
    if (const std::uint64_t known = block->hash.load(std::memory_order_relaxed); known != 0)
        return known;
    std::uint64_t hash;
    if (level == 0) {
        hash = hash_bytes({reinterpret_cast<const std::uint8_t*>(block->data()),
                           static_cast<std::size_t>(cells * layout.array_bytes)});
    } else {
        std::uint64_t parts[kFanOut] = {};
        const std::uint64_t share = cells_below(layout, level - 1);
        for (std::size_t at = 0; cells > 0; ++at) {
            const std::uint64_t part = std::min(cells, share);
            cells -= part;
            parts[at] = level_hash(block->blocks()[at], layout, level - 1, part);
        }
        hash = hash_bytes({reinterpret_cast<const std::uint8_t*>(parts), sizeof parts});
    }
    return keep_hash(block, hash);
}

}  // namespace

Block* make_array(const ColumnLayout& layout, BlockCache& cache) {
    return make_level(layout, levels(layout), layout.width, cache);
}

const Block* array_page(const Block* array, const ColumnLayout& layout, std::uint32_t index,
                        std::uint32_t& at) noexcept {
    for (int level = levels(layout); level > 0; --level) {
        const std::uint64_t share = cells_below(layout, level - 1);
        array = array->blocks()[index / share];
        index = static_cast<std::uint32_t>(index % share);
    }
    at = index;
    return array;
}

Block* open_array_page(Block*& array, const ColumnLayout& layout, std::uint32_t index,
                       BlockCache& cache, std::uint32_t& at) {
    Block** slot = &array;
    std::uint64_t cells = layout.width;
    for (int level = levels(layout); level > 0; --level) {
        own_node(*slot, cache);
        const std::uint64_t share = cells_below(layout, level - 1);
        const std::uint64_t child = index / share;
        slot = &(*slot)->blocks()[child];
        cells = std::min(cells - child * share, share);
        index = static_cast<std::uint32_t>(index % share);
    }
    const std::size_t bytes = static_cast<std::size_t>(cells) * layout.array_bytes;
    own_page(*slot, bytes, bytes, cache);
    at = index;
    return *slot;
}

std::uint32_t array_page_cells(const ColumnLayout& layout, std::uint32_t first) noexcept {
    return std::min(layout.width - first, page_cells(layout));
}

std::uint64_t array_hash(const Block* array, const ColumnLayout& layout) noexcept {
    return level_hash(array, layout, levels(layout), layout.width);
}

}  // namespace canon::detail
