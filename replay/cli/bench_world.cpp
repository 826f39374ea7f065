// The bench of the world at scale: what a capture, a hash, a write and a read cost among a million
// entities with six fields, and how that grows with their number; what indexes cost and save.
#include <fmt/format.h>
#include <cstring>
#include <memory>
#include <numeric>
#include <vector>

#include "canon/detail/world_blocks.hpp"
#include "canon/error.hpp"
#include "canon/hash.hpp"
#include "canon/random.hpp"
#include "canon/snapshot.hpp"
#include "canon/world.hpp"
#include "cli/bench.hpp"
#include "cli/bench_programs.hpp"
#include "script/bare_lua.hpp"

namespace canon::cli {
namespace {

constexpr std::int64_t kMillion = 1'000'000;
constexpr std::size_t kFields = 6;
constexpr double kRawBytes = kFields * 8;

// As an array of structs would have them.
struct Soldier {
    double x, y, speed;
    std::int64_t hp, team, target;
};

std::shared_ptr<const Schema> soldier_schema() {
    auto schema = std::make_shared<Schema>();
    schema->add({.name = "soldier",
                 .fields = {{.name = "x", .type = FieldType::number},
                            {.name = "y", .type = FieldType::number},
                            {.name = "speed", .type = FieldType::number},
                            {.name = "hp", .type = FieldType::integer},
                            {.name = "team", .type = FieldType::integer},
                            {.name = "target", .type = FieldType::entity}}});
    return schema;
}

// A world of so many soldiers with the ids 1, 2, ...
class Army {
  public:
    explicit Army(std::int64_t count) : world(soldier_schema()), count(count) {
        for (std::int64_t id = 1; id <= count; ++id) {
            const auto number = static_cast<double>(id);
            const World::Assignment fields[] = {{0, Scalar::of(number)}, {1, Scalar::of(-number)},
                                                {2, Scalar::of(1.0)},    {3, Scalar::of(100)},
                                                {4, Scalar::of(id % 2)}, {5, Scalar::of(id)}};
            world.spawn({id}, 0, fields);
        }
        x = world.schema().name_id("x");
    }
    // Writes x of `every`th soldier of the first `among`.
    void write(std::int64_t every, std::int64_t among) {
        ++written;
        for (std::int64_t id = 1; id <= among; id += every)
            world.set({id}, x, Scalar::of(static_cast<double>(written * 4096 + id)));
    }
    // One in a hundred, at random places.
    void scatter() {
        ++written;
        RandomStream random(1, 1);
        for (std::int64_t i = 0; i < count / 100; ++i)
            world.set({random.next_integer(1, count)}, x, Scalar::of(static_cast<double>(written)));
    }

    World world;
    std::int64_t count;
    std::int64_t written = 0;
    NameId x = 0;
};

Figure figure_of(std::string what, double value, const char* unit,
                 Figure::Bound bound = Figure::Bound::none, double limit = 0) {
    Figure figure;
    figure.bench = "world";
    figure.what = std::move(what);
    figure.value = value;
    figure.unit = unit;
    figure.bound = bound;
    figure.limit = limit;
    return figure;
}

Figure ratio_of(std::string what, const Pairs& pairs, double limit, const char* first,
                const char* second) {
    Figure figure = figure_of(std::move(what), pairs.ratio, "x", Figure::Bound::at_most, limit);
    figure.raw = {{first, pairs.first_nanoseconds}, {second, pairs.second_nanoseconds}};
    figure.others = pairs.others;
    return figure;
}

// The clock around `once` alone, with `before` run first each time; nanoseconds, the median.
template <class Before, class Once>
double time_after(const BenchSettings& settings, Before before, Once once) {
    std::vector<double> times;
    for (int i = 0; i < settings.pairs * 2; ++i) {
        before();
        const auto began = std::chrono::steady_clock::now();
        once();
        times.push_back(
            std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - began)
                .count());
    }
    return median(times);
}

struct Costs {
    double capture_us, restore_us, hash_all_ms, hash_clustered_ms, hash_scattered_ms, scan_ns,
        memory_bytes;
};

// XXH3 of as many pages as scattered writes touch, and of nothing else.
double touched_pages_ns(const BenchSettings& settings, std::int64_t count) {
    const std::size_t pages = static_cast<std::size_t>((count + 511) / 512);
    std::vector<std::uint8_t> bytes(pages * detail::kPageBytes, 1);
    std::uint64_t sum = 0;
    const double time = time_after(
        settings, [&] { bytes[0] = static_cast<std::uint8_t>(sum); },
        [&] {
            for (std::size_t page = 0; page < pages; ++page)
                sum += hash_bytes({bytes.data() + page * detail::kPageBytes, detail::kPageBytes});
        });
    return sum == 0 ? 0 : time;
}

Costs costs_of(const BenchSettings& settings, Army& army, double memory_bytes) {
    World& world = army.world;
    Costs costs{};
    costs.memory_bytes = memory_bytes / static_cast<double>(army.count);
    std::shared_ptr<const Snapshot> snapshot;
    costs.capture_us = time_after(
                           settings,
                           [&] {
                               snapshot.reset();
                               army.scatter();
                           },
                           [&] { snapshot = world.capture(); }) /
                       1000;
    costs.restore_us = time_after(
                           settings, [&] { army.scatter(); }, [&] { world.restore(*snapshot); }) /
                       1000;
    snapshot.reset();
    std::uint64_t sum = 0;
    const auto hash = [&] { sum += world.state_hash(); };
    const auto milliseconds = [&](auto before) {
        hash();
        return time_after(settings, before, hash) / 1e6;
    };
    costs.hash_all_ms = milliseconds([&] {
        for (const char* field : {"x", "y", "speed", "hp", "team", "target"}) {
            const NameId name = world.schema().name_id(field);
            ++army.written;
            for (std::int64_t id = 1; id <= army.count; id += 256)
                world.set({id}, name, Scalar::of(army.written));
        }
    });
    costs.hash_clustered_ms = milliseconds([&] { army.write(1, army.count / 100); });
    costs.hash_scattered_ms = milliseconds([&] { army.scatter(); });
    double total = 0;
    costs.scan_ns = time_after(
                        settings, [] {},
                        [&] {
                            world.each_run(0, [&](const World::Run& run) {
                                for (const double x : run.numbers(0)) total += x;
                            });
                        }) /
                    static_cast<double>(army.count);
    if (sum == 0 || total == 0) throw Error("a benchmark was optimized away");
    return costs;
}

// The first write to each of many pages that a snapshot has too, against copying so many pages.
void first_writes(const BenchOptions& options, FigureSink& sink, Army& army) {
    const std::int64_t pages = army.count / 512;
    std::shared_ptr<const Snapshot> snapshot;
    const auto write_all = [&](std::int64_t offset) {
        for (std::int64_t page = 0; page < pages; ++page)
            army.world.set({page * 512 + 256}, army.x,
                           Scalar::of(static_cast<double>(army.written + offset)));
    };
    const double shared = time_after(
        options.settings,
        [&] {
            ++army.written;
            snapshot = army.world.capture();
        },
        [&] { write_all(0); });
    const double own = time_after(
        options.settings, [&] { ++army.written; }, [&] { write_all(0); });
    // As in the world, where what is copied was a copy made one round before, and the copies go
    // where those of the round before that were.
    std::vector<std::vector<std::uint8_t>> pool(
        3, std::vector<std::uint8_t>(static_cast<std::size_t>(pages) * detail::kPageBytes, 1));
    std::size_t round = 0;
    const double copies = time_after(
        options.settings, [&] { ++pool[++round % 3][0]; },
        [&] {
            const std::vector<std::uint8_t>& from = pool[round % 3];
            std::vector<std::uint8_t>& to = pool[(round + 1) % 3];
            for (std::size_t at = 0; at < from.size(); at += detail::kPageBytes)
                std::memcpy(to.data() + at, from.data() + at, detail::kPageBytes);
        });
    Figure figure = figure_of("first write to a shared page / memcpy of a page",
                              (shared - own) / copies, "x", Figure::Bound::at_most, 3);
    const auto each = static_cast<double>(pages);
    figure.raw = {{"first write ns", shared / each},
                  {"second write ns", own / each},
                  {"memcpy ns", copies / each}};
    if (pool[(round + 1) % 3][0] != pool[round % 3][0]) throw Error("no copies were made");
    sink.add(figure);
}

void reads(const BenchOptions& options, FigureSink& sink, Army& army) {
    World& world = army.world;
    std::vector<Soldier> soldiers;
    for (std::int64_t id = 1; id <= army.count; ++id)
        soldiers.push_back({static_cast<double>(id), 0, 0, 0, 0, id});
    double sum = 0;
    const double units = static_cast<double>(army.count);
    world.freeze();
    sink.add(ratio_of("field read from C++ / from an array of structs",
                      measure(options.settings, TimedBy::processor,
                              {[&] {
                                   world.each_run(0, [&](const World::Run& run) {
                                       for (std::size_t at = 0; at < run.size(); ++at)
                                           sum += world.read(run[at], 0).number;
                                   });
                               },
                               units},
                              {[&] {
                                   for (const Soldier& soldier : soldiers) sum += soldier.x;
                               },
                               units}),
                      3, "world ns", "struct ns"));
    RandomStream random(3, 3);
    std::vector<std::int64_t> ids(static_cast<std::size_t>(army.count));
    for (std::int64_t& id : ids) id = random.next_integer(1, army.count);
    Figure found = ratio_of("the same of random entities, found by id",
                            measure(options.settings, TimedBy::processor,
                                    {[&] {
                                         for (const std::int64_t id : ids) {
                                             Location where;
                                             if (world.find({id}, where))
                                                 sum += world.read(where, 0).number;
                                         }
                                     },
                                     units},
                                    {[&] {
                                         for (const std::int64_t id : ids)
                                             sum += soldiers[static_cast<std::size_t>(id - 1)].x;
                                     },
                                     units}),
                            0, "world ns", "struct ns");
    found.bound = Figure::Bound::none;
    sink.add(found);
    std::vector<double> xs(static_cast<std::size_t>(army.count), 1.5);
    Figure scan = ratio_of("scan of a field: bandwidth / a plain array's",
                           measure(options.settings, TimedBy::processor,
                                   {[&] {
                                        for (const double x : xs) sum += x;
                                    },
                                    units},
                                   {[&] {
                                        world.each_run(0, [&](const World::Run& run) {
                                            for (const double x : run.numbers(0)) sum += x;
                                        });
                                    },
                                    units}),
                           0.5, "array ns", "world ns");
    scan.bound = Figure::Bound::at_least;
    sink.add(scan);
    world.thaw();
    if (sum == 0) throw Error("a benchmark was optimized away");
}

// A million entities on a plane, four in a cell of the grid, in two teams of a key's index.
class Field {
  public:
    Field() : world(schema()) {
        for (std::int64_t id = 1; id <= kMillion; ++id) {
            const World::Assignment fields[] = {{0, Scalar::of(random.next_float() * kWidth)},
                                                {1, Scalar::of(random.next_float() * kWidth)},
                                                {2, Scalar::of(id % 2)},
                                                {3, Scalar::of(id)}};
            world.spawn({id}, 0, fields);
        }
        world.freeze();
    }
    // Each of so many, at random places, goes up to `distance` in both directions.
    void move(std::int64_t count, double distance) {
        world.thaw();
        const NameId x = world.schema().name_id("x"), y = world.schema().name_id("y");
        for (std::int64_t i = 0; i < count; ++i) {
            const EntityId id{count == kMillion ? i + 1 : random.next_integer(1, kMillion)};
            for (const NameId field : {x, y})
                world.add(id, field, Scalar::of((random.next_float() * 2 - 1) * distance), nullptr,
                          nullptr);
        }
    }
    void change_teams(std::int64_t count) {
        world.thaw();
        for (std::int64_t i = 0; i < count; ++i)
            world.set({random.next_integer(1, kMillion)}, world.schema().name_id("team"),
                      Scalar::of(random.next_integer(0, 1)));
    }
    void kill(std::int64_t count) {
        world.thaw();
        for (std::int64_t i = 0; i < count; ++i) world.destroy({random.next_integer(1, kMillion)});
    }
    double near_ns(const BenchSettings& settings) {
        constexpr int kQueries = 10'000;
        std::vector<EntityId> found;
        return time_after(
                   settings, [] {},
                   [&] {
                       for (int i = 0; i < kQueries; ++i) {
                           found.clear();
                           world.near(0, random.next_float() * kWidth, random.next_float() * kWidth,
                                      kCell, found);
                       }
                   }) /
               kQueries;
    }
    double where_ns(const BenchSettings& settings) {
        std::vector<EntityId> found;
        return time_after(
                   settings, [&] { found.clear(); },
                   [&] { world.where(0, 2, Scalar::of(1), found); }) /
               static_cast<double>(found.size());
    }

    static constexpr double kCell = 20;
    static constexpr double kWidth = 500 * kCell;

    World world;

  private:
    static std::shared_ptr<const Schema> schema() {
        auto schema = std::make_shared<Schema>();
        schema->add({.name = "soldier",
                     .fields = {{.name = "x", .type = FieldType::number},
                                {.name = "y", .type = FieldType::number},
                                {.name = "team", .type = FieldType::integer},
                                {.name = "target", .type = FieldType::entity}},
                     .grid = GridSpec{"x", "y", kCell},
                     .keys = {"team", "target"}});
        return schema;
    }

    RandomStream random{5, 5};
};

// What it costs to bring indexes up to date, and what it does to the queries.
void indexes(const BenchOptions& options, FigureSink& sink) {
    const BenchSettings& settings = options.settings;
    Field field;
    const auto freeze_ms = [&](auto change) {
        return time_after(settings, change, [&] { field.world.freeze(); }) / 1e6;
    };
    const auto add = [&](const char* what, double value, const char* unit) {
        sink.add(figure_of(what, value, unit));
    };
    freeze_ms([&] { field.move(kMillion, 1); });
    add("near, a grid just built", field.near_ns(settings), "ns");
    add("where, a key just built, for each found", field.where_ns(settings), "ns");
    const double few = freeze_ms([&] { field.move(kMillion / 100, 1); });
    add("freeze after 1 % moved to the next cell or so",
        freeze_ms([&] { field.move(kMillion / 100, Field::kCell); }), "ms");
    add("freeze after 1 % moved far away",
        freeze_ms([&] { field.move(kMillion / 100, Field::kWidth / 10); }), "ms");
    add("near, after many moves", field.near_ns(settings), "ns");
    const double all = freeze_ms([&] { field.move(kMillion, 1); });
    Figure figure = figure_of("freeze after 1 % moved / after all", few / all, "x",
                              Figure::Bound::at_most, 0.25);
    figure.raw = {{"1 % us", few * 1000}, {"all us", all * 1000}};
    sink.add(figure);
    add("freeze after 1 % changed a key of two contents",
        freeze_ms([&] { field.change_teams(kMillion / 100); }), "ms");
    add("where, after many changes, for each found", field.where_ns(settings), "ns");
    add("freeze after 100 deaths, with an entity field as a key",
        freeze_ms([&] { field.kill(100); }), "ms");
}

// engine.get of three fields in a job, against a C function that returns three constants.
void gets(const BenchOptions& options, FigureSink& sink) {
    const std::string program = fmt::format(R"(
template("soldier", {{ x = 0.0, y = 0.0, speed = 1.0, hp = 100, team = 0, target = entity }})
local get = engine.get
local kCount = {0}
function on_frame(frame)
    if engine.count("soldier") < kCount then
        for i = 1, 50000 do engine.spawn_entity("soldier", {{ x = i + 0.5 }}) end
    else
        for k = 0, 999 do engine.submit("JOB", k) end
    end
end
function jobs.in_order(k)
    for id = k * 1000 + 1, k * 1000 + 1000 do get(id, "x", "hp", "team") end
end
function jobs.at_random(k)
    local id = k * 1000 + 1
    for i = 1, 1000 do
        id = (id * 1103515245 + 12345) % {0}
        get(id, "x", "hp", "team")
    end
end
)",
                                            kMillion);
    const auto measure_job = [&](const char* what, const char* job, double limit) {
        std::string source = program;
        source.replace(source.find("JOB"), 3, job);
        SimulationOptions settings;
        settings.workers = 1;
        Simulation simulation(program_of(source), settings);
        for (int frame = 0; frame < 25; ++frame)
            for (const Fault& fault : simulation.step({}).faults) throw Error(describe(fault));
        script::BareLua bare(source, job);
        const auto units = static_cast<double>(kMillion);
        sink.add(ratio_of(
            what,
            measure(options.settings, TimedBy::processor, {[&] { simulation.step({}); }, units},
                    {[&] { bare.run(0, 1000); }, units}),
            limit, "engine.get ns", "C function ns"));
    };
    measure_job("engine.get of three fields, in id order / constants", "in_order", 2.5);
    measure_job("engine.get of three fields, at random / constants", "at_random", 6);
}

}  // namespace

void bench_world(const BenchOptions& options, FigureSink& sink) {
    // What each costs, for an entity, among so many: linear where that hardly grows.
    std::vector<std::pair<const char*, std::vector<std::pair<std::string, double>>>> table = {
        {"hash of all", {}},
        {"hash after 1 % clustered", {}},
        {"hash after 1 % scattered", {}},
        {"scan of a field", {}},
        {"memory, bytes", {}}};
    const auto note = [&](std::int64_t count, const Costs& costs) {
        const std::string among = fmt::format(" among {}", count);
        sink.add(figure_of("capture" + among, costs.capture_us, "us", Figure::Bound::at_most, 50));
        sink.add(figure_of("restore" + among, costs.restore_us, "us", Figure::Bound::at_most, 50));
        const auto each = static_cast<double>(count);
        const double values[] = {
            costs.hash_all_ms * 1e6 / each, costs.hash_clustered_ms * 1e6 / each,
            costs.hash_scattered_ms * 1e6 / each, costs.scan_ns, costs.memory_bytes};
        for (std::size_t row = 0; row < table.size(); ++row)
            table[row].second.emplace_back(fmt::format("among {}: thousandths", count),
                                           values[row] * 1000);
    };
    for (const std::int64_t count : {kMillion / 100, kMillion / 10, kMillion}) {
        const auto before = static_cast<double>(detail::BlockCache::process_bytes());
        Army army(count);
        const double memory = static_cast<double>(detail::BlockCache::process_bytes()) - before;
        const Costs costs = costs_of(options.settings, army, memory);
        note(count, costs);
        if (count != kMillion) continue;
        sink.add(figure_of("memory / the fields' own bytes", costs.memory_bytes / kRawBytes, "x",
                           Figure::Bound::at_most, 1.5));
        Figure clustered = figure_of("hash after 1 % clustered / of all",
                                     costs.hash_clustered_ms / costs.hash_all_ms, "x",
                                     Figure::Bound::at_most, 0.05);
        clustered.raw = {{"clustered us", costs.hash_clustered_ms * 1000},
                         {"all us", costs.hash_all_ms * 1000}};
        sink.add(clustered);
        const double pages = touched_pages_ns(options.settings, count);
        Figure scattered =
            figure_of("hash after 1 % scattered / XXH3 of the touched pages",
                      costs.hash_scattered_ms * 1e6 / pages, "x", Figure::Bound::at_most, 4);
        scattered.raw = {{"scattered us", costs.hash_scattered_ms * 1000},
                         {"XXH3 us", pages / 1000}};
        sink.add(scattered);
        const auto kept = static_cast<double>(detail::BlockCache::process_bytes());
        std::vector<std::shared_ptr<const Snapshot>> ring;
        for (int i = 0; i < 10; ++i) ring.push_back(army.world.capture());
        sink.add(figure_of(
            "memory of a capture / of the world",
            (static_cast<double>(detail::BlockCache::process_bytes()) - kept) / 10 / memory * 100,
            "%", Figure::Bound::at_most, 2));
        ring.clear();
        first_writes(options, sink, army);
        reads(options, sink, army);
    }
    indexes(options, sink);
    for (auto& [what, values] : table) {
        Figure row = figure_of(std::string(what) + ", for each: among 1000000 / 10000",
                               values.back().second / values.front().second, "x");
        row.raw = std::move(values);
        row.note = "ns, but for memory";
        sink.add(row);
    }
    gets(options, sink);
}

}  // namespace canon::cli
