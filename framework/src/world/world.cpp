#include "canon/world.hpp"

#include <algorithm>
#include <utility>

#include "world/grid_index.hpp"
#include "world/journal.hpp"
#include "world/key_index.hpp"

namespace canon {

const char* describe(WriteResult result) noexcept {
    switch (result) {
        case WriteResult::done:
            return "done";
        case WriteResult::dead:
            return "no such entity";
        case WriteResult::no_field:
            return "no such field";
        case WriteResult::wrong_type:
            return "a value that the field cannot hold";
        case WriteResult::bad_index:
            return "no such cell or path";
        case WriteResult::singleton:
            return "a singleton is neither spawned nor destroyed";
        case WriteResult::taken:
            return "the id is not positive or has an entity";
    }
    return "unknown";
}

World::World(std::shared_ptr<const Schema> schema) : journal_(std::make_unique<Journal>()) {
    CANON_ASSERT(schema != nullptr, "a world needs a schema");
    state_.schema = std::move(schema);
    state_.tables.reserve(state_.schema->size());
    for (TemplateIndex index = 0; index < state_.schema->size(); ++index) {
        detail::Table& table = state_.tables.emplace_back((*state_.schema)[index]);
        if (!table.is_singleton) continue;
        table.append(state_.next_id);
        state_.directory.insert(state_.next_id, {index, 0});
        state_.largest_id = state_.next_id++;
    }
}

World::World(const State& state, std::vector<HostPart> host_parts)
    : state_(state), host_parts_(std::move(host_parts)), journal_(std::make_unique<Journal>()) {
    for (detail::Table& table : state_.tables) table.tidy(state_.directory);
    frozen_ = true;
}

World::~World() = default;

void World::set_next_id(EntityId id) noexcept {
    assert_writable();
    CANON_ASSERT(id.value > state_.largest_id, "the next id must be larger than every id in use");
    state_.next_id = id.value;
}

EntityId World::singleton(std::string_view name) const noexcept {
    const TemplateIndex index = state_.schema->find(name);
    if (index == kNone || !state_.tables[index].is_singleton) return {};
    return {state_.tables[index].ids[0]};
}

void World::freeze() {
    CANON_ASSERT(!is_savepoint_open(), "freeze while a savepoint is open");
    if (frozen_) return;
    for (detail::Table& table : state_.tables) {
        table.tidy(state_.directory);
        if (table.grid_cell > 0 && !table.has_valid_grid()) {
            if (table.grid.built == nullptr)
                table.grid.built = std::make_shared<detail::GridIndex>();
            table.grid.built->rebuild(table);
        }
        for (detail::Table::Keyed& keyed : table.keyed) {
            if (has_valid_keys(table, keyed)) continue;
            if (keyed.index.built == nullptr)
                keyed.index.built = std::make_shared<detail::KeyIndex>();
            keyed.index.built->rebuild(table, keyed.field, state_.directory);
        }
    }
    for (detail::Table& table : state_.tables) {
        table.rows_changed = false;
        for (detail::Column& column : table.columns) column.changed = false;
    }
    state_.lives_changed = false;
    frozen_ = true;
}

bool World::has_valid_keys(const detail::Table& table,
                           const detail::Table::Keyed& keyed) const noexcept {
    const detail::Column& column = table.columns[keyed.field];
    return keyed.index.built != nullptr && !table.rows_changed && !column.changed &&
           !(column.type == FieldType::entity && state_.lives_changed);
}

void World::add_host_state(std::string name, std::unique_ptr<HostStateBase> state) {
    assert_writable();
    CANON_ASSERT(state != nullptr, "a host state is missing");
    for (const HostPart& part : host_parts_)
        CANON_ASSERT(part.name != name, "two host states of one name");
    host_parts_.push_back({std::move(name), std::move(state), {}, 0});
}

}  // namespace canon
