// Buckets: entries grouped by a number, a few of which may change without sorting all anew.
//
// Sixteen consecutive buckets are a shelf: their entries lie one after the other, each bucket's in
// order, with room for some more behind. So consecutive buckets are read almost as one array, and a
// change moves no more than the entries of a shelf. A shelf that is full moves to the end of the
// array, which has some room too; when that is used up, it is time to sort all anew.
#pragma once
#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace canon::detail {

/// What entities had when they were first written to since their index was brought up to date, and
/// maybe later: all that the index may have and should not.
template <class Entry>
class Outdated {
  public:
    /// Only the first of an entity counts.
    bool wants(std::int64_t id) const noexcept {
        return !all_ && (entries_.empty() || entries_.back().id != id);
    }
    void note(const Entry& entry) {
        if (entries_.size() < limit_)
            entries_.push_back(entry);
        else
            note_all();
    }
    void note_all() noexcept { all_ = true; }
    /// The index was brought up to date; of a table of this size.
    void clear(std::size_t table_size) noexcept {
        all_ = false;
        entries_.clear();
        limit_ = table_size / kSortFrom;
    }
    bool none() const noexcept { return !all_ && entries_.empty(); }
    bool all() const noexcept { return all_; }
    /// In id order, which is the order that tables and buckets have.
    std::span<const Entry> sorted() {
        std::sort(entries_.begin(), entries_.end());
        return entries_;
    }

  private:
    // More changes than one in so many entities cost more than sorting all anew.
    static constexpr std::size_t kSortFrom = 32;

    bool all_ = true;
    std::size_t limit_ = 0;
    std::vector<Entry> entries_;
};

/// An Entry has an `id`, and `<` that orders those of a bucket, which are all different by it.
template <class Entry>
class Buckets {
  public:
    /// `entries` are in order.
    template <class BucketOf>
    void rebuild(std::size_t bucket_count, std::span<const Entry> entries, BucketOf bucket_of) {
        changes_.clear();
        shelves_.assign(bucket_count / kShelfBuckets + 1, {});
        const auto begin_of = [this](std::size_t bucket) -> std::uint32_t& {
            return shelves_[bucket / kShelfBuckets].begins[bucket % kShelfBuckets];
        };
        for (const Entry& entry : entries) ++begin_of(bucket_of(entry));
        // From the number of a bucket's entries to where the first goes.
        end_ = 0;
        for (Shelf& shelf : shelves_) {
            const std::size_t first = end_;
            for (std::uint32_t& begin : shelf.begins) {
                const std::uint32_t size = begin;
                begin = static_cast<std::uint32_t>(end_);
                end_ += size;
            }
            end_ += room_behind(end_ - first);
            shelf.room_end = static_cast<std::uint32_t>(end_);
        }
        if (const std::size_t size = end_ + room_behind(end_); size > capacity_) {
            capacity_ = 0;
            entries_.reset();
            entries_.reset(new Entry[size]);
            capacity_ = size;
        }
        for (const Entry& entry : entries) entries_[begin_of(bucket_of(entry))++] = entry;
        // From where each bucket ends, which is where the next one begins.
        std::uint32_t first = 0;
        for (Shelf& shelf : shelves_) {
            for (std::uint32_t& begin : shelf.begins) std::swap(begin, first);
            first = shelf.room_end;
        }
    }

    /// Calls `visit(begin, end)` with one run of entries after the other, in order, that together
    /// are those of the buckets from `first` up to `last`.
    template <class Visit>
    void each_run(std::size_t first, std::size_t last, Visit visit) const {
        while (first < last) {
            const std::uint32_t* begins = shelves_[first / kShelfBuckets].begins;
            const std::size_t at = first % kShelfBuckets;
            const std::size_t end = std::min(at + last - first, kShelfBuckets);
            visit(entries_.get() + begins[at], entries_.get() + begins[end]);
            first += end - at;
        }
    }

    // What `put` and `remove` do is seen after `flush`. Between two of those an entry is either put
    // or removed, however often.

    void put(std::size_t bucket, const Entry& entry) {
        if (Entry* at = find(bucket, entry); at != nullptr)
            *at = entry;
        else
            changes_.push_back({static_cast<std::uint32_t>(bucket), true, entry});
    }
    void remove(std::size_t bucket, const Entry& entry) {
        if (find(bucket, entry) != nullptr)
            changes_.push_back({static_cast<std::uint32_t>(bucket), false, entry});
    }
    /// False where there is no room: then only `rebuild` helps.
    bool flush() {
        std::sort(changes_.begin(), changes_.end());
        changes_.erase(
            std::unique(changes_.begin(), changes_.end(),
                        [](const Change& one, const Change& next) { return !(one < next); }),
            changes_.end());
        const std::span<const Change> all(changes_);
        for (std::size_t first = 0, last; first < all.size(); first = last) {
            const std::size_t shelf = all[first].bucket / kShelfBuckets;
            for (last = first + 1; last < all.size(); ++last)
                if (all[last].bucket / kShelfBuckets != shelf) break;
            if (!apply(shelves_[shelf], all.subspan(first, last - first))) return false;
        }
        changes_.clear();
        return true;
    }

  private:
    static constexpr std::size_t kShelfBuckets = 16;

    struct Shelf {
        // Bucket b is [begins[b], begins[b + 1]) of the entries.
        std::uint32_t begins[kShelfBuckets + 1];
        std::uint32_t room_end;
    };
    struct Change {
        std::uint32_t bucket;
        bool is_put;  // of what is not there; else removed is what is there
        Entry entry;

        bool operator<(const Change& other) const noexcept {
            return bucket != other.bucket ? bucket < other.bucket : entry < other.entry;
        }
    };

    static std::size_t room_behind(std::size_t size) noexcept { return size / 8 + 2; }

    Entry* find(std::size_t bucket, const Entry& entry) const noexcept {
        const std::uint32_t* begins = shelves_[bucket / kShelfBuckets].begins;
        const std::size_t at = bucket % kShelfBuckets;
        Entry* const end = entries_.get() + begins[at + 1];
        Entry* const found = std::lower_bound(entries_.get() + begins[at], end, entry);
        return found != end && !(entry < *found) ? found : nullptr;
    }

    /// `changes` are of this shelf, in order.
    bool apply(Shelf& shelf, std::span<const Change> changes) {
        const std::size_t puts = close_gaps(shelf, changes);
        if (puts == 0) return true;
        const std::uint32_t first = shelf.begins[0];
        const std::size_t size = shelf.begins[kShelfBuckets] - first;
        if (size + puts > shelf.room_end - first) {
            const std::size_t room = size + puts + room_behind(size + puts);
            if (room > capacity_ - end_) return false;
            std::copy_n(entries_.get() + first, size, entries_.get() + end_);
            const auto shift = static_cast<std::uint32_t>(end_ - first);
            for (std::uint32_t& begin : shelf.begins) begin += shift;
            end_ += room;
            shelf.room_end = static_cast<std::uint32_t>(end_);
        }
        open_gaps(shelf, changes, puts);
        return true;
    }

    // Takes out what is removed, from the first to the last; tells how many are put.
    std::size_t close_gaps(Shelf& shelf, std::span<const Change> changes) {
        Entry* const all = entries_.get();
        Entry* const end = all + shelf.begins[kShelfBuckets];
        Entry *from = nullptr, *to = nullptr;  // where the bucket was
        Entry *read = nullptr, *write = nullptr;
        std::size_t bucket = kShelfBuckets;
        std::uint32_t removed = 0;
        for (const Change& change : changes) {
            if (change.is_put) continue;
            if (change.bucket % kShelfBuckets != bucket) {
                bucket = change.bucket % kShelfBuckets;
                from = all + shelf.begins[bucket] + removed;
                to = all + shelf.begins[bucket + 1] + removed;
            }
            // Whatever lies before `read` by now is less than what is sought.
            Entry* const at = std::lower_bound(from, to, change.entry);
            write = removed == 0 ? at : std::copy(read, at, write);
            read = at + 1;
            ++removed;
            for (std::size_t i = bucket; i < kShelfBuckets; ++i) --shelf.begins[i + 1];
        }
        if (removed != 0) std::copy(read, end, write);
        return changes.size() - removed;
    }

    // Lets in what is put, from the last to the first. There is room.
    void open_gaps(Shelf& shelf, std::span<const Change> changes, std::size_t puts) {
        Entry* const all = entries_.get();
        Entry *from = nullptr, *to = nullptr;  // where the bucket was
        Entry* read = all + shelf.begins[kShelfBuckets];
        Entry* write = read + puts;
        std::size_t bucket = kShelfBuckets;
        for (auto change = changes.rbegin(); change != changes.rend(); ++change) {
            if (!change->is_put) continue;
            if (change->bucket % kShelfBuckets != bucket) {
                bucket = change->bucket % kShelfBuckets;
                from = all + shelf.begins[bucket];
                to = all + shelf.begins[bucket + 1];
            }
            // Whatever lies from `read` on by now is greater than what is sought.
            Entry* const at = std::lower_bound(from, to, change->entry);
            write = std::copy_backward(at, read, write);
            *--write = change->entry;
            read = at;
            for (std::size_t i = bucket; i < kShelfBuckets; ++i) ++shelf.begins[i + 1];
        }
    }

    std::vector<Shelf> shelves_;
    std::unique_ptr<Entry[]> entries_;
    std::size_t capacity_ = 0;
    std::size_t end_ = 0;  // of all shelves' room
    std::vector<Change> changes_;
};

}  // namespace canon::detail
