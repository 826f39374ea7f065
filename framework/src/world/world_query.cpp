// Queries: each answers from an index where a valid one is at hand, else by a scan, and both give
// the same ids in id order.
#include <algorithm>
#include <string_view>
#include <variant>

#include "canon/world.hpp"
#include "world/grid_index.hpp"
#include "world/key_index.hpp"
#include "world/scalar.hpp"

namespace canon {

using detail::Column;
using detail::Table;

namespace {

void sort_from(std::vector<EntityId>& ids, std::size_t first) {
    std::sort(ids.begin() + static_cast<std::ptrdiff_t>(first), ids.end());
}

// Appends, in id order, the ids of the living rows that `matches`.
template <class Matches>
void scan(const Table& table, std::vector<EntityId>& out, Matches matches) {
    const std::size_t first = out.size();
    for (std::uint32_t row = 0; row < table.rows(); ++row)
        if (table.is_alive(row) && matches(row)) out.push_back({table.ids[row]});
    if (!table.is_sorted()) sort_from(out, first);
}

}  // namespace

void World::each(TemplateIndex index, std::vector<EntityId>& out) const {
    scan(state_.tables[index], out, [](std::uint32_t) { return true; });
}

bool World::near(TemplateIndex index, double x, double y, double r,
                 std::vector<EntityId>& out) const {
    const Table& table = state_.tables[index];
    if (table.grid_x == kNone) return false;
    if (!(r >= 0)) return true;
    const detail::Circle circle{x, y, r};
    const std::size_t first = out.size();
    if (table.has_valid_grid() && table.grid.built->find(circle, out)) {
        sort_from(out, first);
        return true;
    }
    const detail::Coordinates xs(table.columns[table.grid_x]);
    const detail::Coordinates ys(table.columns[table.grid_y]);
    scan(table, out, [&](std::uint32_t row) { return circle.contains(xs[row], ys[row]); });
    return true;
}

void World::where(TemplateIndex index, FieldIndex field, const Scalar& value,
                  std::vector<EntityId>& out) const {
    const Table& table = state_.tables[index];
    CANON_ASSERT(field < table.columns.size(),
                 "World::where was asked for a field that the template has not");
    const Column& column = table.columns[field];
    if (column.type == FieldType::array) return;
    if (column.type == FieldType::any) {
        scan(table, out, [&](std::uint32_t row) {
            return detail::equal(read({index, row}, field), value);
        });
        return;
    }
    std::uint64_t key;
    if (!detail::key_of(column.type, value, key)) return;
    // Two texts can have one hash.
    const auto is_text = [&](std::uint32_t row) { return column.texts()[row] == value.text; };
    for (const Table::Keyed& keyed : table.keyed) {
        if (keyed.field != field || !has_valid_keys(table, keyed)) continue;
        keyed.index.built->find(key, [&](std::uint32_t row) {
            if (column.type != FieldType::string || is_text(row)) out.push_back({table.ids[row]});
        });
        return;
    }
    if (column.type == FieldType::string)
        scan(table, out, is_text);
    else
        scan(table, out, [&](std::uint32_t row) {
            return detail::key_of_cell(column, row, state_.directory) == key;
        });
}

}  // namespace canon
