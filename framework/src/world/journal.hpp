// Journal: what to put back when a savepoint is undone: for each write the old content, newest
// last.
//
// Entries name entities by id, and only while a savepoint is open are there any. Where an entity
// lies follows from the ids that live, so putting back what was there puts it back where it was.
#pragma once
#include <cstdint>
#include <vector>

#include "canon/world.hpp"

namespace canon {

struct World::Journal {
    enum class Kind : std::uint8_t { cell, spawn, destroy };

    struct Entry {
        Kind kind;
        TemplateIndex template_index;
        FieldIndex field;    // cell
        std::uint32_t cell;  // cell
        std::int64_t id;
        std::uint64_t bits;  // cell: the old content
    };

    struct Mark {
        std::size_t entries;
        std::int64_t next_id;
        std::int64_t largest_id;
        std::size_t effects;
    };

    bool is_open() const noexcept { return !marks.empty(); }

    std::vector<Entry> entries;
    // Of those destroyed, one after the other, all that their leaf's pages had: of arrays the
    // block, to which each is a reference.
    std::vector<std::uint64_t> rows;
    std::vector<Mark> marks;
};

/// Where a write goes.
struct World::Target {
    EntityId id;
    Location where;
    FieldIndex field;
    const detail::ColumnLayout* column;
};

}  // namespace canon
