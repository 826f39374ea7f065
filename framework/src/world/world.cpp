#include "canon/world.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <utility>

#include "world/indexes.hpp"
#include "world/journal.hpp"
#include "world/store.hpp"

namespace canon {

namespace {

std::uint64_t next_freeze() noexcept {
    static std::atomic<std::uint64_t> freezes{0};
    return freezes.fetch_add(1, std::memory_order_relaxed) + 1;
}

}  // namespace

const char* describe(WriteResult result) noexcept {
    switch (result) {
        case WriteResult::done:
            return "done";
        case WriteResult::dead:
            return "no such entity";
        case WriteResult::no_field:
            return "no such field";
        case WriteResult::wrong_type:
            return "a value that the field cannot hold";
        case WriteResult::bad_index:
            return "no such cell or path";
        case WriteResult::singleton:
            return "a singleton is neither spawned nor destroyed";
        case WriteResult::taken:
            return "the id is not positive or has an entity";
    }
    return "unknown";
}

World::World(std::shared_ptr<const Schema> schema)
    : indexes_(std::make_unique<Indexes>()), journal_(std::make_unique<Journal>()) {
    CANON_ASSERT(schema != nullptr, "a world needs a schema");
    store_ = std::make_shared<Store>(std::move(schema));
    schema_ = store_->schema.get();
    layouts_ = store_->layouts.data();
    state_.tables.resize(store_->layouts.size());
    for (TemplateIndex index = 0; index < schema_->size(); ++index) {
        const detail::TableLayout& layout = layouts_[index];
        indexes_->add(layout);
        if (!layout.is_singleton) continue;
        Location where;
        insert({state_.next_id}, index, where);
        state_.largest_id = state_.next_id++;
    }
}

World::World(const World& captured, std::vector<HostPart> host_parts)
    : store_(captured.store_),
      schema_(captured.schema_),
      layouts_(captured.layouts_),
      state_(captured.share_state()),
      host_parts_(std::move(host_parts)),
      freeze_(next_freeze()) {
    const std::lock_guard lock(store_->mutex);
    store_->snapshots.push_back(&state_);
}

World::~World() {
    if (journal_ == nullptr) {
        const std::lock_guard lock(store_->mutex);
        std::vector<const State*>& all = store_->snapshots;
        *std::find(all.begin(), all.end(), &state_) = all.back();
        all.pop_back();
    } else {
        while (is_savepoint_open()) release_savepoint();
    }
    drop(state_);
}

std::shared_ptr<const Schema> World::shared_schema() const noexcept { return store_->schema; }

World::State World::share_state() const {
    State state = state_;
    for (const detail::Tree& table : state.tables) table.share();
    state.directory.share();
    return state;
}

void World::drop(State& state) noexcept {
    for (detail::Tree& table : state.tables) table.drop(blocks_);
    state.directory.drop(blocks_);
}

void World::replace_state(State next) noexcept {
    drop(state_);
    state_ = std::move(next);
    indexes_->note_all();
}

void World::set_next_id(EntityId id) noexcept {
    assert_writable();
    CANON_ASSERT(id.value > state_.largest_id, "the next id must be larger than every id in use");
    state_.next_id = id.value;
}

EntityId World::singleton(std::string_view name) const noexcept {
    const TemplateIndex index = schema().find(name);
    return index == kNone || !layouts_[index].is_singleton ? EntityId{} : singleton(index);
}

EntityId World::next(TemplateIndex index, EntityId after) const noexcept {
    const detail::Tree& table = state_.tables[index];
    std::uint32_t row;
    // Mostly the next of the same leaf.
    if (const detail::Block* leaf = table.leaf_of(after.value); leaf != nullptr) {
        row = detail::row_of(leaf, after.value);
        if (row != kNone && row + 1 < leaf->rows) return {detail::ids_of(leaf)[row + 1]};
    }
    const detail::Block* leaf = table.leaf_after(after.value, row);
    return leaf == nullptr ? EntityId{} : EntityId{detail::ids_of(leaf)[row]};
}

void World::freeze() {
    CANON_ASSERT(!is_savepoint_open(), "freeze while a savepoint is open");
    if (frozen()) return;
    indexes_->update(state_, layouts_);
    if (store_->texts.wants_sweep()) store_->sweep_texts(state_);
    freeze_ = next_freeze();
}

void World::add_host_state(std::string name, std::unique_ptr<HostStateBase> state) {
    assert_writable();
    CANON_ASSERT(state != nullptr, "a host state is missing");
    for (const HostPart& part : host_parts_)
        CANON_ASSERT(part.name != name, "two host states of one name");
    host_parts_.push_back({std::move(name), std::move(state), {}, 0});
}

}  // namespace canon
