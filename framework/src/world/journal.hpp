// Journal: what to put back when a savepoint is undone: for each write the old content, newest
// last.
//
// Entries name entities by id, and only while a savepoint is open are there any. Rows do not move
// meanwhile: a destroyed entity's row is untouched under its tombstone, and a spawned one's is the
// last of its table once all later writes are undone.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "canon/world.hpp"

namespace canon {

struct World::Journal {
    enum class Kind : std::uint8_t { bits, text, spawn, destroy };

    struct Entry {
        Kind kind;
        FieldIndex field;    // bits, text
        std::uint32_t cell;  // bits, text
        std::int64_t id;
        std::uint64_t bits;  // bits: the old content
        Location where;      // spawn, destroy
    };

    struct Mark {
        std::size_t entries;
        std::int64_t next_id;
        std::int64_t largest_id;
        std::size_t effects;
    };

    bool is_open() const noexcept { return !marks.empty(); }

    std::vector<Entry> entries;
    std::vector<std::string> texts;  // the old contents, one for each entry of kind text
    std::vector<Mark> marks;
};

/// Where a write goes.
struct World::Target {
    EntityId id;
    Location where;
    FieldIndex field;
    detail::Column* column;
};

}  // namespace canon
