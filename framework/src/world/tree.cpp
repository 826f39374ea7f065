#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "canon/detail/world_tree.hpp"
#include "canon/hash.hpp"
#include "world/array_cells.hpp"
#include "world/block_writer.hpp"
#include "world/join.hpp"

namespace canon::detail {
namespace {

constexpr std::size_t kIdBytes = sizeof(std::int64_t);

std::size_t cell_bytes(const TableLayout& layout, std::size_t page) noexcept {
    return page == 0 ? kIdBytes : layout.columns[page - 1].cell_bytes;
}

Block* make_leaf(std::size_t pages, BlockCache& cache) {
    Block* leaf = cache.make(Block::Kind::leaf, pages * sizeof(Block*));
    leaf->children = static_cast<std::uint32_t>(pages);
    std::memset(leaf->data(), 0, pages * sizeof(Block*));
    return leaf;
}

// A full leaf whose range is not of the lowest level as a node with its children.
Block* split(Block* leaf, int level, const TableLayout& layout, BlockCache& cache) {
    Block* node = make_node(cache);
    node->rows = leaf->rows;
    const std::int64_t* ids = ids_of(leaf);
    const auto child_of = [&](std::int64_t id) {
        return (static_cast<std::uint64_t>(id) >> Tree::shift_of(level - 1)) & (kFanOut - 1);
    };
    for (std::size_t begin = 0; begin < leaf->rows;) {
        const std::size_t child = child_of(ids[begin]);
        std::size_t end = begin + 1;
        while (end < leaf->rows && child_of(ids[end]) == child) ++end;
        node->blocks()[child] = begin == 0 && end == leaf->rows
                                    ? BlockCache::share(leaf)
                                    : join({{leaf, begin, end}}, layout, cache);
        begin = end;
    }
    cache.drop(leaf);
    return node;
}

void list_leaves(const Block* block, std::vector<Rows>& out) {
    if (block->kind == Block::Kind::leaf) {
        out.push_back({block, 0, block->rows});
        return;
    }
    for (std::size_t at = 0; at < kFanOut; ++at)
        if (block->blocks()[at] != nullptr) list_leaves(block->blocks()[at], out);
}

// Makes room for a row at `row`, with the initial cells.
void insert_row(Block* leaf, std::size_t row, std::int64_t id, const TableLayout& layout,
                BlockCache& cache) {
    const std::size_t rows = leaf->rows;
    for (std::size_t page = 0; page < leaf->children; ++page) {
        const std::size_t bytes = cell_bytes(layout, page);
        Block*& slot = leaf->blocks()[page];
        own_page(slot, rows * bytes, (rows + 1) * bytes, cache);
        std::byte* cell = slot->data() + row * bytes;
        std::memmove(cell + bytes, cell, (rows - row) * bytes);
        std::uint64_t bits = static_cast<std::uint64_t>(id);
        if (page > 0) bits = layout.columns[page - 1].initial;
        std::memcpy(cell, &bits, bytes);
        if (slot->kind == Block::Kind::references) {
            BlockCache::share(slot->blocks()[row]);
            ++slot->rows;
        }
    }
    ++leaf->rows;
}

Block* first_leaf(const TableLayout& layout, std::int64_t id, BlockCache& cache) {
    Block* leaf = empty_leaf(layout, cache);
    insert_row(leaf, 0, id, layout, cache);
    return leaf;
}

void erase_row(Block* leaf, std::size_t row, const TableLayout& layout, BlockCache& cache) {
    const std::size_t rows = leaf->rows;
    for (std::size_t page = 0; page < leaf->children; ++page) {
        const std::size_t bytes = cell_bytes(layout, page);
        Block*& slot = leaf->blocks()[page];
        own_page(slot, rows * bytes, rows * bytes, cache);
        if (slot->kind == Block::Kind::references) cache.drop(slot->blocks()[row]);
        std::byte* cell = slot->data() + row * bytes;
        std::memmove(cell, cell + bytes, (rows - row - 1) * bytes);
        if (slot->kind == Block::Kind::references) --slot->rows;
        const std::size_t left = (rows - 1) * bytes;
        if (BlockCache::class_of(left) + 1 >= slot->size_class) continue;
        Block* smaller = cache.make(slot->kind, left);
        std::memcpy(smaller->data(), slot->data(), left);
        smaller->rows = std::exchange(slot->rows, 0);  // with its references
        cache.drop(slot);
        slot = smaller;
    }
    --leaf->rows;
}

}  // namespace

Block* join(const std::vector<Rows>& parts, const TableLayout& layout, BlockCache& cache) {
    Block* leaf = make_leaf(layout.columns.size() + 1, cache);
    for (const Rows& part : parts) leaf->rows += part.end - part.begin;
    for (std::size_t page = 0; page < leaf->children; ++page) {
        const std::size_t bytes = cell_bytes(layout, page);
        const Block::Kind kind = parts[0].leaf->blocks()[page]->kind;
        Block* joined = cache.make(kind, leaf->rows * bytes);
        leaf->blocks()[page] = joined;
        std::size_t rows = 0;
        for (const Rows& part : parts) {
            const Block* from = part.leaf->blocks()[page];
            const std::size_t count = part.end - part.begin;
            std::memcpy(joined->data() + rows * bytes, from->data() + part.begin * bytes,
                        count * bytes);
            if (kind == Block::Kind::references)
                for (std::size_t row = 0; row < count; ++row)
                    BlockCache::share(joined->blocks()[rows + row]);
            rows += count;
        }
        if (kind == Block::Kind::references) joined->rows = rows;
    }
    return leaf;
}

Block* empty_leaf(const TableLayout& layout, BlockCache& cache) {
    Block* leaf = make_leaf(layout.columns.size() + 1, cache);
    for (std::size_t page = 0; page < leaf->children; ++page) {
        const bool is_array = page > 0 && layout.columns[page - 1].is_array();
        leaf->blocks()[page] =
            cache.make(is_array ? Block::Kind::references : Block::Kind::page, kIdBytes);
    }
    return leaf;
}

const Block* Tree::leaf_after(std::int64_t id, std::uint32_t& row) const noexcept {
    if (root_ == nullptr || id == INT64_MAX) return nullptr;
    const auto from = static_cast<std::uint64_t>(id < 0 ? 0 : id + 1);
    int shift = shift_of(level_);
    if (from >> shift > prefix_) return nullptr;
    // The first id of the range that is being looked at, and the way down to it.
    std::uint64_t first = prefix_ << shift;
    struct Step {
        const Block* node;
        std::size_t child;
    };
    Step way[kMostLevels + 1];
    int depth = 0;
    const Block* at = root_;
    for (;;) {
        while (at != nullptr && at->kind == Block::Kind::node) {
            shift -= kFanOutBits;
            const std::size_t child =
                from <= first ? 0 : static_cast<std::size_t>((from - first) >> shift);
            way[depth++] = {at, child};
            first += static_cast<std::uint64_t>(child) << shift;
            at = at->blocks()[child];
        }
        if (at != nullptr) {
            const std::int64_t* ids = ids_of(at);
            const std::int64_t* found =
                std::lower_bound(ids, ids + at->rows, static_cast<std::int64_t>(from));
            if (found != ids + at->rows) {
                row = static_cast<std::uint32_t>(found - ids);
                return at;
            }
        }
        // On to the next child there is, up the way where none is left.
        for (at = nullptr; at == nullptr;) {
            if (depth == 0) return nullptr;
            Step& step = way[depth - 1];
            if (++step.child == kFanOut) {
                first -= static_cast<std::uint64_t>(kFanOut - 1) << shift;
                shift += kFanOutBits;
                --depth;
                continue;
            }
            first += std::uint64_t{1} << shift;
            at = step.node->blocks()[step.child];
        }
    }
}

// The root of a single leaf covers what its first and last id need.
void Tree::fit_leaf_root() noexcept {
    const auto first = static_cast<std::uint64_t>(ids_of(root_)[0]);
    const auto last = static_cast<std::uint64_t>(ids_of(root_)[root_->rows - 1]);
    level_ = 0;
    while (first >> shift_of(level_) != last >> shift_of(level_)) ++level_;
    prefix_ = first >> shift_of(level_);
}

// Widens the root's range to one that holds `id` too.
void Tree::cover(std::int64_t id, BlockCache& cache) {
    const auto number = static_cast<std::uint64_t>(id);
    const bool is_leaf = root_->kind == Block::Kind::leaf;
    int level = level_;
    const std::uint64_t first = prefix_ << shift_of(level_);
    while (first >> shift_of(level) != number >> shift_of(level)) ++level;
    if (is_leaf && root_->rows < kLeafRows) {
        level_ = level;  // it stays a leaf
    } else {
        // A full leaf is the child of the new root, whatever lies between; a node is not.
        int next = is_leaf && level > level_ ? level : level_ + 1;
        for (; next <= level; ++next) {
            Block* node = make_node(cache);
            node->rows = root_->rows;
            node->blocks()[(first >> shift_of(next - 1)) & (kFanOut - 1)] = root_;
            root_ = node;
        }
        level_ = level;
    }
    prefix_ = number >> shift_of(level_);
}

Block* Tree::insert(std::int64_t id, const TableLayout& layout, BlockCache& cache,
                    std::uint32_t& row) {
    const auto number = static_cast<std::uint64_t>(id);
    if (root_ == nullptr) {
        root_ = first_leaf(layout, id, cache);
        fit_leaf_root();
        row = 0;
        return root_;
    }
    if (number >> shift_of(level_) != prefix_) cover(id, cache);
    Block** slot = &root_;
    for (int level = level_;; --level) {
        if ((*slot)->kind == Block::Kind::leaf && (*slot)->rows == kLeafRows)
            *slot = split(*slot, level, layout, cache);
        if ((*slot)->kind == Block::Kind::leaf) break;
        own_node(*slot, cache);
        ++(*slot)->rows;
        slot = &(*slot)->blocks()[(number >> shift_of(level - 1)) & (kFanOut - 1)];
        if (*slot == nullptr) {
            *slot = first_leaf(layout, id, cache);
            row = 0;
            return *slot;
        }
    }
    own_leaf(*slot, cache);
    const std::int64_t* ids = ids_of(*slot);
    row = static_cast<std::uint32_t>(std::lower_bound(ids, ids + (*slot)->rows, id) - ids);
    insert_row(*slot, row, id, layout, cache);
    return *slot;
}

void Tree::erase(std::int64_t id, const TableLayout& layout, BlockCache& cache) {
    const auto number = static_cast<std::uint64_t>(id);
    Block** slot = &root_;
    Block** small = nullptr;  // the topmost node that becomes a leaf
    for (int level = level_; (*slot)->kind == Block::Kind::node; --level) {
        own_node(*slot, cache);
        if (--(*slot)->rows == kLeafRows && small == nullptr) small = slot;
        slot = &(*slot)->blocks()[(number >> shift_of(level - 1)) & (kFanOut - 1)];
    }
    if ((*slot)->rows == 1) {
        cache.drop(*slot);
        *slot = nullptr;
        if (root_ == nullptr) {
            *this = Tree();
            return;
        }
    } else {
        own_leaf(*slot, cache);
        erase_row(*slot, row_of(*slot, id), layout, cache);
    }
    if (small != nullptr) {
        std::vector<Rows> leaves;
        list_leaves(*small, leaves);
        Block* joined = leaves.size() == 1 ? BlockCache::share(const_cast<Block*>(leaves[0].leaf))
                                           : join(leaves, layout, cache);
        cache.drop(*small);
        *small = joined;
    }
    fit_root(cache);
}

// After a death: the smallest range that still holds all.
void Tree::fit_root(BlockCache& cache) {
    while (root_->kind == Block::Kind::node) {
        Block** const end = root_->blocks() + kFanOut;
        const auto is_there = [](const Block* child) { return child != nullptr; };
        Block** const only = std::find_if(root_->blocks(), end, is_there);
        if (std::find_if(only + 1, end, is_there) != end) return;
        --level_;
        prefix_ = prefix_ << kFanOutBits | static_cast<std::uint64_t>(only - root_->blocks());
        Block* child = BlockCache::share(*only);
        cache.drop(root_);
        root_ = child;
    }
    fit_leaf_root();
}

Block* Tree::open_page(std::int64_t id, FieldIndex field, std::size_t cell_bytes,
                       BlockCache& cache) {
    Block** slot = &root_;
    for (int level = level_; (*slot)->kind == Block::Kind::node; --level) {
        own_node(*slot, cache);
        slot = &(*slot)->blocks()[(static_cast<std::uint64_t>(id) >> shift_of(level - 1)) &
                                  (kFanOut - 1)];
    }
    own_leaf_and_page(*slot, field + 1, (*slot)->rows * cell_bytes, cache);
    return (*slot)->blocks()[field + 1];
}

std::uint64_t Tree::page_hash(const Block* leaf, std::size_t page, const TableLayout& layout) {
    const Block* block = leaf->blocks()[page];
    if (const std::uint64_t known = block->hash.load(std::memory_order_relaxed); known != 0)
        return known;
    const ColumnLayout* column = page == 0 ? nullptr : &layout.columns[page - 1];
    if (column == nullptr || column->kind == ColumnLayout::Kind::plain)
        return keep_hash(block, hash_bytes({reinterpret_cast<const std::uint8_t*>(block->data()),
                                            leaf->rows * cell_bytes(layout, page)}));
    std::uint64_t hashes[kLeafRows];
    for (std::size_t row = 0; row < leaf->rows; ++row)
        hashes[row] = column->kind == ColumnLayout::Kind::text
                          ? block->cells<const Text*>()[row]->hash
                          : array_hash(block->blocks()[row], *column);
    return keep_hash(block, hash_bytes({reinterpret_cast<const std::uint8_t*>(hashes),
                                        leaf->rows * sizeof hashes[0]}));
}

std::uint64_t Tree::hash(const Block* block, const TableLayout& layout) {
    if (const std::uint64_t known = block->hash.load(std::memory_order_relaxed); known != 0)
        return known;
    Hasher hasher;
    hasher.update_integer(block->rows);
    if (block->kind == Block::Kind::leaf) {
        for (std::size_t page = 0; page < block->children; ++page)
            if (page == 0 || layout.columns[page - 1].hashed)
                hasher.update_integer(page_hash(block, page, layout));
    } else {
        std::uint64_t hashes[kFanOut];
        for (std::size_t at = 0; at < kFanOut; ++at)
            hashes[at] = block->blocks()[at] == nullptr ? 0 : hash(block->blocks()[at], layout);
        hasher.update(hashes, sizeof hashes);
    }
    return keep_hash(block, hasher.digest());
}

std::uint64_t Tree::hash(const TableLayout& layout) const {
    if (root_ == nullptr) return 0;
    const std::uint64_t parts[] = {static_cast<std::uint64_t>(level_), prefix_,
                                   hash(root_, layout)};
    return hash_bytes({reinterpret_cast<const std::uint8_t*>(parts), sizeof parts});
}

Tree Tree::share() const noexcept {
    if (root_ != nullptr) BlockCache::share(root_);
    return *this;
}

void Tree::drop(BlockCache& cache) noexcept {
    if (root_ != nullptr) cache.drop(root_);
    *this = Tree();
}

}  // namespace canon::detail
