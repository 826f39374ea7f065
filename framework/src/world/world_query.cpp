// Queries: each answers from an index where a valid one is at hand, else by a scan, and both give
// the same ids in id order.
#include <algorithm>
#include <string_view>

#include "canon/world.hpp"
#include "world/indexes.hpp"
#include "world/scalar.hpp"

namespace canon {

namespace {

void sort_from(std::vector<EntityId>& ids, std::size_t first) {
    std::sort(ids.begin() + static_cast<std::ptrdiff_t>(first), ids.end());
}

}  // namespace

// Appends, in id order, the ids of the entities of which `matches(leaf, row)` holds.
template <class Matches>
void World::scan(TemplateIndex index, std::vector<EntityId>& out, Matches matches) const {
    state_.tables[index].each_leaf([&](const detail::Block* leaf) {
        for (std::uint32_t row = 0; row < leaf->rows; ++row)
            if (matches(leaf, row)) out.push_back({detail::ids_of(leaf)[row]});
    });
}

void World::each(TemplateIndex index, std::vector<EntityId>& out) const {
    each_run(index,
             [&out](const Run& run) { out.insert(out.end(), run.ids().begin(), run.ids().end()); });
}

bool World::near(TemplateIndex index, double x, double y, double r,
                 std::vector<EntityId>& out) const {
    const detail::TableLayout& layout = layouts_[index];
    if (layout.grid_x == kNone) return false;
    if (!(r >= 0)) return true;
    const detail::Circle circle{x, y, r};
    const std::size_t first = out.size();
    if (indexes_ != nullptr) {
        const auto& grid = indexes_->tables[index].grid;
        if (grid && grid->is_current() && grid->find(circle, out)) {
            sort_from(out, first);
            return true;
        }
    }
    state_.tables[index].each_leaf([&](const detail::Block* leaf) {
        const detail::Coordinates xs(leaf, layout, layout.grid_x);
        const detail::Coordinates ys(leaf, layout, layout.grid_y);
        for (std::uint32_t row = 0; row < leaf->rows; ++row)
            if (circle.contains(xs[row], ys[row])) out.push_back({detail::ids_of(leaf)[row]});
    });
    return true;
}

void World::where(TemplateIndex index, FieldIndex field, const Scalar& value,
                  std::vector<EntityId>& out) const {
    const detail::TableLayout& layout = layouts_[index];
    CANON_ASSERT(field < layout.columns.size(),
                 "World::where was asked for a field that the template has not");
    const FieldType type = layout.columns[field].type;
    if (type == FieldType::array) return;
    if (type == FieldType::any) {
        scan(index, out, [&](const detail::Block* leaf, std::uint32_t row) {
            return detail::equal(read({index, row, leaf}, field), value);
        });
        return;
    }
    std::uint64_t key;
    if (!detail::key_of(type, value, key)) return;
    // A field that names a dead entity reads as nil.
    const bool is_nil = type == FieldType::entity && key == 0;
    if (type == FieldType::entity && !is_nil && !alive({static_cast<std::int64_t>(key)})) return;
    // Two texts can have one hash.
    const auto is_text = [&](const detail::Block* leaf, std::uint32_t row) {
        return detail::cells_of<const detail::Text*>(leaf, field)[row]->view() == value.text;
    };
    if (indexes_ != nullptr) {
        for (const detail::KeyIndex& keyed : indexes_->tables[index].keyed) {
            if (keyed.field() != field || !keyed.is_current()) continue;
            keyed.find(key, [&](std::int64_t id) {
                Location at;
                if (type != FieldType::string || (find({id}, at) && is_text(at.leaf, at.row)))
                    out.push_back({id});
            });
            return;
        }
    }
    scan(index, out, [&](const detail::Block* leaf, std::uint32_t row) {
        const std::uint64_t held = detail::key_of_cell(leaf, row, field, type);
        if (is_nil) return !alive({static_cast<std::int64_t>(held)});
        return held == key && (type != FieldType::string || is_text(leaf, row));
    });
}

}  // namespace canon
