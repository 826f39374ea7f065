#include "world/store.hpp"

#include <algorithm>
#include <bit>
#include <string>
#include <utility>

#include "canon/bytes.hpp"
#include "world/array_cells.hpp"
#include "world/scalar.hpp"

namespace canon {

using detail::Block;
using detail::ColumnLayout;
using detail::TableLayout;

namespace {

bool is_coordinate(const TemplateSpec& spec, FieldIndex field) {
    return field != kNone && (spec.fields[field].type == FieldType::integer ||
                              spec.fields[field].type == FieldType::number);
}

FieldIndex field_named(const TemplateSpec& spec, const std::string& name) {
    for (FieldIndex field = 0; field < spec.fields.size(); ++field)
        if (spec.fields[field].name == name && spec.fields[field].role != FieldRole::local)
            return field;
    return kNone;
}

std::uint64_t plain_bits(FieldType type, const Value& initial) {
    switch (type) {
        case FieldType::boolean:
            return initial.as_boolean() ? 1 : 0;
        case FieldType::integer:
            return static_cast<std::uint64_t>(initial.as_integer());
        case FieldType::number:
            return std::bit_cast<std::uint64_t>(initial.as_number());
        default:
            return 0;
    }
}

template <class T>
std::uint64_t pointer_bits(T* pointer) {
    return reinterpret_cast<std::uintptr_t>(pointer);
}

}  // namespace

World::Store::Store(std::shared_ptr<const Schema> given) : schema(std::move(given)) {
    for (TemplateIndex index = 0; index < schema->size(); ++index) {
        const TemplateSpec& spec = (*schema)[index];
        TableLayout& layout = layouts.emplace_back();
        layout.is_singleton = spec.singleton;
        for (const FieldSpec& field : spec.fields) {
            ColumnLayout& column = layout.columns.emplace_back();
            const bool is_array = field.type == FieldType::array;
            column.type = field.type;
            column.cell_type = is_array ? field.element : field.type;
            column.width = is_array ? field.length : 1;
            column.hashed = field.role != FieldRole::local;
            column.array_bytes = column.cell_type == FieldType::boolean ? 1 : 8;
            column.cell_bytes = is_array ? 8 : column.array_bytes;
            if (is_array) {
                column.kind = ColumnLayout::Kind::array;
                column.initial_cell = plain_bits(column.cell_type, field.initial);
                column.initial = pointer_bits(detail::make_array(column, blocks_));
            } else if (field.type == FieldType::string || field.type == FieldType::any) {
                column.kind = ColumnLayout::Kind::text;
                layout.has_texts = true;
                Bytes bytes;
                if (field.type == FieldType::any) write_value(bytes, field.initial);
                pinned.push_back(texts.intern(field.type == FieldType::any
                                                  ? detail::text_of(bytes)
                                                  : std::string_view(field.initial.as_string())));
                column.initial = pointer_bits(pinned.back());
            } else {
                column.kind = ColumnLayout::Kind::plain;
                column.initial = plain_bits(field.type, field.initial);
            }
        }
        layout.grid_x = field_named(spec, spec.grid ? spec.grid->x : "x");
        layout.grid_y = field_named(spec, spec.grid ? spec.grid->y : "y");
        if (!is_coordinate(spec, layout.grid_x) || !is_coordinate(spec, layout.grid_y))
            layout.grid_x = layout.grid_y = kNone;
        if (spec.grid) layout.grid_cell = spec.grid->cell;
        for (const std::string& key : spec.keys) layout.keys.push_back(field_named(spec, key));
    }
    ColumnLayout& column = directory.columns.emplace_back();
    column = {};
    column.cell_bytes = sizeof(std::uint16_t);
    column.width = 1;
}

World::Store::~Store() {
    for (const TableLayout& layout : layouts)
        for (const ColumnLayout& column : layout.columns)
            if (column.is_array())
                blocks_.drop(reinterpret_cast<Block*>(static_cast<std::uintptr_t>(column.initial)));
}

void World::Store::mark(const Block* block, const TableLayout& layout) const noexcept {
    auto* marked = const_cast<Block*>(block);
    if (std::exchange(marked->marked, texts.sweep()) == texts.sweep()) return;
    if (block->kind == Block::Kind::node) {
        for (std::size_t at = 0; at < detail::kFanOut; ++at)
            if (block->blocks()[at] != nullptr) mark(block->blocks()[at], layout);
        return;
    }
    for (FieldIndex field = 0; field < layout.columns.size(); ++field) {
        if (layout.columns[field].kind != ColumnLayout::Kind::text) continue;
        Block* page = block->blocks()[field + 1];
        if (std::exchange(page->marked, texts.sweep()) == texts.sweep()) continue;
        const auto* cells = page->cells<const detail::Text*>();
        for (std::size_t row = 0; row < block->rows; ++row) texts.mark(cells[row]);
    }
}

void World::Store::mark(const State& state) const noexcept {
    for (TemplateIndex index = 0; index < layouts.size(); ++index)
        if (layouts[index].has_texts && state.tables[index].root() != nullptr)
            mark(state.tables[index].root(), layouts[index]);
}

void World::Store::sweep_texts(const State& live) {
    const std::lock_guard lock(mutex);
    for (const detail::Text* text : pinned) texts.mark(text);
    mark(live);
    for (const State* snapshot : snapshots) mark(*snapshot);
    texts.end_sweep();
}

}  // namespace canon
