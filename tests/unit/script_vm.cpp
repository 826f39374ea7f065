// Goal: every run of a script starts from the same heap, whatever ran before it on that VM, and
// nothing of the process, the clock or the way of restoring shows in it. Method: run jobs of many
// kinds on one VM, in many orders, restored in both ways, hookless and counted, and compare a
// probe's result and its memory to the byte.
#include <atomic>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <cstring>
#include <thread>

#include "core/sanitizers.hpp"
#include "script/lua_probe.hpp"
#include "script/vm.hpp"

using namespace canon;
using namespace canon::script;

namespace {

constexpr const char* kProgram = R"lua(
count = 0
local secret = { 1, 2, 3 }
cache = {}
big = {}
for i = 1, BIG do big[i] = { i } end

-- What the probe returns depends on everything a run before it could have changed.
function jobs.probe(n)
    count = count + 1
    secret[#secret + 1] = n
    local t = {}
    for i = 1, 30 do t["k" .. i] = i end
    local s = {}
    for k, v in pairs(t) do s[#s + 1] = k .. v end
    s[#s + 1] = tostring(count) .. #secret .. tostring(cache.x) .. ("x"):rep(3)
    local co = coroutine.wrap(function(a) local b = coroutine.yield(a + 1) return b * 2 end)
    s[#s + 1] = co(1) .. co(7)
    s[#s + 1] = math.random(1, 1000000)
    engine.log("info", table.concat(s, ","))
end

function jobs.globals() for i = 1, 100 do _G["g" .. i] = { i } end cache.x = 1 count = 99 secret = nil end
function jobs.libraries() string.format = nil table.concat = nil math = nil pairs = nil cache = nil end
function jobs.metatables() setmetatable(_G, { __index = function() return 1 end }) end
function jobs.failure() local t = nil; return t.x end
function jobs.garbage() for i = 1, 60000 do cache[i % 100] = { ("y"):rep(i % 300), {} } end end
function jobs.eater() local t = {} while true do pcall(function() while true do t[#t + 1] = ("z"):rep(1000) .. #t end end) end end
function jobs.spinner() while true do pcall(function() while true do end end) end end
function jobs.recursion() local function f(n) return 1 + f(n + 1) end return f(1) end
function jobs.coroutines() for i = 1, 2000 do local co = coroutine.wrap(function() coroutine.yield(i) end) co() end end
function jobs.short_coroutines()
    for i = 1, 100 do coroutine.wrap(function() for j = 1, 50000 do end end)() end
end
function jobs.yielding_coroutine()
    local co = coroutine.wrap(function() while true do for j = 1, 50000 do end coroutine.yield() end end)
    for i = 1, 100 do co() end
end
function jobs.work_between_coroutines()
    local co = coroutine.wrap(function() while true do coroutine.yield() end end)
    for i = 1, 100 do for j = 1, 50000 do end co() end
end
function jobs.closed_coroutines()
    local meta = { __close = function() for j = 1, 50000 do end end }
    for i = 1, 100 do
        local co = coroutine.create(function() local x <close> = setmetatable({}, meta) coroutine.yield() end)
        coroutine.resume(co)
        coroutine.close(co)
    end
end
function jobs.text(s) engine.log("info", #s) end
function jobs.asks(n)
    local mine = { n, n * 2 }
    local answer = engine.call("double", n)
    for i = 1, 200 do mine[#mine + 1] = { i } end
    engine.log("info", answer .. ":" .. mine[1] .. ":" .. mine[2] .. ":" .. #mine .. ":" .. math.random(1, 1000000))
end
function jobs.asks_after_garbage(n)
    local kept = {}
    for i = 1, 60000 do kept[i % 1000] = { ("y"):rep(i % 300), {} } end
    local answer = engine.call("double", n)
    engine.log("info", answer .. ":" .. #kept[5][1])
end
function actions.double(n) return n * 2 end
)lua";

std::unique_ptr<Vm> make_vm(const VmLimits& limits = {}, int big = 10,
                            std::uint32_t hash_seed = 0x43616e6f, bool check_writes = false) {
    Vm::Setup setup;
    std::string source = kProgram;
    source.replace(source.find("BIG"), 3, std::to_string(big));
    setup.program = Program::from_modules({{"main", source}});
    setup.limits = limits;
    setup.hash_seed = hash_seed;
    setup.check_writes = check_writes;
    auto vm = std::make_unique<Vm>(setup);
    vm->begin_batch();
    return vm;
}

VmLimits small_limits() {
    VmLimits limits;
    limits.job_instructions = 2'000'000;
    limits.memory_bytes = 4 << 20;
    limits.collect_bytes = 1 << 20;
    return limits;
}

Run job(const Vm& vm, std::string_view name, std::int64_t argument = 7) {
    Run run;
    run.function = vm.functions().find_job(name);
    BOOST_REQUIRE(run.function != kNone);
    run.argument = Run::Argument::entity;
    run.entity = argument;
    run.random_key = 11;
    run.random_stream = 12;
    return run;
}

std::string log_of(Vm& vm) {
    ByteReader in(vm.context().log.view());
    std::string text;
    std::uint8_t level;
    std::string_view entry;
    while (in.left() > 0 && in.byte(level) && in.string(entry)) text += std::string(entry) + "\n";
    vm.context().log.clear();
    return text;
}

// All that a run shows: its outcome, what it said, and its memory.
struct Trace {
    RunStatus status;
    std::string log;
    std::uint64_t live;
    std::uint64_t peak;
    std::uint64_t top;
    friend bool operator==(const Trace&, const Trace&) = default;
    friend std::ostream& operator<<(std::ostream& out, const Trace& trace) {
        return out << static_cast<int>(trace.status) << " live " << trace.live << " peak "
                   << trace.peak << " top " << trace.top << " log " << trace.log;
    }
};

Trace run(Vm& vm, const Run& what) {
    vm.context().log.clear();
    const RunStatus status = vm.run(what);
    const Arena::State& state = vm.arena().state();
    return {status, log_of(vm), state.live, state.peak, state.top};
}

constexpr const char* kPoisons[] = {"globals",    "libraries", "metatables",      "failure",
                                    "garbage",    "eater",     "spinner",         "recursion",
                                    "coroutines", "probe",     "short_coroutines"};

std::vector<std::uint8_t> bytes_of(const Value& value) {
    Bytes bytes;
    write_value(bytes, value);
    return {bytes.view().begin(), bytes.view().end()};
}

}  // namespace

boost::test_tools::assertion_result signals_come_in_time(boost::unit_test::test_unit_id) {
    return !kThreadSanitizer;  // see vm.cpp: all runs are counted there
}

BOOST_AUTO_TEST_SUITE(script_vm)

BOOST_AUTO_TEST_CASE(a_run_is_the_same_whatever_ran_before_it) {
    const auto vm = make_vm(small_limits());
    const Trace fresh = run(*vm, job(*vm, "probe"));
    BOOST_REQUIRE(fresh.status == RunStatus::done);
    BOOST_REQUIRE(!fresh.log.empty());
    for (const char* poison : kPoisons) {
        run(*vm, job(*vm, poison));
        BOOST_TEST(run(*vm, job(*vm, "probe")) == fresh, "after " << poison);
    }
}

BOOST_AUTO_TEST_CASE(copying_hot_pages_only_and_copying_everything_give_the_same_runs) {
    const auto hot = make_vm(small_limits());
    Image::force_full_copy(true);
    const auto full = make_vm(small_limits());
    Image::force_full_copy(false);
    BOOST_TEST(hot->image_digest() == full->image_digest());
    for (const char* name : kPoisons) {
        BOOST_TEST(run(*hot, job(*hot, name)) == run(*full, job(*full, name)), name);
        BOOST_TEST(run(*hot, job(*hot, "probe")) == run(*full, job(*full, "probe")),
                   "after " << name);
    }
}

BOOST_AUTO_TEST_CASE(a_counted_run_shows_nothing_that_a_hookless_one_does_not,
                     *boost::unit_test::precondition(signals_come_in_time)) {
    VmLimits limits = small_limits();
    limits.job_instructions = INT64_MAX;
    limits.watch_nanoseconds = 1'000'000'000'000;  // never overdue
    const auto free = make_vm(limits);
    limits.watch_nanoseconds = -1;  // each run is overdue, so it is made again with a budget hook
    const auto counted = make_vm(limits);
    for (const char* name : {"probe", "globals", "failure", "garbage", "eater", "coroutines"}) {
        BOOST_TEST(run(*counted, job(*counted, name)) == run(*free, job(*free, name)), name);
    }
    BOOST_TEST(free->counted_runs() == 0u);
    BOOST_TEST(counted->counted_runs() == 6u);
}

BOOST_AUTO_TEST_CASE(every_vm_loads_a_program_into_the_same_heap) {
    const auto first = make_vm();
    const auto second = make_vm();
    BOOST_TEST(first->image_digest() == second->image_digest());
    // The digest does see another heap.
    BOOST_TEST(make_vm({}, 11)->image_digest() != first->image_digest());
    BOOST_TEST(make_vm({}, 10, 99)->image_digest() != first->image_digest());
}

// It knows some of what it looks at by the address alone, so it must not let the collector go on
// that the run has set going.
BOOST_AUTO_TEST_CASE(looking_for_lost_writes_collects_nothing) {
    for (int big = 100; big <= 20'000; big *= 2) {
        const auto plain = make_vm(small_limits(), big);
        const auto checked = make_vm(small_limits(), big, 0x43616e6f, true);
        const Trace expected = run(*plain, job(*plain, "garbage"));
        BOOST_TEST_REQUIRE(expected.peak > plain->image().state().live + (1u << 20));
        const Trace found = run(*checked, job(*checked, "garbage"));
        BOOST_TEST((found.status == RunStatus::done));
        BOOST_TEST(found.live >= expected.live,
                   big << ": " << found.live << ", without the check " << expected.live);
    }
}

BOOST_AUTO_TEST_CASE(what_scripts_see_does_not_depend_on_the_hash_seed) {
    const auto first = make_vm(small_limits(), 10, 1);
    const Trace expected = run(*first, job(*first, "probe"));
    for (std::uint32_t seed = 2; seed < 30; ++seed) {
        const auto other = make_vm(small_limits(), 10, seed);
        BOOST_TEST(run(*other, job(*other, "probe")).log == expected.log);
    }
}

BOOST_AUTO_TEST_CASE(a_job_writes_few_pages_of_a_large_image) {
    const auto vm = make_vm({}, 20000);
    BOOST_TEST(vm->image().size() > (1u << 20));
    for (int i = 0; i < 1000; ++i) run(*vm, job(*vm, "probe"));
    if (Image::catches_faults()) BOOST_TEST(vm->image().hot_pages() < 20u);
    BOOST_TEST(static_cast<double>(vm->image().size()) <
               1.3 * static_cast<double>(vm->image().state().live));
}

BOOST_AUTO_TEST_CASE(
    after_the_collector_ran_the_image_is_whole_and_its_cold_pages_are_guarded_again) {
    const auto vm = make_vm(small_limits(), 20000);
    const Trace fresh = run(*vm, job(*vm, "probe"));
    const std::size_t hot = vm->image().hot_pages();
    for (int i = 0; i < 3; ++i) {
        run(*vm, job(*vm, "garbage"));
        BOOST_TEST(run(*vm, job(*vm, "probe")) == fresh);
    }
    BOOST_TEST(vm->image().hot_pages() <= hot + 4);
}

BOOST_AUTO_TEST_CASE(the_first_refused_allocation_ends_a_run_whatever_it_catches) {
    const auto vm = make_vm(small_limits());
    const Trace first = run(*vm, job(*vm, "eater"));
    BOOST_TEST((first.status == RunStatus::failed));
    BOOST_TEST((vm->fault().kind == FaultKind::memory));
    BOOST_TEST(vm->fault().line > 0);
    BOOST_TEST(run(*vm, job(*vm, "eater")) == first);
}

BOOST_AUTO_TEST_CASE(arguments_larger_than_the_memory_are_a_fault_of_the_job) {
    VmLimits limits = small_limits();
    limits.memory_bytes = 100'000;
    const auto vm = make_vm(limits, 1);
    const auto argument = bytes_of(Value(std::string(200'000, 'x')));
    Run run_text = job(*vm, "text");
    run_text.argument = Run::Argument::values;
    run_text.values = argument;
    run_text.value_count = 1;
    BOOST_TEST((run(*vm, run_text).status == RunStatus::failed));
    BOOST_TEST((vm->fault().kind == FaultKind::memory));
    BOOST_TEST((run(*vm, job(*vm, "probe")).status == RunStatus::done));
}

BOOST_AUTO_TEST_CASE(an_endless_loop_ends_in_its_budget_however_it_hides) {
    const auto vm = make_vm(small_limits());
    // What is outside of the coroutines would take but a thousandth of it.
    for (const char* name : {"spinner", "short_coroutines", "yielding_coroutine",
                             "work_between_coroutines", "closed_coroutines"}) {
        BOOST_TEST((run(*vm, job(*vm, name)).status == RunStatus::failed), name);
        BOOST_TEST((vm->fault().kind == FaultKind::budget), name);
    }
}

BOOST_AUTO_TEST_CASE(a_run_that_is_not_counted_at_first_is_stopped_by_a_signal,
                     *boost::unit_test::precondition(signals_come_in_time)) {
    VmLimits
        limits;  // the default budget: far more than the watch, so the first attempt has no hook
    const auto vm = make_vm(limits);
    vm->begin_batch();
    const Trace stopped = run(*vm, job(*vm, "spinner"));
    BOOST_TEST((stopped.status == RunStatus::failed));
    BOOST_TEST((vm->fault().kind == FaultKind::budget));
    BOOST_TEST(vm->counted_runs() == 1u);
}

BOOST_AUTO_TEST_CASE(a_stopped_run_goes_on_as_if_nothing_had_run_between) {
    const auto vm = make_vm(small_limits());
    const auto answer_for = [&](std::int64_t n) {
        Bytes answer;
        answer.put(static_cast<std::uint8_t>(Tag::yes));
        answer.put_varint(1);
        write_value(answer, Value(n * 2));
        return answer;
    };
    for (const char* name : {"asks", "asks_after_garbage"}) {
        // Alone, to know what it says and holds.
        StoppedRun alone;
        BOOST_REQUIRE((vm->run(job(*vm, name, 5)) == RunStatus::stopped));
        vm->put_aside(alone);
        Bytes answer = answer_for(5);
        vm->context().answer = answer.view();
        vm->context().log.clear();
        BOOST_REQUIRE((vm->go_on(alone) == RunStatus::done));
        const std::string expected = log_of(*vm);
        const std::uint64_t live = vm->arena().state().live;
        // Many at once, with others between.
        std::vector<StoppedRun> stopped(20);
        for (std::size_t i = 0; i < stopped.size(); ++i) {
            BOOST_REQUIRE((vm->run(job(*vm, name, 5)) == RunStatus::stopped));
            vm->put_aside(stopped[i]);
            run(*vm, job(*vm, kPoisons[i % std::size(kPoisons)]));
        }
        for (std::size_t i = 0; i < stopped.size(); ++i) {
            run(*vm, job(*vm, kPoisons[(i * 7) % std::size(kPoisons)]));
            vm->context().answer = answer.view();
            vm->context().log.clear();
            BOOST_REQUIRE((vm->go_on(stopped[i]) == RunStatus::done));
            BOOST_TEST(log_of(*vm) == expected);
            BOOST_TEST(vm->arena().state().live == live);
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(script_arena)

namespace {

// The order in which stock lua_next visits string keys and object keys.
std::string stock_order(Arena& arena, std::uint32_t seed) {
    bool pinned = false;
    lua_State* L = new_pinned_state(arena, seed, pinned);
    BOOST_REQUIRE(L != nullptr);
    BOOST_REQUIRE(pinned);
    lua_newtable(L);
    for (int i = 0; i < 64; ++i) {
        lua_pushlstring(L, "string key ", 11);
        lua_pushinteger(L, i);
        lua_concat(L, 2);
        lua_pushinteger(L, i);
        lua_rawset(L, 1);
        lua_newtable(L);
        lua_pushinteger(L, 1000 + i);
        lua_rawset(L, 1);
    }
    std::string order;
    lua_pushnil(L);
    while (lua_next(L, 1) != 0) {
        order += std::to_string(lua_tointeger(L, -1)) + " ";
        lua_pop(L, 1);
    }
    lua_close(L);
    return order;
}

}  // namespace

BOOST_AUTO_TEST_CASE(tables_keyed_by_strings_and_objects_have_one_order_in_every_arena) {
    const auto ignore = [](void*, bool) {};
    Arena first(1 << 20, ignore, nullptr);
    Arena second(1 << 20, ignore, nullptr);
    BOOST_TEST(reinterpret_cast<std::uintptr_t>(first.base()) % (std::uintptr_t{1} << 32) == 0u);
    const std::string expected = stock_order(first, 5);
    BOOST_TEST(stock_order(second, 5) == expected);
    Arena third(1 << 20, ignore, nullptr);
    BOOST_TEST(stock_order(third, 6) != expected);  // the order does show the seed
}

BOOST_AUTO_TEST_CASE(an_arena_serves_any_sequence_of_requests_without_overlap_and_alike_twice) {
    const auto ignore = [](void*, bool) {};
    struct Block {
        unsigned char* at;
        std::size_t size;
        unsigned char mark;
    };
    std::vector<std::size_t> offsets[2];
    for (int turn = 0; turn < 2; ++turn) {
        Arena arena(64 << 20, ignore, nullptr);
        std::vector<Block> blocks;
        RandomStream random(1, 2);
        std::uint64_t live = 0;
        for (int step = 0; step < 20000; ++step) {
            const auto size =
                static_cast<std::size_t>(random.next_integer(1, random.next_integer(1, 5000)));
            const auto mark = static_cast<unsigned char>(step);
            const auto choice = random.next_integer(0, 2);
            if (choice == 0 || blocks.empty()) {
                auto* at =
                    static_cast<unsigned char*>(arena.reallocate(nullptr, LUA_TSTRING, size));
                BOOST_REQUIRE(at != nullptr);
                std::memset(at, mark, size);
                blocks.push_back({at, size, mark});
                offsets[turn].push_back(
                    static_cast<std::size_t>(reinterpret_cast<char*>(at) - arena.base()));
                live += size;
                continue;
            }
            const auto which = static_cast<std::size_t>(
                random.next_integer(0, static_cast<std::int64_t>(blocks.size()) - 1));
            Block& block = blocks[which];
            const std::size_t keep = std::min(block.size, size);
            if (choice == 1) {
                block.at =
                    static_cast<unsigned char*>(arena.reallocate(block.at, block.size, size));
                for (std::size_t i = 0; i < keep; ++i)
                    if (block.at[i] != block.mark) BOOST_FAIL("a block lost its content");
                std::memset(block.at, block.mark, size);
                live += size - block.size;
                block.size = size;
            } else {
                for (std::size_t i = 0; i < block.size; ++i)
                    if (block.at[i] != block.mark) BOOST_FAIL("two blocks overlap");
                arena.reallocate(block.at, block.size, 0);
                live -= block.size;
                blocks.erase(blocks.begin() + static_cast<std::ptrdiff_t>(which));
            }
            BOOST_REQUIRE_EQUAL(arena.state().live, live);
        }
    }
    BOOST_TEST(offsets[0] == offsets[1]);
}

BOOST_AUTO_TEST_SUITE_END()
