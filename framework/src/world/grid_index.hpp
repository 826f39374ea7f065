// GridIndex: finds the entities near a point without looking at the others.
//
// The plane is cut into square cells; cell (column, row) belongs to bucket (column mod width, row
// mod height), so that any spread of entities fits a table of about as many buckets as there are
// entities, neighbours are neighbours in memory, and what shares a bucket from afar fails the test
// of its distance. What lies beyond kFurthestCell cells has a bucket of its own, and so has what is
// near nothing because a coordinate is no number.
#pragma once
#include <cstdint>
#include <vector>

#include "canon/detail/world_tree.hpp"
#include "canon/ids.hpp"
#include "world/buckets.hpp"

namespace canon::detail {

/// The test that decides, with an index and without: in doubles, operation by operation as it
/// stands here.
struct Circle {
    double x;
    double y;
    double r;

    bool contains(double px, double py) const noexcept {
        const double dx = x - px;
        const double dy = y - py;
        return dx * dx + dy * dy <= r * r;
    }
};

/// A field of a leaf as a coordinate: integers become the nearest double.
class Coordinates {
  public:
    Coordinates(const Block* leaf, const TableLayout& layout, FieldIndex field) noexcept
        : cells_(leaf->blocks()[field + 1]->data()),
          is_number_(layout.columns[field].type == FieldType::number) {}
    double operator[](std::uint32_t row) const noexcept {
        return is_number_ ? reinterpret_cast<const double*>(cells_)[row]
                          : static_cast<double>(reinterpret_cast<const std::int64_t*>(cells_)[row]);
    }

  private:
    const std::byte* cells_;
    bool is_number_;
};

class GridIndex {
  public:
    /// Call: before the entity at this row is erased or its coordinates are written to, and after
    /// it was inserted.
    void note(const Block* leaf, std::uint32_t row, const TableLayout& layout) {
        if (outdated_.wants(ids_of(leaf)[row])) outdated_.note(entry_of(leaf, row, layout));
    }
    /// All may have changed.
    void note_all() noexcept { outdated_.note_all(); }
    void update(const Tree& table, const TableLayout& layout);
    bool is_current() const noexcept { return outdated_.none(); }

    /// Appends the ids of the entities in `circle`, in no order. False, with nothing appended,
    /// where the circle touches so many cells that a scan is quicker. `circle.r` is 0 or more.
    bool find(const Circle& circle, std::vector<EntityId>& out) const;

  private:
    struct Entry {
        double x;
        double y;
        std::int64_t id;

        bool operator<(const Entry& other) const noexcept { return id < other.id; }
    };
    struct CellRange {
        std::int64_t first;
        std::int64_t last;

        void add(std::int64_t cell) noexcept {
            first = cell < first ? cell : first;
            last = cell > last ? cell : last;
        }
    };
    struct Size {
        std::size_t width;   // buckets, a power of two
        std::size_t height;  // buckets, a power of two

        std::size_t buckets() const noexcept { return width * height; }
        bool operator==(const Size&) const = default;
    };

    static Entry entry_of(const Block* leaf, std::uint32_t row,
                          const TableLayout& layout) noexcept {
        return {Coordinates(leaf, layout, layout.grid_x)[row],
                Coordinates(leaf, layout, layout.grid_y)[row], ids_of(leaf)[row]};
    }
    bool cell_of(double x, double y, std::int64_t& column, std::int64_t& row) const noexcept;
    std::size_t bucket_of(double x, double y) const noexcept;
    void cover(double x, double y) noexcept;
    Size choose_size() const noexcept;
    void rebuild(const Tree& table, const TableLayout& layout);
    bool move(const Tree& table, const TableLayout& layout);
    CellRange cells_within(double centre, double reach) const noexcept;
    void find_in(std::size_t first_bucket, std::size_t last_bucket, const Circle& circle,
                 std::vector<EntityId>& out) const;

    double cells_per_unit_ = 0;
    std::size_t most_buckets_ = 0;
    CellRange columns_{};  // of all entities, but not of those too far away
    CellRange rows_{};
    Size size_{1, 1};
    Buckets<Entry> buckets_;
    Outdated<Entry> outdated_;
};

}  // namespace canon::detail
