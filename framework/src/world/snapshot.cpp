#include "canon/snapshot.hpp"

#include <string>
#include <utility>
#include <vector>

#include "world/journal.hpp"
#include "world/store.hpp"

namespace canon {

std::shared_ptr<const Snapshot> World::capture() const {
    std::vector<HostPart> parts;
    parts.reserve(host_parts_.size());
    for (const HostPart& part : host_parts_) {
        HostPart& copy = parts.emplace_back();
        copy.name = part.name;
        part.save_into(copy.saved);
        copy.saved_hash = part.hash();
    }
    std::unique_ptr<const World> copy(new World(*this, std::move(parts)));
    return std::shared_ptr<const Snapshot>(new Snapshot(std::move(copy)));
}

void World::restore(const Snapshot& snapshot) {
    assert_writable();
    CANON_ASSERT(!is_savepoint_open(), "restore while a savepoint is open");
    const World& from = snapshot.world();
    if (from.schema().digest() != schema().digest())
        throw Error("the snapshot is of a world with other templates");
    if (from.host_parts_.size() != host_parts_.size())
        throw Error("the snapshot has " + std::to_string(from.host_parts_.size()) +
                    " host states, expected " + std::to_string(host_parts_.size()));
    std::vector<std::span<const std::uint8_t>> saved;
    for (std::size_t i = 0; i < host_parts_.size(); ++i) {
        const HostPart& part = from.host_parts_[i];
        if (part.name != host_parts_[i].name)
            throw Error("the snapshot has the host state '" + part.name + "', expected '" +
                        host_parts_[i].name + "'");
        saved.push_back(part.saved.view());
    }
    load_host_parts(saved);
    replace_state(from.share_state());
    if (from.store_ != store_) adopt_texts();
}

// What another world's snapshot has in text fields belongs to that world: the same from our store.
void World::adopt_texts() {
    for (TemplateIndex index = 0; index < schema().size(); ++index) {
        const detail::TableLayout& layout = layouts_[index];
        if (!layout.has_texts) continue;
        std::uint32_t row;
        detail::Tree& table = state_.tables[index];
        std::int64_t last = 0;
        while (const detail::Block* leaf = table.leaf_after(last, row)) {
            const std::int64_t first = detail::ids_of(leaf)[row];
            last = detail::ids_of(leaf)[leaf->rows - 1];
            const std::size_t rows = leaf->rows;
            for (FieldIndex field = 0; field < layout.columns.size(); ++field) {
                if (layout.columns[field].kind != detail::ColumnLayout::Kind::text) continue;
                auto* cells = table.open_page(first, field, sizeof(detail::Text*), blocks_)
                                  ->cells<const detail::Text*>();
                for (std::size_t at = 0; at < rows; ++at)
                    cells[at] = store_->texts.intern(cells[at]->view());
            }
        }
    }
}

}  // namespace canon
