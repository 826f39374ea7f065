#include "world/grid_index.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace canon::detail {
namespace {

// Up to here every cell number is an exact double, and so a safe cast.
constexpr double kFurthestCell = 0x1p52;
constexpr std::int64_t kFurthestCellNumber = std::int64_t{1} << 52;

constexpr std::size_t kLeastBuckets = 64;
constexpr std::size_t kMostBuckets = std::size_t{1} << 30;

// Looking at more than this share of the buckets costs more than a scan, which need not sort.
constexpr std::size_t kScanFrom = 4;

// `number` is at most kFurthestCell away from 0.
std::int64_t floor_cell(double number) noexcept {
    const auto cell = static_cast<std::int64_t>(number);
    return cell - (number < static_cast<double>(cell));
}

bool is_sane(double number) noexcept { return number >= -kFurthestCell && number <= kFurthestCell; }

std::size_t wrap(std::int64_t cell, std::size_t size) noexcept {
    return static_cast<std::size_t>(cell) & (size - 1);
}

}  // namespace

void GridIndex::rebuild(const Tree& table, const TableLayout& layout) {
    cells_per_unit_ = 1.0 / layout.grid_cell;
    far_.clear();
    found_.clear();
    found_.reserve(table.size());
    CellRange columns{kFurthestCellNumber, -kFurthestCellNumber};
    CellRange rows = columns;
    table.each_leaf([&](const Block* leaf) {
        const Coordinates xs(leaf, layout, layout.grid_x);
        const Coordinates ys(leaf, layout, layout.grid_y);
        for (std::uint32_t row = 0; row < leaf->rows; ++row) {
            const double x = xs[row], y = ys[row];
            if (x != x || y != y) continue;
            const bool is_near = is_sane(x * cells_per_unit_) && is_sane(y * cells_per_unit_);
            (is_near ? found_ : far_).push_back({x, y, ids_of(leaf)[row]});
            if (!is_near) continue;
            const std::int64_t cell_x = floor_cell(x * cells_per_unit_);
            const std::int64_t cell_y = floor_cell(y * cells_per_unit_);
            columns = {std::min(columns.first, cell_x), std::max(columns.last, cell_x)};
            rows = {std::min(rows.first, cell_y), std::max(rows.last, cell_y)};
        }
    });
    choose_size(columns, rows, found_.size());

    // A counting sort by bucket, which keeps the order of ids. Until the last loop, begins_[b + 1]
    // is where the next entry of bucket b goes; then it is where bucket b ends.
    begins_.assign(width_ * height_ + 2, 0);
    const auto bucket_of = [this](const Entry& entry) {
        const std::int64_t cell_x = floor_cell(entry.x * cells_per_unit_);
        const std::int64_t cell_y = floor_cell(entry.y * cells_per_unit_);
        return wrap(cell_y, height_) * width_ + wrap(cell_x, width_);
    };
    for (const Entry& entry : found_) ++begins_[bucket_of(entry) + 2];
    for (std::size_t bucket = 1; bucket < begins_.size(); ++bucket)
        begins_[bucket] += begins_[bucket - 1];
    entries_.resize(found_.size());
    for (const Entry& entry : found_) entries_[begins_[bucket_of(entry) + 1]++] = entry;
}

void GridIndex::choose_size(CellRange columns, CellRange rows, std::size_t entities) {
    width_ = height_ = 1;
    if (entities == 0) return;
    const std::size_t budget = std::clamp(std::bit_ceil(entities), kLeastBuckets, kMostBuckets);
    width_ = std::bit_ceil(static_cast<std::size_t>(columns.last - columns.first + 1));
    height_ = std::bit_ceil(static_cast<std::size_t>(rows.last - rows.first + 1));
    while (width_ > budget / height_) (width_ > height_ ? width_ : height_) /= 2;
}

GridIndex::CellRange GridIndex::cells_within(double centre, double reach) const noexcept {
    // Where a sum is no number (of infinities), it bounds nothing.
    const double first = (centre - reach) * cells_per_unit_;
    const double last = (centre + reach) * cells_per_unit_;
    return {
        first >= -kFurthestCell ? floor_cell(std::min(first, kFurthestCell)) : -kFurthestCellNumber,
        last <= kFurthestCell ? floor_cell(std::max(last, -kFurthestCell)) : kFurthestCellNumber};
}

bool GridIndex::find(const Circle& circle, std::vector<EntityId>& out) const {
    if (std::isinf(circle.r * circle.r)) return false;
    // Never less than the largest distance that the rounded test lets pass: squares round by a few
    // parts in 2^53, and those of less than about 1e-162 are zero.
    const double reach = circle.r * (1 + 1e-9) + 1e-150;
    const CellRange columns = cells_within(circle.x, reach);
    const CellRange rows = cells_within(circle.y, reach);
    const std::size_t column_count =
        std::min(static_cast<std::size_t>(columns.last - columns.first + 1), width_);
    const std::size_t row_count =
        std::min(static_cast<std::size_t>(rows.last - rows.first + 1), height_);
    if (column_count * row_count > std::max(width_ * height_, kLeastBuckets) / kScanFrom)
        return false;

    const std::size_t first_column = wrap(columns.first, width_);
    const std::size_t end_column = first_column + column_count;
    for (std::size_t i = 0; i < row_count; ++i) {
        const std::size_t bucket_row = (wrap(rows.first, height_) + i) & (height_ - 1);
        const std::size_t begin = bucket_row * width_;
        find_in(begin + first_column, begin + std::min(end_column, width_), circle, out);
        if (end_column > width_) find_in(begin, begin + end_column - width_, circle, out);
    }
    for (const Entry& entry : far_)
        if (circle.contains(entry.x, entry.y)) out.push_back({entry.id});
    return true;
}

void GridIndex::find_in(std::size_t first_bucket, std::size_t last_bucket, const Circle& circle,
                        std::vector<EntityId>& out) const {
    const Entry* entry = entries_.data() + begins_[first_bucket];
    const Entry* const end = entries_.data() + begins_[last_bucket];
    const std::size_t before = out.size();
    out.resize(before + static_cast<std::size_t>(end - entry));
    EntityId* next = out.data() + before;
    // Every id is written and some are overwritten: which ones are in the circle no processor can
    // predict.
    for (; entry != end; ++entry) {
        *next = {entry->id};
        next += circle.contains(entry->x, entry->y) ? 1 : 0;
    }
    out.resize(static_cast<std::size_t>(next - out.data()));
}

}  // namespace canon::detail
