// A world that goes on with other templates.
#include <algorithm>
#include <cstring>
#include <utility>

#include "world/array_cells.hpp"
#include "world/indexes.hpp"
#include "world/journal.hpp"
#include "world/scalar.hpp"
#include "world/store.hpp"

namespace canon {

using detail::Block;
using detail::ColumnLayout;

void World::exchange(World& other) {
    for (const World* world :
         {static_cast<const World*>(this), static_cast<const World*>(&other)}) {
        world->assert_writable();
        CANON_ASSERT(!world->is_savepoint_open(), "exchange while a savepoint is open");
    }
    std::swap(store_, other.store_);
    std::swap(schema_, other.schema_);
    std::swap(layouts_, other.layouts_);
    std::swap(state_, other.state_);
    std::swap(indexes_, other.indexes_);
    clear_effects();
    other.clear_effects();
}

// False where the field cannot hold what the other has.
bool World::take_field(const World& from, const Location& at, FieldIndex source,
                       const Location& where, FieldIndex field) {
    const ColumnLayout& had = from.column(at.template_index, source);
    const ColumnLayout& has = column(where.template_index, field);
    if (had.is_array() != has.is_array()) return false;
    // Of an entity the id, of a dead one too.
    const auto content = [&](std::uint64_t bits) {
        return had.cell_type == FieldType::entity && bits != 0
                   ? Scalar::of(static_cast<std::int64_t>(bits))
                   : from.scalar(had.cell_type, bits);
    };
    if ((had.cell_type == FieldType::entity) != (has.cell_type == FieldType::entity)) return false;
    if (!has.is_array()) {
        const Scalar value = content(from.row_bits(at, source));
        if (!detail::fits(has, value)) return false;
        initialize(where, field, value);
        return true;
    }
    bool fits_all = true;
    Block*& array = where.leaf->blocks()[field + 1]->blocks()[where.row];
    for (std::uint32_t cell = 0; cell < std::min(had.width, has.width); ++cell) {
        std::uint64_t bits = 0;
        if (!bits_for(has, content(from.array_cell_bits(at, source, cell)), bits)) {
            fits_all = false;
            continue;
        }
        if (bits == has.initial_cell) continue;
        std::uint32_t place;
        Block* page = detail::open_array_page(array, has, cell, blocks_, place);
        std::memcpy(page->data() + std::size_t{place} * has.array_bytes, &bits, has.array_bytes);
    }
    return fits_all;
}

void World::take_entities(const World& from, TemplateIndex source, TemplateIndex index,
                          std::vector<std::string>& lines) {
    const TemplateSpec& had = from.schema()[source];
    const TemplateSpec& has = schema()[index];
    std::vector<FieldIndex> sources;  // by field
    for (const FieldSpec& field : has.fields) {
        sources.push_back(from.schema().any_field(source, field.name));
        if (sources.back() == kNone) lines.push_back(has.name + "." + field.name + " is new");
    }
    for (FieldIndex field = 0; field < had.fields.size(); ++field)
        if (std::find(sources.begin(), sources.end(), field) == sources.end())
            lines.push_back(had.name + "." + had.fields[field].name + " is gone");
    std::vector<std::size_t> lost(sources.size(), 0);
    from.each_run(source, [&](const Run& run) {
        for (std::size_t row = 0; row < run.size(); ++row) {
            Location where;
            insert(run.ids()[row], index, where);
            for (FieldIndex field = 0; field < sources.size(); ++field)
                if (sources[field] != kNone &&
                    !take_field(from, run[row], sources[field], where, field))
                    ++lost[field];
        }
    });
    for (FieldIndex field = 0; field < sources.size(); ++field)
        if (lost[field] != 0)
            lines.push_back(has.name + "." + has.fields[field].name + ": of " +
                            std::to_string(lost[field]) + " of " +
                            std::to_string(from.count(source)) +
                            " entities the value, or a cell, does not fit and is the default");
}

std::vector<std::string> World::change_schema(std::shared_ptr<const Schema> given) {
    std::vector<std::string> lines;
    World next(std::move(given));
    for (TemplateIndex index = 0; index < next.schema().size(); ++index) {
        if (!next.layouts_[index].is_singleton) continue;
        Location where;
        next.find(next.singleton(index), where);
        next.erase(next.singleton(index), where);
    }
    next.state_.next_id = state_.next_id;
    next.state_.largest_id = state_.largest_id;
    // kNone where the other has no template of that name, or one of the other kind.
    const auto find_same = [](const Schema& other, const TemplateSpec& spec) {
        const TemplateIndex found = other.find(spec.name);
        return found != kNone && other[found].singleton == spec.singleton ? found : kNone;
    };
    for (TemplateIndex index = 0; index < next.schema().size(); ++index) {
        const TemplateSpec& spec = next.schema()[index];
        if (const TemplateIndex found = find_same(schema(), spec); found != kNone) {
            next.take_entities(*this, found, index, lines);
            continue;
        }
        lines.push_back(spec.name + " is new");
        if (!spec.singleton) continue;
        Location where;
        next.state_.largest_id = next.state_.next_id++;
        next.insert({next.state_.largest_id}, index, where);
    }
    for (TemplateIndex index = 0; index < schema().size(); ++index) {
        const TemplateSpec& spec = schema()[index];
        if (find_same(next.schema(), spec) != kNone) continue;
        lines.push_back(spec.name + " is gone" +
                        (spec.singleton ? std::string()
                                        : ", with " + std::to_string(count(index)) + " entities"));
    }
    exchange(next);
    return lines;
}

}  // namespace canon
