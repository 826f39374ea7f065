// Join: leaves made of rows of others.
#pragma once
#include <cstddef>
#include <vector>

#include "canon/detail/world_tree.hpp"

namespace canon::detail {

/// Rows [begin, end) of a leaf.
struct Rows {
    const Block* leaf;
    std::size_t begin;
    std::size_t end;
};

/// A leaf of the rows of all parts, at least one row in all.
Block* join(const std::vector<Rows>& parts, const TableLayout& layout, BlockCache& cache);
/// With pages of nothing.
Block* empty_leaf(const TableLayout& layout, BlockCache& cache);

}  // namespace canon::detail
