// GridIndex: finds the entities near a point without looking at the others.
//
// The plane is cut into square cells; cell (column, row) belongs to bucket (column mod width, row
// mod height), so that any spread of entities fits a table of about as many buckets as there are
// entities, neighbours are neighbours in memory, and what shares a bucket from afar fails the test
// of its distance. What lies beyond kFurthestCell cells is kept in a list of its own; what has a
// coordinate that is no number is near nothing and left out.
#pragma once
#include <cstdint>
#include <vector>

#include "canon/detail/world_tree.hpp"
#include "canon/ids.hpp"

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
    void rebuild(const Tree& table, const TableLayout& layout);

    /// Appends the ids of the entities in `circle`, in no order. False, with nothing appended,
    /// where the circle touches so many cells that a scan is quicker. `circle.r` is 0 or more.
    bool find(const Circle& circle, std::vector<EntityId>& out) const;

  private:
    struct Entry {
        double x;
        double y;
        std::int64_t id;
    };
    struct CellRange {
        std::int64_t first;
        std::int64_t last;
    };

    CellRange cells_within(double centre, double reach) const noexcept;
    void choose_size(CellRange columns, CellRange rows, std::size_t entities);
    void find_in(std::size_t first_bucket, std::size_t last_bucket, const Circle& circle,
                 std::vector<EntityId>& out) const;

    double cells_per_unit_ = 0;
    std::size_t width_ = 1;   // buckets, a power of two
    std::size_t height_ = 1;  // buckets, a power of two
    std::vector<std::uint32_t>
        begins_;                  // bucket b is entries_[begins_[b]] up to entries_[begins_[b + 1]]
    std::vector<Entry> entries_;  // by bucket, in id order within one
    std::vector<Entry> far_;
    std::vector<Entry> found_;  // while rebuilding
};

}  // namespace canon::detail
