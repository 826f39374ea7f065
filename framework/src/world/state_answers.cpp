// The answers to a state diff's questions.
#include <algorithm>
#include <cstring>
#include <string>

#include "canon/state_diff.hpp"
#include "world/array_cells.hpp"
#include "world/join.hpp"
#include "world/scalar.hpp"
#include "world/state_questions.hpp"

namespace canon {

using detail::Block;
using detail::BlockCache;
using detail::ColumnLayout;
using detail::Rows;
using detail::TableLayout;
using detail::Tree;

namespace {

void put_hash(Bytes& out, std::uint64_t hash) { out.append(&hash, sizeof hash); }

// The part of a tree that lies in a range of ids: nothing, a block, or rows of a leaf.
struct Part {
    const Block* block = nullptr;  // a leaf that `begin` and `end` may be a part of
    std::size_t begin = 0;
    std::size_t end = 0;

    std::uint64_t rows() const noexcept { return end - begin; }
};

Part part_of(const Tree& tree, int level, std::uint64_t prefix) {
    const Block* at = tree.root();
    if (at == nullptr) return {};
    if (level >= tree.level()) {
        const int above = (level - tree.level()) * detail::kFanOutBits;
        return tree.prefix() >> above == prefix ? Part{at, 0, at->rows} : Part{};
    }
    const std::uint64_t first = prefix << Tree::shift_of(level);
    if (first >> Tree::shift_of(tree.level()) != tree.prefix()) return {};
    for (int at_level = tree.level(); at->kind == Block::Kind::node && at_level > level;) {
        --at_level;
        at = at->blocks()[(first >> Tree::shift_of(at_level)) & (detail::kFanOut - 1)];
        if (at == nullptr) return {};
    }
    if (at->kind == Block::Kind::node) return {at, 0, at->rows};
    const std::int64_t* ids = detail::ids_of(at);
    const auto place = [&](std::uint64_t limit) {
        const auto is_below = [](std::int64_t id, std::uint64_t end) {
            return static_cast<std::uint64_t>(id) < end;
        };
        return static_cast<std::size_t>(std::lower_bound(ids, ids + at->rows, limit, is_below) -
                                        ids);
    };
    return {at, place(first), place(first + (std::uint64_t{1} << Tree::shift_of(level)))};
}

// As a leaf of its own would be hashed.
std::uint64_t hash_of(const Part& part, const TableLayout& layout) {
    if (part.rows() == part.block->rows) return Tree::hash(part.block, layout);
    BlockCache cache;
    Block* leaf = detail::join({{part.block, part.begin, part.end}}, layout, cache);
    const std::uint64_t hash = Tree::hash(leaf, layout);
    cache.drop(leaf);
    return hash;
}

constexpr std::uint64_t kHashesInAnswer = 1024;
constexpr std::size_t kLongContent = 1024;  // bytes from which a content is told by its hash
constexpr std::size_t kDumpPiece = 32 * 1024;

}  // namespace

// What a question is about: all of it checked against the schema.
struct StateAnswers {
    const World& world;
    Bytes& out;

    const World::State& state() const { return world.state_; }
    const TableLayout& layout(TemplateIndex index) const { return world.layouts_[index]; }

    void top(std::uint64_t first) const {
        const std::uint64_t all = world.schema().size();
        if (first > all) return;
        const std::uint64_t count = std::min(all - first, kHashesInAnswer);
        out.put_varint(static_cast<std::uint64_t>(state().next_id));
        out.put_varint(count);
        for (std::uint64_t i = 0; i < count; ++i) {
            const auto index = static_cast<TemplateIndex>(first + i);
            put_hash(out, state().tables[index].hash(layout(index)));
        }
    }

    void ranges(const StateQuestion& at) const {
        if (at.level == 0) return;
        for (std::uint64_t child = 0; child < detail::kFanOut; ++child) {
            const Part part =
                part_of(state().tables[at.template_index], static_cast<int>(at.level) - 1,
                        at.prefix << detail::kFanOutBits | child);
            out.put_varint(part.rows());
            if (part.rows() > 0) put_hash(out, hash_of(part, layout(at.template_index)));
        }
    }

    // A leaf of the range's rows, for those who drop it; null where they are too many.
    Block* leaf_of(const StateQuestion& at, BlockCache& cache) const {
        const Part part =
            part_of(state().tables[at.template_index], static_cast<int>(at.level), at.prefix);
        if (part.rows() > detail::kLeafRows) return nullptr;
        const TableLayout& table = layout(at.template_index);
        if (part.rows() == 0) return detail::empty_leaf(table, cache);
        return detail::join({{part.block, part.begin, part.end}}, table, cache);
    }

    void rows(const StateQuestion& at) const {
        const TableLayout& table = layout(at.template_index);
        if (at.from > table.columns.size()) return;
        BlockCache cache;
        Block* leaf = leaf_of(at, cache);
        if (leaf == nullptr) return;
        out.put_varint(leaf->rows);
        std::int64_t last = 0;
        for (std::size_t row = 0; row < leaf->rows; ++row) {
            const std::int64_t id = detail::ids_of(leaf)[row];
            out.put_varint(static_cast<std::uint64_t>(id - last));
            last = id;
        }
        const std::uint64_t count = std::min(table.columns.size() - at.from, kHashesInAnswer);
        out.put_varint(count);
        for (std::uint64_t i = 0; i < count; ++i) {
            const std::size_t column = static_cast<std::size_t>(at.from + i);
            put_hash(out, table.columns[column].hashed && leaf->rows > 0
                              ? Tree::page_hash(leaf, column + 1, table)
                              : 0);
        }
        cache.drop(leaf);
    }

    void content(FieldType type, std::uint64_t bits) const {
        Bytes value;
        const Scalar read = world.scalar(type, bits);
        detail::append_canonical(value, type == FieldType::entity && bits != 0
                                            ? Scalar::of(static_cast<std::int64_t>(bits))
                                            : read);
        if (value.size() <= kLongContent) {
            out.put(0);
            out.append(value.view());
            return;
        }
        out.put(1);
        out.put_varint(value.size());
        put_hash(out, hash_bytes(value.view()));
    }

    void cells(const StateQuestion& at) const {
        const TableLayout& table = layout(at.template_index);
        if (at.field >= table.columns.size() || !table.columns[at.field].hashed) return;
        const auto field = static_cast<FieldIndex>(at.field);
        const ColumnLayout& column = table.columns[field];
        BlockCache cache;
        Block* leaf = leaf_of(at, cache);
        if (leaf == nullptr) return;
        if (at.from <= leaf->rows) {
            Bytes contents;
            contents.swap(out);
            std::uint64_t row = at.from;
            for (; row < leaf->rows && out.size() < kMostAnswerBytes - 2 * kLongContent; ++row) {
                const Location where{at.template_index, static_cast<std::uint32_t>(row), leaf};
                if (column.is_array()) {
                    out.put(2);
                    put_hash(out,
                             detail::array_hash(leaf->blocks()[field + 1]->blocks()[row], column));
                } else {
                    content(column.cell_type, world.row_bits(where, field));
                }
            }
            contents.swap(out);
            out.put_varint(row - at.from);
            out.append(contents.view());
        }
        cache.drop(leaf);
    }

    // The array of an entity, or null.
    const Block* array_of(const StateQuestion& at, const ColumnLayout*& column) const {
        const TableLayout& table = layout(at.template_index);
        Location where;
        if (at.field >= table.columns.size() || !world.find({at.id}, where) ||
            where.template_index != at.template_index)
            return nullptr;
        column = &table.columns[at.field];
        if (!column->is_array() || !column->hashed || at.from >= column->width) return nullptr;
        return where.leaf->blocks()[at.field + 1]->blocks()[where.row];
    }

    void pages(const StateQuestion& at) const {
        const ColumnLayout* column;
        const Block* array = array_of(at, column);
        if (array == nullptr) return;
        std::vector<std::uint64_t> hashes;
        for (auto cell = static_cast<std::uint32_t>(at.from);
             cell < column->width && hashes.size() < kHashesInAnswer;) {
            std::uint32_t place;
            const Block* page = detail::array_page(array, *column, cell, place);
            if (place != 0) return;
            const std::uint32_t count = detail::array_page_cells(*column, cell);
            hashes.push_back(hash_bytes({reinterpret_cast<const std::uint8_t*>(page->data()),
                                         std::size_t{count} * column->array_bytes}));
            cell += count;
        }
        out.put_varint(hashes.size());
        for (const std::uint64_t hash : hashes) put_hash(out, hash);
    }

    void page(const StateQuestion& at) const {
        const ColumnLayout* column;
        const Block* array = array_of(at, column);
        if (array == nullptr) return;
        const auto first = static_cast<std::uint32_t>(at.from);
        std::uint32_t place;
        const Block* cells = detail::array_page(array, *column, first, place);
        if (place != 0) return;
        const std::uint32_t count = detail::array_page_cells(*column, first);
        out.put_varint(count);
        for (std::uint32_t cell = 0; cell < count; ++cell)
            content(column->cell_type, column->array_bytes == 1
                                           ? cells->cells<std::uint8_t>()[cell]
                                           : cells->cells<std::uint64_t>()[cell]);
    }

    void hosts(std::uint64_t first) const {
        const auto& parts = world.host_parts_;
        if (first > parts.size()) return;
        const std::uint64_t count = std::min<std::uint64_t>(parts.size() - first, kHashesInAnswer);
        out.put(first + count < parts.size());
        out.put_varint(count);
        for (std::uint64_t i = 0; i < count; ++i) {
            const World::HostPart& part = parts[static_cast<std::size_t>(first + i)];
            out.put_string(part.name);
            put_hash(out, part.hash());
        }
    }

    void dump(std::uint64_t index, std::uint64_t offset) const {
        if (index >= world.host_parts_.size()) return;
        const World::HostPart& part = world.host_parts_[static_cast<std::size_t>(index)];
        std::string text;
        part.dump_into(text);
        const auto begin = static_cast<std::size_t>(std::min<std::uint64_t>(offset, text.size()));
        out.put_varint(text.size());
        out.put_string(std::string_view(text).substr(begin, kDumpPiece));
    }
};

void answer_state_question(const World& world, std::span<const std::uint8_t> question, Bytes& out) {
    StateQuestion at;
    if (!read_question(question, at)) return;
    const StateAnswers answers{world, out};
    using Kind = StateQuestion::Kind;
    const bool is_of_template =
        at.kind != Kind::top && at.kind != Kind::hosts && at.kind != Kind::dump;
    if (is_of_template && at.template_index >= world.schema().size()) return;
    if (at.level > detail::kMostLevels ||
        at.prefix > std::uint64_t{INT64_MAX} >> Tree::shift_of(static_cast<int>(at.level)))
        return;
    switch (at.kind) {
        case Kind::top:
            return answers.top(at.from);
        case Kind::ranges:
            return answers.ranges(at);
        case Kind::rows:
            return answers.rows(at);
        case Kind::cells:
            return answers.cells(at);
        case Kind::pages:
            return answers.pages(at);
        case Kind::page:
            return answers.page(at);
        case Kind::hosts:
            return answers.hosts(at.from);
        case Kind::dump:
            return answers.dump(at.field, at.from);
    }
}

}  // namespace canon
