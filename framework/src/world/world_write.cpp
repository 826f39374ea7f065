// Writes by id: each finds the cell, checks that it can hold the value exactly, notes the change in
// the effects and the journal where those are kept, and for the indexes.
#include <algorithm>
#include <bit>
#include <cstring>

#include "canon/world.hpp"
#include "world/array_cells.hpp"
#include "world/effect_writer.hpp"
#include "world/indexes.hpp"
#include "world/journal.hpp"
#include "world/scalar.hpp"
#include "world/store.hpp"

namespace canon {

using detail::Block;
using detail::ColumnLayout;
using detail::TableLayout;

namespace {

Block* block_of(std::uint64_t bits) noexcept {
    return reinterpret_cast<Block*>(static_cast<std::uintptr_t>(bits));
}

// What a cell holds, not what it reads as: an entity field keeps the id of a dead one.
void put_content(Bytes& out, FieldType type, const Scalar& read, std::uint64_t bits) {
    detail::append_canonical(out, type == FieldType::entity && bits != 0
                                      ? Scalar::of(static_cast<std::int64_t>(bits))
                                      : read);
}

}  // namespace

std::uint64_t World::array_cell_bits(const Location& where, FieldIndex field,
                                     std::uint32_t index) const noexcept {
    const ColumnLayout& layout = column(where.template_index, field);
    std::uint32_t at;
    const Block* page = detail::array_page(block_of(row_bits(where, field)), layout, index, at);
    return layout.array_bytes == 1 ? page->cells<std::uint8_t>()[at]
                                   : page->cells<std::uint64_t>()[at];
}

void World::put_row_bits(const Location& where, FieldIndex field, std::uint64_t bits) noexcept {
    const ColumnLayout& layout = column(where.template_index, field);
    Block* page = where.leaf->blocks()[field + 1];
    if (layout.is_array()) blocks_.drop(page->blocks()[where.row]);
    std::memcpy(page->data() + std::size_t{where.row} * layout.cell_bytes, &bits,
                layout.cell_bytes);
}

void World::put_bits(EntityId id, const Location& where, FieldIndex field, std::uint32_t cell,
                     std::uint64_t bits) {
    indexes_->note_write(where, field, layouts_[where.template_index]);
    const ColumnLayout& layout = column(where.template_index, field);
    Block* page =
        state_.tables[where.template_index].open_page(id.value, field, layout.cell_bytes, blocks_);
    std::size_t bytes = layout.cell_bytes;
    if (layout.is_array()) {
        page = detail::open_array_page(page->blocks()[where.row], layout, cell, blocks_, cell);
        bytes = layout.array_bytes;
    } else {
        cell = where.row;
    }
    if (bytes == 1)
        page->cells<std::uint8_t>()[cell] = static_cast<std::uint8_t>(bits);
    else
        page->cells<std::uint64_t>()[cell] = bits;
}

void World::insert(EntityId id, TemplateIndex index, Location& where) {
    where.template_index = index;
    where.leaf = state_.tables[index].insert(id.value, layouts_[index], blocks_, where.row);
    std::uint32_t row;
    Block* entry = state_.directory.insert(id.value, store_->directory, blocks_, row);
    entry->blocks()[1]->cells<std::uint16_t>()[row] = static_cast<std::uint16_t>(index);
    indexes_->note_life(where, layouts_[index]);
}

void World::erase(EntityId id, const Location& where) {
    const TemplateIndex index = where.template_index;
    indexes_->note_life(where, layouts_[index]);
    state_.tables[index].erase(id.value, layouts_[index], blocks_);
    state_.directory.erase(id.value, store_->directory, blocks_);
}

// False where the cell cannot hold `value` exactly.
bool World::bits_for(const ColumnLayout& column, const Scalar& value, std::uint64_t& out) {
    std::int64_t integer;
    double number;
    const auto text = [&](std::string_view content) {
        out = reinterpret_cast<std::uintptr_t>(store_->texts.intern(content));
        return true;
    };
    switch (column.cell_type) {
        case FieldType::boolean:
            if (value.kind != Scalar::Kind::boolean) return false;
            out = value.boolean ? 1 : 0;
            return true;
        case FieldType::integer:
            if (!detail::integer_of(value, integer)) return false;
            out = static_cast<std::uint64_t>(integer);
            return true;
        case FieldType::number:
            if (!detail::number_of(value, number)) return false;
            out = std::bit_cast<std::uint64_t>(number);
            return true;
        case FieldType::entity:
            if (!detail::entity_of(value, integer)) return false;
            out = static_cast<std::uint64_t>(integer);
            return true;
        case FieldType::string:
            return value.kind == Scalar::Kind::string && text(value.text);
        case FieldType::any:
            scratch_.clear();
            return detail::append_canonical(scratch_, value) && text(detail::text_of(scratch_));
        case FieldType::array:
            break;
    }
    return false;
}

void World::record_effects(bool on) {
    CANON_ASSERT(!is_savepoint_open(), "record_effects while a savepoint is open");
    records_effects_ = on;
    effects_.clear();
}

void World::assert_writable() const noexcept {
    CANON_ASSERT(
        !frozen(),
        "a frozen world was written to: writes are for the commit, between thaw and freeze");
}

WriteResult World::locate(EntityId id, NameId field, Target& out) {
    assert_writable();
    Location where;
    if (!find(id, where)) return WriteResult::dead;
    const FieldIndex index = schema_->field(where.template_index, field);
    if (index == kNone) return WriteResult::no_field;
    out = {id, where, index, &column(where.template_index, index)};
    return WriteResult::done;
}

WriteResult World::store(const Target& target, std::uint32_t index, const Scalar& value) {
    const FieldType type = target.column->cell_type;
    std::uint64_t next;
    if (!bits_for(*target.column, value, next)) return WriteResult::wrong_type;
    const TemplateIndex owner = target.where.template_index;
    const std::uint64_t before = cell_bits(target.where, target.field, index);
    if (records_effects_ && target.column->hashed) [[unlikely]] {
        detail::begin_effect(effects_, Effect::Kind::set, target.id, owner);
        effects_.put_varint(target.field);
        effects_.put_varint(index);
        put_content(effects_, type, scalar(type, before), before);
        put_content(effects_, type, scalar(type, next), next);
    }
    if (before == next) return WriteResult::done;  // no page is written to
    if (journal_->is_open())
        journal_->entries.push_back(
            {Journal::Kind::cell, owner, target.field, index, target.id.value, before});
    put_bits(target.id, target.where, target.field, index, next);
    return WriteResult::done;
}

WriteResult World::store_list(Target target, const Scalar& list) {
    if (!detail::fits(*target.column, list)) return WriteResult::wrong_type;
    detail::each_element(list.text, target.column->width,
                         [&](std::uint32_t index, const Scalar& element) {
                             store(target, index, element);
                             // A write may have moved the leaf.
                             return find(target.id, target.where);
                         });
    return WriteResult::done;
}

WriteResult World::set(EntityId id, NameId field, const Scalar& value) {
    Target target;
    if (const WriteResult found = locate(id, field, target); found != WriteResult::done)
        return found;
    return store_field(target, value);
}

WriteResult World::store_field(const Target& target, const Scalar& value) {
    return target.column->is_array() ? store_list(target, value) : store(target, 0, value);
}

WriteResult World::add(EntityId id, NameId field, const Scalar& delta, const Scalar* min,
                       const Scalar* max) {
    Target target;
    if (const WriteResult found = locate(id, field, target); found != WriteResult::done)
        return found;
    // Entities are no amounts, though their fields read as integers.
    if (target.column->type == FieldType::entity) return WriteResult::wrong_type;
    const Scalar before = read(target.where, target.field);
    if (!detail::is_numeric(before) || !detail::is_numeric(delta) ||
        (min != nullptr && !detail::is_numeric(*min)) ||
        (max != nullptr && !detail::is_numeric(*max)))
        return WriteResult::wrong_type;

    Scalar sum;
    if (before.kind == Scalar::Kind::integer && delta.kind == Scalar::Kind::integer) {
        sum = Scalar::of(std::bit_cast<std::int64_t>(static_cast<std::uint64_t>(before.integer) +
                                                     static_cast<std::uint64_t>(delta.integer)));
    } else {
        const auto number = [](const Scalar& scalar) {
            return scalar.kind == Scalar::Kind::integer ? static_cast<double>(scalar.integer)
                                                        : scalar.number;
        };
        sum = Scalar::of(number(before) + number(delta));
    }
    if (min != nullptr && detail::less(sum, *min)) sum = *min;
    if (max != nullptr && detail::less(*max, sum)) sum = *max;
    return store(target, 0, sum);
}

WriteResult World::put(EntityId id, NameId field, std::int64_t index, const Scalar& value) {
    Target target;
    if (const WriteResult found = locate(id, field, target); found != WriteResult::done)
        return found;
    if (target.column->type == FieldType::any) {
        if (!detail::fits(FieldType::any, value)) return WriteResult::wrong_type;
        const Key key(index);
        return put(id, field, std::span(&key, 1), detail::value_of(value));
    }
    if (target.column->type != FieldType::array) return WriteResult::wrong_type;
    if (index < 1 || index > target.column->width) return WriteResult::bad_index;
    return store(target, static_cast<std::uint32_t>(index - 1), value);
}

WriteResult World::spawn(EntityId id, TemplateIndex index, std::span<const Assignment> fields) {
    assert_writable();
    const TableLayout& layout = layouts_[index];
    if (layout.is_singleton) return WriteResult::singleton;
    if (id.value <= 0 || id.value == INT64_MAX || alive(id)) return WriteResult::taken;
    for (const Assignment& assignment : fields) {
        if (assignment.field >= layout.columns.size()) return WriteResult::no_field;
        if (!detail::fits(layout.columns[assignment.field], assignment.value))
            return WriteResult::wrong_type;
    }
    Location where;
    insert(id, index, where);
    state_.largest_id = std::max(state_.largest_id, id.value);
    state_.next_id = std::max(state_.next_id, id.value + 1);

    if (records_effects_) {
        detail::begin_effect(effects_, Effect::Kind::spawn, id, index);
        effects_.put_varint(static_cast<std::uint64_t>(
            std::count_if(fields.begin(), fields.end(), [&](const Assignment& assignment) {
                return layout.columns[assignment.field].hashed;
            })));
    }
    for (const Assignment& assignment : fields) {
        if (records_effects_ && layout.columns[assignment.field].hashed) {
            effects_.put_varint(assignment.field);
            detail::append_canonical(effects_, assignment.value);
        }
        initialize(where, assignment.field, assignment.value);
    }
    if (journal_->is_open())
        journal_->entries.push_back({Journal::Kind::spawn, index, 0, 0, id.value, 0});
    return WriteResult::done;
}

// Writes a field of a fresh row, which needs no undo of its own: undoing the spawn drops it.
// `value` fits.
void World::initialize(const Location& where, FieldIndex field, const Scalar& value) {
    const ColumnLayout& layout = column(where.template_index, field);
    std::uint64_t bits = 0;
    if (!layout.is_array()) {
        bits_for(layout, value, bits);
        put_row_bits(where, field, bits);
        return;
    }
    Block*& array = where.leaf->blocks()[field + 1]->blocks()[where.row];
    detail::each_element(value.text, layout.width, [&](std::uint32_t index, const Scalar& element) {
        std::uint32_t at;
        Block* page = detail::open_array_page(array, layout, index, blocks_, at);
        bits_for(layout, element, bits);
        std::memcpy(page->data() + std::size_t{at} * layout.array_bytes, &bits, layout.array_bytes);
        return true;
    });
}

WriteResult World::destroy(EntityId id) {
    assert_writable();
    Location where;
    if (!find(id, where)) return WriteResult::dead;
    const TemplateIndex index = where.template_index;
    const TableLayout& layout = layouts_[index];
    if (layout.is_singleton) return WriteResult::singleton;
    if (records_effects_) detail::begin_effect(effects_, Effect::Kind::destroy, id, index);
    if (journal_->is_open()) {
        journal_->entries.push_back({Journal::Kind::destroy, index, 0, 0, id.value, 0});
        for (FieldIndex field = 0; field < layout.columns.size(); ++field) {
            journal_->rows.push_back(row_bits(where, field));
            if (layout.columns[field].is_array())
                detail::BlockCache::share(block_of(journal_->rows.back()));
        }
    }
    erase(id, where);
    return WriteResult::done;
}

}  // namespace canon
