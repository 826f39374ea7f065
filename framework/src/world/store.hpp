// Store: what a world shares with its snapshots beside blocks: the schema, how its cells are kept,
// and the texts.
#pragma once
#include <memory>
#include <mutex>
#include <vector>

#include "canon/schema.hpp"
#include "canon/world.hpp"
#include "world/texts.hpp"

namespace canon {

struct World::Store {
    explicit Store(std::shared_ptr<const Schema> schema);
    ~Store();

    /// Call: on the thread that writes to the world, while no savepoint is open.
    void sweep_texts(const State& live);

    const std::shared_ptr<const Schema> schema;
    std::vector<detail::TableLayout> layouts;  // by TemplateIndex
    detail::TableLayout directory;
    detail::Texts texts;
    std::vector<const detail::Text*> pinned;  // in `layouts`

    // Of the living snapshots, which other threads may drop.
    std::mutex mutex;
    std::vector<const State*> snapshots;

  private:
    void mark(const detail::Block* block, const detail::TableLayout& layout) const noexcept;
    void mark(const State& state) const noexcept;

    detail::BlockCache blocks_;  // of the initial arrays
};

}  // namespace canon
