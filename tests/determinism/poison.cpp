// Goal: a hostile script cannot crash the process, nor leave anything for the job that comes next.
// Method: in a child process one VM runs, between innocent jobs, each escape of tests/script and
// scripts that poison all they can reach. Each innocent job must give the same values from the same
// bytes of memory every time, and every hostile one must end.
#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "core/fixed_environment.hpp"
#include "determinism/child.hpp"
#include "script/compiler.hpp"
#include "script/vm.hpp"
#include "script/watch.hpp"

namespace canon::test {
namespace {

namespace fs = std::filesystem;
using script::Run;
using script::Vm;

constexpr const char* kInnocents[] = {
    "local t = {} for i = 1, 50 do t['k' .. i] = i end "
    "local s = '' for k, v in pairs(t) do s = s .. k .. v end return s",
    "local t = {} for i = 1, 200 do t[i] = (i * 7919) % 1000 end table.sort(t) "
    "return table.concat(t, ','), #t",
    "return math.random(1 << 50), math.sin(1.5), 2 ^ 0.3, tostring(nil), ('x'):rep(9), #_G",
    "local ok, why = pcall(function() return nil + 1 end) return ok, why, tostring(print)",
    "local co = coroutine.wrap(function(a) local b = coroutine.yield(a + 1) return b * 2 end) "
    "return co(1), co(8), ('aXbX'):gsub('X', '%0%0')",
    "local n = 0 for k in pairs(_G) do n = n + #k end return n, string.format('%5.2f', 1 / 3)",
    "local t = setmetatable({}, { __index = function(_, k) return k .. '!' end }) return t.hello",
};

constexpr const char* kPoisons[] = {
    "for k in pairs(_G) do if k ~= 'pairs' then _G[k] = nil end end",
    ("for _, library in pairs({ string, table, math, utf8, coroutine }) do "
     "for k in pairs(library) do library[k] = function() return 'poison' end end end"),
    "setmetatable(_G, { __index = function() return 42 end, __newindex = function() end })",
    "for i = 1, 5000 do _G['g' .. i] = { i } end",
    "local t = {} for i = 1, 200000 do t[i] = {} end",
    "string.rep = nil ('x').y = 1",
    "error(setmetatable({}, { __tostring = function() while true do end end }))",
    "local function f() return f() + 1 end f()",
    "coroutine.wrap(function() error({}) end)()",
    "local t = {} t[t] = t return t",
    "return string.rep('x', 1 << 24)",
};

// Status, values and memory of a run.
std::string trace_of(Vm& vm, const Bytes& code, std::string_view arguments = {}) {
    Run run;
    run.chunk = code.view();
    run.results = Run::Results::all;
    run.random_key = run.random_stream = 1;
    vm.context().actions.clear();
    vm.context().log.clear();
    Bytes values;
    if (!arguments.empty()) {
        values.put(static_cast<std::uint8_t>(Tag::string));
        values.put_string(arguments);
        run.argument = Run::Argument::values;
        run.values = values.view();
        run.value_count = 1;
    }
    const auto status = static_cast<int>(vm.run(run));
    const script::Arena::State& memory = vm.arena().state();
    std::ostringstream text;
    text << status << " live " << memory.live << " peak " << memory.peak << " top " << memory.top
         << " values ";
    for (const std::uint8_t byte : vm.result().view()) text << static_cast<int>(byte) << ' ';
    return text.str();
}

Bytes compiled(std::string_view text) {
    Bytes code;
    script::compile(text, "script", code);
    return code;
}

constexpr const char* kChildCase = "determinism/poison/child_that_runs_hostile_scripts";

BOOST_AUTO_TEST_SUITE(determinism)
BOOST_AUTO_TEST_SUITE(poison)

BOOST_AUTO_TEST_CASE(child_that_runs_hostile_scripts, *boost::unit_test::disabled()) {
    const FixedEnvironment environment;
    const script::Watch watch;
    Vm::Setup setup;
    setup.program = Program::from_modules({{"main", ""}});
    setup.limits.memory_bytes = 4 << 20;
    setup.limits.collect_bytes = 2 << 20;
    setup.limits.work = 1'000'000;
    setup.limits.job_instructions = 2'000'000;
    setup.engine = Vm::Setup::Engine::runner;
    Vm vm(setup);
    std::vector<Bytes> innocents;
    std::vector<std::string> expected;
    for (const char* text : kInnocents) {
        innocents.push_back(compiled(text));
        vm.begin_batch();
        expected.push_back(trace_of(vm, innocents.back()));
        BOOST_TEST_REQUIRE(expected.back().starts_with("0 "), text << ": " << expected.back());
    }
    std::size_t hostile = 0;
    const auto attack = [&](std::string_view text, std::string_view arguments = {}) {
        vm.begin_batch();
        trace_of(vm, compiled(text), arguments);
        ++hostile;
        for (std::size_t i = 0; i < innocents.size(); ++i) {
            vm.begin_batch();
            BOOST_TEST_REQUIRE(trace_of(vm, innocents[i]) == expected[i], "after: " << text);
        }
    };
    for (const char* text : kPoisons) attack(text);
    attack("return #...", std::string(200'000, 'x'));
    attack("return #...", std::string(8 << 20, 'x'));  // more than the job may hold
    for (const fs::directory_entry& entry : fs::directory_iterator("tests/script/escapes")) {
        std::ostringstream text;
        text << std::ifstream(entry.path()).rdbuf();
        attack("function report() end " + text.str());
    }
    answer_parent("innocent after " + std::to_string(hostile));
}

BOOST_AUTO_TEST_CASE(hostile_scripts_neither_end_the_process_nor_leave_anything_behind) {
    const auto escapes = std::distance(fs::directory_iterator("tests/script/escapes"), {});
    BOOST_TEST(escapes >= 40);
    BOOST_TEST(run_child(kChildCase) ==
               "innocent after " +
                   std::to_string(std::size(kPoisons) + 2 + static_cast<std::size_t>(escapes)));
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace canon::test
