#include "world/journal.hpp"

#include <bit>
#include <utility>

namespace canon {
namespace {

void put_back(detail::Column& column, std::size_t at, std::uint64_t bits) {
    switch (column.cell_type) {
        case FieldType::boolean:
            column.booleans()[at] = static_cast<std::uint8_t>(bits);
            break;
        case FieldType::number:
            column.numbers()[at] = std::bit_cast<double>(bits);
            break;
        default:
            column.integers()[at] = static_cast<std::int64_t>(bits);
            break;
    }
}

}  // namespace

bool World::is_savepoint_open() const noexcept { return journal_->is_open(); }

void World::begin_savepoint() {
    assert_writable();
    journal_->marks.push_back(
        {journal_->entries.size(), state_.next_id, state_.largest_id, effects_.size()});
}

void World::release_savepoint() {
    CANON_ASSERT(is_savepoint_open(), "release_savepoint without begin_savepoint");
    journal_->marks.pop_back();
    if (is_savepoint_open()) return;
    journal_->entries.clear();
    journal_->texts.clear();
}

// Nothing is marked as changed for the indexes: the writes that are undone have done so, and no
// freeze lies between.
void World::undo_savepoint() {
    assert_writable();
    CANON_ASSERT(is_savepoint_open(), "undo_savepoint without begin_savepoint");
    Journal& journal = *journal_;
    const Journal::Mark mark = journal.marks.back();
    journal.marks.pop_back();
    for (; journal.entries.size() > mark.entries; journal.entries.pop_back()) {
        const Journal::Entry& entry = journal.entries.back();
        Location where = entry.where;
        switch (entry.kind) {
            case Journal::Kind::bits:
            case Journal::Kind::text: {
                CANON_ASSERT(find({entry.id}, where),
                             "the journal names an entity that is not there");
                detail::Column& column = state_.tables[where.template_index].columns[entry.field];
                const std::size_t at = column.cell_at(where.row, entry.cell);
                if (entry.kind == Journal::Kind::bits) {
                    put_back(column, at, entry.bits);
                } else {
                    column.texts()[at] = std::move(journal.texts.back());
                    journal.texts.pop_back();
                }
                break;
            }
            case Journal::Kind::spawn: {
                detail::Table& table = state_.tables[where.template_index];
                CANON_ASSERT(table.rows() == where.row + 1,
                             "a spawn is undone before what came after it");
                table.drop_last_row();
                state_.directory.erase(entry.id);
                break;
            }
            case Journal::Kind::destroy:
                state_.tables[where.template_index].revive(where.row);
                state_.directory.insert(entry.id, where);
                break;
        }
    }
    effects_.truncate(mark.effects);
    state_.next_id = mark.next_id;
    state_.largest_id = mark.largest_id;
}

}  // namespace canon
