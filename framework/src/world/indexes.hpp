// Indexes: what a live world has beside its state to answer `near` and `where` without a scan, and
// what has changed since they were built. Not part of the state.
#pragma once
#include <optional>
#include <vector>

#include "canon/world.hpp"
#include "world/grid_index.hpp"
#include "world/key_index.hpp"

namespace canon {

struct World::Indexes {
    struct Table {
        std::optional<detail::GridIndex> grid;
        std::vector<detail::KeyIndex> keyed;
    };

    std::vector<Table> tables;  // by TemplateIndex
    bool has_entity_keys = false;

    void add(const detail::TableLayout& layout) {
        Table& table = tables.emplace_back();
        if (layout.grid_cell > 0) table.grid.emplace();
        for (const FieldIndex field : layout.keys)
            has_entity_keys |= layout.columns[field].type == FieldType::entity;
        for (const FieldIndex field : layout.keys)
            table.keyed.emplace_back(field, layout.columns[field].type);
    }
    /// Call: before the field is written to.
    void note_write(const Location& where, FieldIndex field, const detail::TableLayout& layout) {
        Table& table = tables[where.template_index];
        if (table.grid && (field == layout.grid_x || field == layout.grid_y))
            table.grid->note(where.leaf, where.row, layout);
        for (detail::KeyIndex& keyed : table.keyed)
            if (keyed.field() == field) keyed.note(where.leaf, where.row);
    }
    /// Call: after the entity there was inserted and before it is erased.
    void note_life(const Location& where, const detail::TableLayout& layout) {
        if (has_entity_keys) {
            for (Table& any : tables)
                for (detail::KeyIndex& keyed : any.keyed)
                    keyed.note_life(detail::ids_of(where.leaf)[where.row]);
        }
        Table& table = tables[where.template_index];
        if (table.grid) table.grid->note(where.leaf, where.row, layout);
        for (detail::KeyIndex& keyed : table.keyed) keyed.note(where.leaf, where.row);
    }
    void note_all() noexcept {
        for (Table& table : tables) {
            if (table.grid) table.grid->note_all();
            for (detail::KeyIndex& keyed : table.keyed) keyed.note_all();
        }
    }
    void update(const State& state, const detail::TableLayout* layouts) {
        for (TemplateIndex index = 0; index < tables.size(); ++index) {
            Table& table = tables[index];
            if (table.grid) table.grid->update(state.tables[index], layouts[index]);
            for (detail::KeyIndex& keyed : table.keyed)
                keyed.update(state.tables[index], state.directory);
        }
    }
};

}  // namespace canon
