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

#include "canon/detail/world_table.hpp"
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

/// A field as a coordinate: integers become the nearest double.
class Coordinates {
  public:
    explicit Coordinates(const Column& column) noexcept
        : integers_(std::get_if<Integers>(&column.cells)),
          numbers_(std::get_if<Numbers>(&column.cells)) {}
    double operator[](std::uint32_t row) const noexcept {
        return numbers_ != nullptr ? (*numbers_)[row] : static_cast<double>((*integers_)[row]);
    }

  private:
    const Integers* integers_;
    const Numbers* numbers_;
};

class GridIndex {
  public:
    void rebuild(const Table& table);

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
    std::vector<std::uint32_t> bucket_of_row_;  // while rebuilding
};

}  // namespace canon::detail
