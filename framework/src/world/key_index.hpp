// KeyIndex: finds the entities whose field has a given content without looking at the others.
//
// Each content is a key of 64 bits: the number itself, or a text's hash. Entries are grouped by a
// bucket of their key, in id order within it. So equal keys answer in id order, and other keys that
// share the bucket are told apart by the key.
//
// A field that names an entity has its id as key, dead or alive; where it reads as nil, since that
// entity is dead or there is none, it is found by the key 0 too. So a death or a spawn changes the
// entries of those that name it, which are found by its id.
#pragma once
#include <cstdint>
#include <vector>

#include "canon/detail/world_tree.hpp"
#include "canon/world.hpp"
#include "world/buckets.hpp"

namespace canon::detail {

/// The key that entities with `value` in a field of this type have; false where no content equals
/// `value`.
bool key_of(FieldType type, const Scalar& value, std::uint64_t& out) noexcept;

/// Of an entity field: the id as it stands there, whether it is alive or not.
std::uint64_t key_of_cell(const Block* leaf, std::uint32_t row, FieldIndex field,
                          FieldType type) noexcept;

class KeyIndex {
  public:
    KeyIndex(FieldIndex field, FieldType type) noexcept : field_(field), type_(type) {}

    FieldIndex field() const noexcept { return field_; }
    /// Lives that begin or end make a difference.
    bool is_of_entities() const noexcept { return type_ == FieldType::entity; }

    /// Call: before the entity at this row is erased or the field is written to, and after it was
    /// inserted.
    void note(const Block* leaf, std::uint32_t row) {
        const std::int64_t id = ids_of(leaf)[row];
        if (outdated_.wants(id)) outdated_.note({key_of_cell(leaf, row, field_, type_), id});
    }
    /// Call: when the life of any entity begins or ends.
    void note_life(std::int64_t id) {
        if (is_of_entities() && lives_.wants(id)) lives_.note({id});
    }
    /// All may have changed.
    void note_all() noexcept { outdated_.note_all(); }
    /// `directory` has who is alive.
    void update(const Tree& table, const Tree& directory);
    bool is_current() const noexcept { return outdated_.none() && lives_.none(); }

    /// Calls `visit` with the id of each entity of this key, in id order. Those that name
    /// a dead entity are found by its id too.
    template <class Visit>
    void find(std::uint64_t key, Visit visit) const {
        const std::size_t bucket = bucket_of(key);
        buckets_.each_run(bucket, bucket + 1, [&](const Entry* entry, const Entry* end) {
            for (; entry != end; ++entry)
                if (entry->key == key) visit(entry->id);
        });
    }

  private:
    struct Entry {
        std::uint64_t key;
        std::int64_t id;

        bool operator<(const Entry& other) const noexcept {
            return id != other.id ? id < other.id : key < other.key;
        }
    };

    struct Life {
        std::int64_t id;

        bool operator<(const Life& other) const noexcept { return id < other.id; }
    };

    std::size_t bucket_of(std::uint64_t key) const noexcept {
        return static_cast<std::size_t>(key * 0x9E3779B97F4A7C15ull >> shift_);
    }
    /// Beside the one that an entity field has where it is nil.
    bool has_entry(std::uint64_t key) const noexcept { return key != 0 || !is_of_entities(); }
    void place(std::uint64_t key, std::int64_t id, bool is_there);
    void rebuild(const Tree& table, const Tree& directory);
    bool change(const Tree& table, const Tree& directory);

    FieldIndex field_;
    FieldType type_;
    int shift_ = 63;
    Buckets<Entry> buckets_;
    Outdated<Entry> outdated_;
    Outdated<Life> lives_;
};

}  // namespace canon::detail
