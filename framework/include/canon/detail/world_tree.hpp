// Tree: the entities of one template, by id.
//
// A node covers an aligned range of ids. It is a leaf where at most kLeafRows entities live in the
// range, else it has a child for each 64th part of the range in which any live; the lowest ranges
// are of kLeafRows ids, so a leaf always has room. The root is the smallest range that holds all
// entities. So the shape follows from the ids that live, and never from what was spawned and
// destroyed on the way: a tree that was saved and loaded, or undone, or built in another order is
// the same, hash by hash.
//
// A leaf has its entities in id order: a page of ids, and one of cells for each field. Pages,
// leaves and nodes keep their hashes until they are written to.
#pragma once
#include <cstdint>
#include <vector>

#include "canon/detail/world_blocks.hpp"
#include "canon/schema.hpp"

namespace canon::detail {

inline constexpr int kLeafBits = 9;
inline constexpr std::uint64_t kLeafRows = std::uint64_t{1} << kLeafBits;
/// The root that covers all positive ids is of this level; leaves of kLeafRows ids are of level 0.
inline constexpr int kMostLevels = 9;

/// How the cells of a field are kept.
struct ColumnLayout {
    enum class Kind : std::uint8_t {
        plain,  ///< the content: 1 byte for booleans, else 8
        text,   ///< a const Text*
        array,  ///< a Block*, see array_cells.hpp
    };

    FieldType type;       ///< as declared
    FieldType cell_type;  ///< `type`, or what an array holds
    Kind kind;
    std::uint8_t cell_bytes;   ///< in the leaf's page
    std::uint8_t array_bytes;  ///< in an array's pages
    bool hashed;
    std::uint32_t width;         ///< cells that scripts see: 1, or the array's length
    std::uint64_t initial;       ///< as the leaf's page has it
    std::uint64_t initial_cell;  ///< array: of each cell

    bool is_array() const noexcept { return kind == Kind::array; }
};

struct TableLayout {
    std::vector<ColumnLayout> columns;
    bool is_singleton = false;
    bool has_texts = false;
    FieldIndex grid_x = kNone;  ///< the fields that `near` measures; kNone where there are none
    FieldIndex grid_y = kNone;
    double grid_cell = 0;  ///< 0 where no grid is declared
    std::vector<FieldIndex> keys;
};

inline const std::int64_t* ids_of(const Block* leaf) noexcept {
    return leaf->blocks()[0]->cells<std::int64_t>();
}
template <class T>
const T* cells_of(const Block* leaf, FieldIndex field) noexcept {
    return leaf->blocks()[field + 1]->cells<T>();
}

/// The row of `id` in its leaf; kNone where it is not there.
inline std::uint32_t row_of(const Block* leaf, std::int64_t id) noexcept {
    const std::int64_t* ids = ids_of(leaf);
    // Ids ascend, so none is further up than this; where no id is missing, none is elsewhere.
    const std::uint64_t distance = static_cast<std::uint64_t>(id - ids[0]);
    std::uint64_t end = leaf->rows;
    if (distance < end) {
        if (ids[distance] == id) return static_cast<std::uint32_t>(distance);
        end = distance;
    } else if (id < ids[0]) {
        return kNone;
    }
    std::uint64_t begin = 0;
    while (begin < end) {
        const std::uint64_t middle = (begin + end) / 2;
        if (ids[middle] < id)
            begin = middle + 1;
        else
            end = middle;
    }
    return begin < leaf->rows && ids[begin] == id ? static_cast<std::uint32_t>(begin) : kNone;
}

class Tree {
  public:
    std::uint64_t size() const noexcept { return root_ == nullptr ? 0 : root_->rows; }

    /// The leaf in whose range `id` is, or null.
    const Block* leaf_of(std::int64_t id) const noexcept {
        int shift = shift_of(level_);
        if (root_ == nullptr || static_cast<std::uint64_t>(id) >> shift != prefix_) return nullptr;
        const Block* at = root_;
        while (at->kind == Block::Kind::node) {
            shift -= kFanOutBits;
            at = at->blocks()[(static_cast<std::uint64_t>(id) >> shift) & (kFanOut - 1)];
            if (at == nullptr) return nullptr;
        }
        return at;
    }
    /// The leaf with the smallest id above `id` and that id's row; null where there is none.
    const Block* leaf_after(std::int64_t id, std::uint32_t& row) const noexcept;

    /// Calls `visit` with each leaf, in id order.
    template <class Visit>
    void each_leaf(Visit&& visit) const {
        if (root_ != nullptr) each_leaf_below(root_, visit);
    }

    /// `id` is positive and not there. The row has the initial cells of `layout`; its leaf and
    /// pages may be written to.
    Block* insert(std::int64_t id, const TableLayout& layout, BlockCache& cache,
                  std::uint32_t& row);
    /// `id` is there.
    void erase(std::int64_t id, const TableLayout& layout, BlockCache& cache);
    /// The page of a field where `id`, which is there, has its row, to write to.
    Block* open_page(std::int64_t id, FieldIndex field, std::size_t cell_bytes, BlockCache& cache);

    /// Of all that is hashed, and of nothing else.
    std::uint64_t hash(const TableLayout& layout) const;
    /// The same of a part.
    static std::uint64_t hash(const Block* block, const TableLayout& layout);
    static std::uint64_t page_hash(const Block* leaf, std::size_t page, const TableLayout& layout);

    const Block* root() const noexcept { return root_; }
    int level() const noexcept { return level_; }
    std::uint64_t prefix() const noexcept { return prefix_; }

    /// Another reference to the same blocks: neither of the two changes when the other is written
    /// to.
    Tree share() const noexcept;
    void drop(BlockCache& cache) noexcept;

    static int shift_of(int level) noexcept { return kLeafBits + level * kFanOutBits; }

  private:
    template <class Visit>
    static void each_leaf_below(const Block* block, Visit& visit) {
        if (block->kind == Block::Kind::leaf) {
            visit(block);
            return;
        }
        for (std::size_t at = 0; at < kFanOut; ++at)
            if (const Block* child = block->blocks()[at]; child != nullptr)
                each_leaf_below(child, visit);
    }

    void cover(std::int64_t id, BlockCache& cache);
    void fit_root(BlockCache& cache);
    void fit_leaf_root() noexcept;

    // Trivially copyable: whoever holds one shares and drops by hand.
    Block* root_ = nullptr;
    int level_ = 0;
    std::uint64_t prefix_ = 0;  // of the ids below, without the bits of the root's range
};

}  // namespace canon::detail
