// The shape of the trees, and what snapshots and savepoints see of the blocks below.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <map>
#include <memory>
#include <vector>

#include "canon/random.hpp"
#include "canon/snapshot.hpp"
#include "canon/world.hpp"
#include "world/array_cells.hpp"

namespace canon {
namespace {

std::shared_ptr<const Schema> small_schema() {
    auto schema = std::make_shared<Schema>();
    schema->add(
        {.name = "thing",
         .fields = {
             {.name = "n", .type = FieldType::integer},
             {.name = "name", .type = FieldType::string},
             {.name = "list", .type = FieldType::array, .element = FieldType::integer, .length = 3},
             {.name = "map",
              .type = FieldType::array,
              .element = FieldType::boolean,
              .length = 9000}}});
    return schema;
}

constexpr TemplateIndex kThing = 0;

std::uint64_t below(RandomStream& random, std::uint64_t limit) {
    return static_cast<std::uint64_t>(random.next_integer(0, static_cast<std::int64_t>(limit) - 1));
}

// The tree that holds these ids, by the rule: where more than 512 live in a range, it has a node.
struct Shape {
    int nodes = 0;
    int leaves = 0;
    friend bool operator==(const Shape&, const Shape&) = default;
};
Shape shape_below(const detail::Block* block) {
    if (block->kind == detail::Block::Kind::leaf) return {0, 1};
    Shape sum{1, 0};
    for (std::size_t at = 0; at < detail::kFanOut; ++at) {
        if (block->blocks()[at] == nullptr) continue;
        const Shape part = shape_below(block->blocks()[at]);
        sum = {sum.nodes + part.nodes, sum.leaves + part.leaves};
    }
    return sum;
}
Shape expected_below(const std::vector<std::int64_t>& ids, std::size_t begin, std::size_t end,
                     int level) {
    if (end - begin <= detail::kLeafRows) return {0, 1};
    Shape sum{1, 0};
    const auto child_of = [&](std::size_t at) {
        return ids[at] >> detail::Tree::shift_of(level - 1);
    };
    for (std::size_t first = begin; first < end;) {
        std::size_t last = first;
        while (last < end && child_of(last) == child_of(first)) ++last;
        const Shape part = expected_below(ids, first, last, level - 1);
        sum = {sum.nodes + part.nodes, sum.leaves + part.leaves};
        first = last;
    }
    return sum;
}

// Ids as they come: dense, in blocks of jobs, far apart, and at the end of all.
std::int64_t some_id(RandomStream& random) {
    switch (below(random, 5)) {
        case 0:
            return 1 + static_cast<std::int64_t>(below(random, 3000));
        case 1:
            return 1 + static_cast<std::int64_t>(below(random, 3000) * 1024);
        case 2:
            return 1 + static_cast<std::int64_t>(random.next() >> 2);
        case 3:
            return (std::int64_t{1} << 40) + static_cast<std::int64_t>(below(random, 1200));
        default:
            return INT64_MAX - 1 - static_cast<std::int64_t>(below(random, 700));
    }
}

using Content = std::map<std::int64_t, std::int64_t>;

void check_content(const World& world, const Content& content) {
    BOOST_TEST_REQUIRE(world.count(kThing) == content.size());
    EntityId at;
    for (const auto& [id, n] : content) {
        at = world.next(kThing, at);
        BOOST_TEST_REQUIRE(at.value == id);
        Location where;
        BOOST_TEST_REQUIRE(world.find(at, where));
        BOOST_TEST_REQUIRE(world.read(where, 0).integer == n);
        BOOST_TEST_REQUIRE(world.read(where, 1).text == std::to_string(n));
        BOOST_TEST_REQUIRE(world.read_cell(where, 2, 1).integer == n);
        BOOST_TEST_REQUIRE(world.read_cell(where, 3, 8999).boolean == (n % 2 == 1));
    }
    BOOST_TEST_REQUIRE(world.next(kThing, at).value == 0);
}

void write(World& world, EntityId id, std::int64_t n) {
    const auto name = [&](const char* text) { return world.schema().name_id(text); };
    BOOST_TEST_REQUIRE((world.set(id, name("n"), Scalar::of(n)) == WriteResult::done));
    BOOST_TEST_REQUIRE(
        (world.set(id, name("name"), Scalar::of(std::to_string(n).c_str())) == WriteResult::done));
    BOOST_TEST_REQUIRE((world.put(id, name("list"), 2, Scalar::of(n)) == WriteResult::done));
    BOOST_TEST_REQUIRE(
        (world.put(id, name("map"), 9000, Scalar::of(n % 2 == 1)) == WriteResult::done));
}

std::uint64_t hash_of_rebuilt(const World& world, const Content& content, RandomStream& random) {
    World other(small_schema());
    std::vector<std::int64_t> ids;
    for (const auto& [id, n] : content) ids.push_back(id);
    for (std::size_t at = ids.size(); at > 1; --at) std::swap(ids[at - 1], ids[below(random, at)]);
    for (const std::int64_t id : ids) {
        BOOST_TEST_REQUIRE((other.spawn({id}, kThing, {}) == WriteResult::done));
        write(other, {id}, content.at(id));
    }
    other.set_next_id(world.next_id());
    return other.state_hash();
}

BOOST_AUTO_TEST_SUITE(world_tree)

// Goal: the rule of detail/world_tree.hpp, at every step. Method: ids of all kinds come and go; the
// nodes and leaves are counted and compared with those of the rule.
BOOST_AUTO_TEST_CASE(a_range_is_a_leaf_where_at_most_512_live) {
    for (std::uint64_t seed = 0; seed < 8; ++seed) {
        RandomStream random(seed, 12);
        detail::BlockCache cache;
        detail::Tree tree;
        const detail::TableLayout layout;
        std::vector<std::int64_t> ids;
        const auto check = [&] {
            BOOST_TEST_REQUIRE(tree.size() == ids.size());
            if (ids.empty()) return;
            int level = 0;
            const auto shift = [&] { return detail::Tree::shift_of(level); };
            while (ids.front() >> shift() != ids.back() >> shift()) ++level;
            BOOST_TEST_REQUIRE(tree.level() == level);
            BOOST_TEST_REQUIRE(tree.prefix() == static_cast<std::uint64_t>(ids.front()) >> shift());
            const bool same = shape_below(tree.root()) == expected_below(ids, 0, ids.size(), level);
            BOOST_TEST_REQUIRE(same);
            std::uint32_t row;
            const std::int64_t probe = some_id(random);
            const auto next = std::upper_bound(ids.begin(), ids.end(), probe);
            const detail::Block* leaf = tree.leaf_after(probe, row);
            BOOST_TEST_REQUIRE((leaf == nullptr) == (next == ids.end()));
            if (leaf != nullptr) BOOST_TEST_REQUIRE(detail::ids_of(leaf)[row] == *next);
        };
        for (int step = 0; step < 9000; ++step) {
            const std::int64_t id = some_id(random);
            const auto at = std::lower_bound(ids.begin(), ids.end(), id);
            // More die than come, for a while.
            const bool dies = step / 1500 % 2 == 1;
            if (at != ids.end() && *at == id) {
                tree.erase(id, layout, cache);
                ids.erase(at);
            } else if (!dies) {
                std::uint32_t row;
                ids.insert(at, id);
                tree.insert(id, layout, cache, row);
            } else if (!ids.empty()) {
                const auto other =
                    ids.begin() + static_cast<std::ptrdiff_t>(below(random, ids.size()));
                tree.erase(*other, layout, cache);
                ids.erase(other);
            }
            if (step % 25 == 0) check();
        }
        while (!ids.empty()) {
            tree.erase(ids.back(), layout, cache);
            ids.pop_back();
            if (ids.size() % 64 == 0) check();
        }
        BOOST_TEST((tree.root() == nullptr));
    }
}

// Goal: the tree, and with it the hash, follows from the ids that live; snapshots keep what they
// had; an undone savepoint leaves no trace. Method: random spawns, deaths and writes of ids of all
// kinds against a map, with snapshots held all along.
BOOST_AUTO_TEST_CASE(the_shape_follows_from_the_ids_that_live) {
    for (std::uint64_t seed = 0; seed < 6; ++seed) {
        RandomStream random(seed, 11);
        World world(small_schema());
        Content content;
        struct Kept {
            std::shared_ptr<const Snapshot> snapshot;
            Content content;
            std::uint64_t hash;
        };
        std::vector<Kept> kept;
        const auto change = [&](Content& to, std::uint64_t dice) {
            const EntityId id{some_id(random)};
            const auto found = to.find(id.value);
            if (found == to.end()) {
                BOOST_TEST_REQUIRE((world.spawn(id, kThing, {}) == WriteResult::done));
                to[id.value] = static_cast<std::int64_t>(dice);
                write(world, id, to[id.value]);
            } else if (dice % 3 == 0) {
                BOOST_TEST_REQUIRE((world.destroy(id) == WriteResult::done));
                to.erase(found);
            } else {
                found->second = static_cast<std::int64_t>(dice);
                write(world, id, found->second);
            }
        };
        for (int step = 0; step < 30; ++step) {
            for (int i = 0; i < 150; ++i) change(content, below(random, 1000));
            if (step % 5 == 4) {
                // Most of a range dies at once: nodes become leaves again.
                for (auto at = content.begin(); at != content.end();) {
                    const bool dies = at->first < 3000 && below(random, 10) != 0;
                    if (dies) world.destroy({at->first});
                    at = dies ? content.erase(at) : std::next(at);
                }
            }
            const std::uint64_t before = world.state_hash();
            Content undone = content;
            world.begin_savepoint();
            for (int i = 0; i < 40; ++i) change(undone, below(random, 1000));
            if (step % 2 == 0) kept.push_back({world.capture(), undone, world.state_hash()});
            world.undo_savepoint();
            BOOST_TEST_REQUIRE(world.state_hash() == before);
            check_content(world, content);
            if (step % 3 == 0) kept.push_back({world.capture(), content, before});
            if (step % 7 == 6) {
                const Kept& to = kept[below(random, kept.size())];
                world.restore(*to.snapshot);
                content = to.content;
                BOOST_TEST_REQUIRE(world.state_hash() == to.hash);
            }
            if (kept.size() > 6) kept.erase(kept.begin() + static_cast<int>(below(random, 6)));
        }
        check_content(world, content);
        BOOST_TEST(world.state_hash() == hash_of_rebuilt(world, content, random));
        for (const Kept& old : kept) {
            check_content(old.snapshot->world(), old.content);
            BOOST_TEST(old.snapshot->world().state_hash() == old.hash);
        }
    }
}

// Goal: a change of one cell copies one page, and not the array. Method: an array of a million
// cells that somebody else has too; the pages of both are compared by where they lie.
BOOST_AUTO_TEST_CASE(a_change_of_one_cell_copies_one_page) {
    detail::BlockCache cache;
    detail::ColumnLayout layout{};
    layout.kind = detail::ColumnLayout::Kind::array;
    layout.array_bytes = 8;
    layout.width = 1'000'000;
    layout.initial_cell = 7;
    detail::Block* const before = detail::make_array(layout, cache);
    detail::Block* after = detail::BlockCache::share(before);
    std::uint32_t at;
    detail::Block* const page = detail::open_array_page(after, layout, 777'777, cache, at);
    BOOST_TEST(page->cells<std::int64_t>()[at] == 7);
    page->cells<std::int64_t>()[at] = 8;
    int pages = 0, copied = 0;
    for (std::uint32_t cell = 0; cell < layout.width;
         cell += detail::array_page_cells(layout, cell)) {
        ++pages;
        const auto* first = detail::array_page(before, layout, cell, at);
        const auto* second = detail::array_page(after, layout, cell, at);
        copied += first != second;
    }
    BOOST_TEST(pages == 1954);
    BOOST_TEST(copied == 1);
    BOOST_TEST(detail::array_page(before, layout, 777'777, at)->cells<std::int64_t>()[at] == 7);
    BOOST_TEST(detail::array_hash(before, layout) != detail::array_hash(after, layout));
    cache.drop(after);
    cache.drop(before);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace canon
