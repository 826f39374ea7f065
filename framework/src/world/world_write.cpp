// Writes by id: each finds the cell, checks that it can hold the value exactly, keeps the old
// content in the journal where a savepoint is open, and marks the column as changed for the
// indexes.
#include <algorithm>
#include <bit>
#include <type_traits>
#include <utility>

#include "canon/world.hpp"
#include "world/effect_writer.hpp"
#include "world/journal.hpp"
#include "world/scalar.hpp"

namespace canon {

using detail::Column;
using detail::Table;

namespace {

template <class T>
std::uint64_t bits_of(T cell) noexcept {
    if constexpr (sizeof(T) == 1)
        return cell;
    else
        return std::bit_cast<std::uint64_t>(cell);
}

// Hands the cell and its next content to `replace`. False where the cell cannot hold `value`
// exactly.
template <class Replace>
bool write_cell(Column& column, std::size_t at, const Scalar& value, Bytes& scratch,
                Replace replace) {
    std::int64_t integer;
    double number;
    switch (column.cell_type) {
        case FieldType::boolean:
            if (value.kind != Scalar::Kind::boolean) return false;
            replace(column.booleans()[at], static_cast<std::uint8_t>(value.boolean));
            return true;
        case FieldType::integer:
            if (!detail::integer_of(value, integer)) return false;
            replace(column.integers()[at], integer);
            return true;
        case FieldType::number:
            if (!detail::number_of(value, number)) return false;
            replace(column.numbers()[at], number);
            return true;
        case FieldType::entity:
            if (!detail::entity_of(value, integer)) return false;
            replace(column.integers()[at], integer);
            return true;
        case FieldType::string:
            if (value.kind != Scalar::Kind::string) return false;
            replace(column.texts()[at], std::string(value.text));
            return true;
        case FieldType::any:
            scratch.clear();
            if (!detail::append_canonical(scratch, value)) return false;
            replace(column.texts()[at], std::string(detail::text_of(scratch)));
            return true;
        case FieldType::array:
            break;
    }
    return false;
}

// Compaction moves all rows of a table: it has to be worth it.
constexpr std::uint32_t kWasteBeforeFreeze = 4096;

// Writes a field of a fresh row, which needs no undo of its own: undoing the spawn drops it.
// `value` fits.
void initialize(Column& column, std::uint32_t row, const Scalar& value, Bytes& scratch) {
    const auto write = [&](std::uint32_t index, const Scalar& content) {
        return write_cell(column, column.cell_at(row, index), content, scratch,
                          []<class T>(T& cell, T next) { cell = std::move(next); });
    };
    if (column.type == FieldType::array)
        detail::each_element(value.text, column.width, write);
    else
        write(0, value);
}

}  // namespace

void World::record_effects(bool on) {
    CANON_ASSERT(!is_savepoint_open(), "record_effects while a savepoint is open");
    records_effects_ = on;
    effects_.clear();
}

void World::assert_writable() const noexcept {
    CANON_ASSERT(
        !frozen_,
        "a frozen world was written to: writes are for the commit, between thaw and freeze");
}

WriteResult World::locate(EntityId id, NameId field, Target& out) {
    assert_writable();
    Location where;
    if (!find(id, where)) return WriteResult::dead;
    const FieldIndex index = state_.schema->field(where.template_index, field);
    if (index == kNone) return WriteResult::no_field;
    out = {id, where, index, &state_.tables[where.template_index].columns[index]};
    return WriteResult::done;
}

WriteResult World::store(const Target& target, std::uint32_t index, const Scalar& value) {
    const std::size_t at = target.column->cell_at(target.where.row, index);
    const auto replace = [&]<class T>(T& cell, T next) {
        if (records_effects_) [[unlikely]] {
            const FieldType type = target.column->cell_type;
            detail::begin_effect(effects_, Effect::Kind::set, target.id,
                                 target.where.template_index);
            effects_.put_varint(target.field);
            effects_.put_varint(index);
            detail::put_cell(effects_, type, cell);
            detail::put_cell(effects_, type, next);
        }
        if (journal_->is_open()) {
            Journal::Entry entry{Journal::Kind::bits, target.field, index, target.id.value, 0, {}};
            if constexpr (std::is_same_v<T, std::string>) {
                entry.kind = Journal::Kind::text;
                journal_->texts.push_back(std::move(cell));
            } else {
                entry.bits = bits_of(cell);
            }
            journal_->entries.push_back(entry);
        }
        cell = std::move(next);
    };
    if (!write_cell(*target.column, at, value, scratch_, replace)) return WriteResult::wrong_type;
    target.column->changed = true;
    return WriteResult::done;
}

WriteResult World::store_list(const Target& target, const Scalar& list) {
    if (!detail::fits(*target.column, list)) return WriteResult::wrong_type;
    detail::each_element(list.text, target.column->width,
                         [&](std::uint32_t index, const Scalar& element) {
                             return store(target, index, element) == WriteResult::done;
                         });
    return WriteResult::done;
}

WriteResult World::set(EntityId id, NameId field, const Scalar& value) {
    Target target;
    if (const WriteResult found = locate(id, field, target); found != WriteResult::done)
        return found;
    return target.column->type == FieldType::array ? store_list(target, value)
                                                   : store(target, 0, value);
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
    Table& table = state_.tables[index];
    if (table.is_singleton) return WriteResult::singleton;
    if (id.value <= 0 || id.value == INT64_MAX || alive(id)) return WriteResult::taken;
    for (const Assignment& assignment : fields) {
        if (assignment.field >= table.columns.size()) return WriteResult::no_field;
        if (!detail::fits(table.columns[assignment.field], assignment.value))
            return WriteResult::wrong_type;
    }
    // Texts that this world lent move when the table grows.
    std::vector<std::string> texts;
    for (const Assignment& assignment : fields)
        if (!assignment.value.text.empty()) texts.emplace_back(assignment.value.text);

    table.append(id.value);
    const Location where{index, table.rows() - 1};
    state_.directory.insert(id.value, where);
    state_.lives_changed = true;
    state_.largest_id = std::max(state_.largest_id, id.value);
    state_.next_id = std::max(state_.next_id, id.value + 1);

    if (records_effects_) {
        detail::begin_effect(effects_, Effect::Kind::spawn, id, index);
        effects_.put_varint(fields.size());
    }
    std::size_t texts_used = 0;
    for (const Assignment& assignment : fields) {
        Scalar value = assignment.value;
        if (!value.text.empty()) value.text = texts[texts_used++];
        if (records_effects_) {
            effects_.put_varint(assignment.field);
            detail::append_canonical(effects_, value);
        }
        initialize(table.columns[assignment.field], where.row, value, scratch_);
    }
    if (journal_->is_open())
        journal_->entries.push_back({Journal::Kind::spawn, 0, 0, id.value, 0, where});
    return WriteResult::done;
}

WriteResult World::destroy(EntityId id) {
    assert_writable();
    Location where;
    if (!find(id, where)) return WriteResult::dead;
    Table& table = state_.tables[where.template_index];
    if (table.is_singleton) return WriteResult::singleton;
    if (records_effects_)
        detail::begin_effect(effects_, Effect::Kind::destroy, id, where.template_index);
    table.bury(where.row);
    state_.directory.erase(id.value);
    state_.lives_changed = true;
    if (journal_->is_open())
        journal_->entries.push_back({Journal::Kind::destroy, 0, 0, id.value, 0, where});
    else if (table.tombstones > table.living() + kWasteBeforeFreeze)
        table.rearrange(0, state_.directory);
    return WriteResult::done;
}

}  // namespace canon
