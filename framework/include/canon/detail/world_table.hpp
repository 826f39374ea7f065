// Table: the entities of one template: a column for each field, a row for each entity.
//
// Rows stand in the order of their spawns; a destroyed entity leaves its row behind as a tombstone,
// so that rows stay where they are while a savepoint is open and an undo finds its data untouched.
// The first `sorted_rows` rows ascend by id, tombstones included; a frozen table is sorted
// throughout and has few tombstones.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "canon/detail/world_directory.hpp"
#include "canon/schema.hpp"

namespace canon::detail {

class GridIndex;
class KeyIndex;

using Booleans = std::vector<std::uint8_t>;
/// Of integer fields, and of entity fields: an id, or 0 for nil. A dead entity's id stays: it reads
/// as nil.
using Integers = std::vector<std::int64_t>;
/// No NaN but the canonical one.
using Numbers = std::vector<double>;
/// Of string fields, and of any fields: the value's canonical bytes.
using Texts = std::vector<std::string>;

struct Column {
    explicit Column(const FieldSpec& spec);

    Booleans& booleans() noexcept { return *std::get_if<Booleans>(&cells); }
    Integers& integers() noexcept { return *std::get_if<Integers>(&cells); }
    Numbers& numbers() noexcept { return *std::get_if<Numbers>(&cells); }
    Texts& texts() noexcept { return *std::get_if<Texts>(&cells); }
    const Booleans& booleans() const noexcept { return *std::get_if<Booleans>(&cells); }
    const Integers& integers() const noexcept { return *std::get_if<Integers>(&cells); }
    const Numbers& numbers() const noexcept { return *std::get_if<Numbers>(&cells); }
    const Texts& texts() const noexcept { return *std::get_if<Texts>(&cells); }

    std::size_t cell_at(std::uint32_t row, std::uint32_t index) const noexcept {
        return std::size_t{row} * width + index;
    }

    void append_row();
    /// Drops the rows from `rows` on.
    void truncate(std::size_t rows) noexcept;
    /// Replaces the rows from `first` on by the rows that `order` lists.
    void rearrange(std::uint32_t first, const std::vector<std::uint32_t>& order);

    FieldType type;       ///< as declared
    FieldType cell_type;  ///< `type`, or what an array holds
    bool changed = true;  ///< since the indexes were built
    std::uint32_t width;  ///< cells in a row: 1, or the array's length
    std::variant<Booleans, Integers, Numbers, Texts> cells;
    std::variant<std::uint8_t, std::int64_t, double, std::string> initial;
};

/// Consecutive rows of living entities.
struct RowRange {
    std::uint32_t begin;
    std::uint32_t end;
};

/// Follows from the rest of the table: a copy leaves it out, and whoever needs it builds it again.
template <class T>
struct Derived {
    Derived() = default;
    Derived(const Derived&) noexcept {}
    Derived(Derived&&) noexcept = default;
    Derived& operator=(const Derived&) noexcept {
        built.reset();
        return *this;
    }
    Derived& operator=(Derived&&) noexcept = default;

    std::shared_ptr<T> built;  // never shared: a unique_ptr would need to see T whole
};

struct Table {
    explicit Table(const TemplateSpec& spec);

    std::uint32_t rows() const noexcept { return static_cast<std::uint32_t>(ids.size()); }
    std::uint32_t living() const noexcept { return rows() - tombstones; }
    bool is_alive(std::uint32_t row) const noexcept { return ids[row] > 0; }
    bool is_sorted() const noexcept { return sorted_rows == rows(); }

    /// Appends a row of defaults.
    void append(std::int64_t id);
    void bury(std::uint32_t row) noexcept;
    // The undoing of the two above.
    void drop_last_row() noexcept;
    void revive(std::uint32_t row) noexcept;

    /// Sorts, and drops tombstones where they are many.
    void tidy(Directory& directory);
    /// Drops every tombstone and sorts, from the row `first` on, before which nothing has to move.
    void rearrange(std::uint32_t first, Directory& directory);

    /// All living entities in id order, whatever order the rows have.
    std::vector<RowRange> living_ranges() const;
    bool has_valid_grid() const noexcept {
        return grid.built != nullptr && !rows_changed && !columns[grid_x].changed &&
               !columns[grid_y].changed;
    }

    std::vector<std::int64_t> ids;  ///< of each row; negated in a tombstone
    std::uint32_t sorted_rows = 0;
    std::uint32_t tombstones = 0;
    bool rows_changed = true;  ///< since the indexes were built
    bool is_singleton;
    std::vector<Column> columns;

    // Indexes: valid while neither the rows nor the columns indexed have changed.
    FieldIndex grid_x = kNone;  ///< the fields that `near` measures; kNone where there are none
    FieldIndex grid_y = kNone;
    double grid_cell = 0;  ///< 0 where no grid is declared
    Derived<GridIndex> grid;
    struct Keyed {
        FieldIndex field;
        Derived<KeyIndex> index;
    };
    std::vector<Keyed> keyed;
};

}  // namespace canon::detail
