#include "world/journal.hpp"

#include "world/indexes.hpp"

namespace canon {

using detail::Block;
using detail::TableLayout;

bool World::is_savepoint_open() const noexcept { return journal_->is_open(); }

void World::begin_savepoint() {
    assert_writable();
    journal_->marks.push_back(
        {journal_->entries.size(), state_.next_id, state_.largest_id, effects_.size()});
}

void World::release_savepoint() {
    CANON_ASSERT(is_savepoint_open(), "release_savepoint without begin_savepoint");
    Journal& journal = *journal_;
    journal.marks.pop_back();
    if (is_savepoint_open()) return;
    // Only the journal still has the arrays of those that were destroyed.
    std::size_t row = journal.rows.size();
    while (!journal.entries.empty()) {
        const Journal::Entry entry = journal.entries.back();
        journal.entries.pop_back();
        if (entry.kind != Journal::Kind::destroy) continue;
        const TableLayout& layout = layouts_[entry.template_index];
        row -= layout.columns.size();
        for (std::size_t field = 0; field < layout.columns.size(); ++field)
            if (layout.columns[field].is_array())
                blocks_.drop(reinterpret_cast<Block*>(
                    static_cast<std::uintptr_t>(journal.rows[row + field])));
    }
    journal.rows.clear();
}

void World::undo_savepoint() {
    assert_writable();
    CANON_ASSERT(is_savepoint_open(), "undo_savepoint without begin_savepoint");
    Journal& journal = *journal_;
    const Journal::Mark mark = journal.marks.back();
    journal.marks.pop_back();
    for (; journal.entries.size() > mark.entries; journal.entries.pop_back()) {
        const Journal::Entry& entry = journal.entries.back();
        Location where;
        CANON_ASSERT(entry.kind == Journal::Kind::destroy || find({entry.id}, where),
                     "the journal names an entity that is not there");
        switch (entry.kind) {
            case Journal::Kind::cell:
                put_bits({entry.id}, where, entry.field, entry.cell, entry.bits);
                break;
            case Journal::Kind::spawn:
                erase({entry.id}, where);
                break;
            case Journal::Kind::destroy: {
                insert({entry.id}, entry.template_index, where);
                const TableLayout& layout = layouts_[entry.template_index];
                const std::size_t first = journal.rows.size() - layout.columns.size();
                for (FieldIndex field = 0; field < layout.columns.size(); ++field)
                    put_row_bits(where, field, journal.rows[first + field]);
                journal.rows.resize(first);
                break;
            }
        }
    }
    effects_.truncate(mark.effects);
    state_.next_id = mark.next_id;
    state_.largest_id = mark.largest_id;
}

}  // namespace canon
