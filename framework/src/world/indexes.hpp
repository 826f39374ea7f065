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
    struct Keyed {
        FieldIndex field;
        std::optional<detail::KeyIndex> index;
    };
    struct Table {
        bool has_any;  ///< else nothing of the rest is kept
        bool rows_changed = true;
        std::vector<bool> changed;  ///< by field
        std::optional<detail::GridIndex> grid;
        std::vector<Keyed> keyed;
    };

    std::vector<Table> tables;  // by TemplateIndex
    /// Spawns or deaths: entity fields may read otherwise.
    bool lives_changed = true;

    void all_changed() noexcept {
        for (Table& table : tables) {
            table.rows_changed = true;
            table.changed.assign(table.changed.size(), true);
        }
        lives_changed = true;
    }
    bool has_valid_grid(TemplateIndex index, const detail::TableLayout& layout) const noexcept {
        const Table& table = tables[index];
        return table.grid && !table.rows_changed && !table.changed[layout.grid_x] &&
               !table.changed[layout.grid_y];
    }
    bool has_valid_keys(TemplateIndex index, const Keyed& keyed, FieldType type) const noexcept {
        const Table& table = tables[index];
        return keyed.index && !table.rows_changed && !table.changed[keyed.field] &&
               !(type == FieldType::entity && lives_changed);
    }
};

}  // namespace canon
