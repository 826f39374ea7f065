// Array cells: what one entity has in a field of type array: pages of cells under nodes of kFanOut,
// as many levels as the length needs, or one page alone. Default content is shared until written.
#pragma once
#include <cstdint>

#include "canon/detail/world_tree.hpp"

namespace canon::detail {

/// With every cell as `layout.initial_cell`.
Block* make_array(const ColumnLayout& layout, BlockCache& cache);

/// The page of a cell, and the cell's place in it.
const Block* array_page(const Block* array, const ColumnLayout& layout, std::uint32_t index,
                        std::uint32_t& at) noexcept;
/// The same to write to; `array` is replaced where it is shared.
Block* open_array_page(Block*& array, const ColumnLayout& layout, std::uint32_t index,
                       BlockCache& cache, std::uint32_t& at);

/// Cells in the page that begins with cell `first`, of which the array has so many or more.
std::uint32_t array_page_cells(const ColumnLayout& layout, std::uint32_t first) noexcept;

std::uint64_t array_hash(const Block* array, const ColumnLayout& layout) noexcept;

}  // namespace canon::detail
