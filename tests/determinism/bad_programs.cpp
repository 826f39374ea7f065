// Goal: a program that cannot run says why, with file and line; one that is odd runs.
// Method: programs with one mistake each; the text of the error must name place and thing.
#include <boost/test/unit_test.hpp>

#include "canon/error.hpp"
#include "determinism/scenario.hpp"

namespace canon::test {
namespace {

// The message of the error that making the simulation throws, or nothing.
std::string refusal(const std::string& main, std::vector<Module> modules = {}) {
    Scenario scenario{.main = main};
    scenario.modules = std::move(modules);
    try {
        start(scenario, 2);
    } catch (const Error& error) {
        return error.what();
    }
    return {};
}

void check_names(const std::string& message, std::initializer_list<const char*> parts) {
    BOOST_TEST(!message.empty(), "nothing was refused");
    for (const char* part : parts)
        BOOST_TEST(message.find(part) != std::string::npos,
                   "'" << part << "' is missing in: " << message);
}

BOOST_AUTO_TEST_SUITE(determinism)
BOOST_AUTO_TEST_SUITE(bad_programs)

BOOST_AUTO_TEST_CASE(syntax_errors_name_file_and_line) {
    check_names(refusal("local x = 1\nlocal y = = 2\n"), {"main.lua:2:"});
    check_names(refusal("require 'ai.targets'", {{"ai.targets", "return {\n\n  oops oops\n}"}}),
                {"ai/targets.lua:3:"});
}

BOOST_AUTO_TEST_CASE(a_module_that_is_no_lua_matters_only_where_it_is_required) {
    const std::string broken = "return {\n\n  oops oops\n}";
    BOOST_TEST(refusal("local x = 1", {{"draft", broken}}) == "");
    // Twice, and without the compiler's words, which differ between releases of Lua.
    BOOST_TEST(
        refusal("for _ = 1, 2 do\n"
                "    local ok, text = pcall(require, 'draft')\n"
                "    assert(not ok and text == 'engine error (its text is in the log)', text)\n"
                "end",
                {{"draft", broken}}) == "");
    check_names(refusal("pcall(require, 'm') require 'm'", {{"m", "error('not today')"}}),
                {"m.lua:1:", "not today"});
}

BOOST_AUTO_TEST_CASE(a_missing_module_is_named) {
    check_names(refusal("\nrequire 'ai.targts'", {{"ai.targets", "return {}"}}),
                {"ai.targts", "main.lua:2"});
}

BOOST_AUTO_TEST_CASE(modules_that_require_each_other_are_refused) {
    check_names(refusal("require 'a'", {{"a", "require 'b'"}, {"b", "require 'a'"}}), {"a"});
}

BOOST_AUTO_TEST_CASE(a_runtime_error_while_loading_names_file_and_line) {
    check_names(refusal("local x = nil\n\nx.y = 1\n"), {"main.lua:3:"});
    check_names(refusal("require 'm'", {{"m", "\nerror('no module today')"}}),
                {"m.lua:2:", "no module today"});
}

BOOST_AUTO_TEST_CASE(an_endless_loop_or_all_memory_while_loading_is_refused) {
    check_names(refusal("local t = {} while true do t = { t, t, t, t } end"), {"memory"});
}

BOOST_AUTO_TEST_CASE(engine_functions_while_loading_are_refused) {
    check_names(refusal("template('unit', { x = 0 })\nengine.spawn_entity('unit')"),
                {"main.lua:2:", "on_start"});
    check_names(refusal("singleton('s', { x = 0 })\nlocal x = engine.get('s', 'x')"),
                {"main.lua:2:", "on_start"});
}

BOOST_AUTO_TEST_CASE(wrong_declarations_are_refused) {
    check_names(refusal("template('unit', { x = 0 })\ntemplate('unit', { y = 0 })"),
                {"unit", "main.lua:2:"});
    check_names(refusal("template('unit', { x = print or error })"), {"x"});
    check_names(refusal("template('unit', { x = array('text', 3) })"), {"x"});
    check_names(refusal("template('unit', { x = array(0, 0) })"), {"main.lua:1:"});
    check_names(refusal("template('unit', { x = 0 }, { keys = { 'y' } })"), {"y"});
    check_names(refusal("template('unit', { x = 0 }, { grid = { 'x', 'y' } })"), {"y"});
    check_names(refusal("template('', { x = 0 })"), {"main.lua:1:"});
}

BOOST_AUTO_TEST_CASE(a_program_without_a_main_is_refused) {
    BOOST_CHECK_THROW(Program::from_modules({{"helper", "return 1"}}), Error);
    BOOST_CHECK_THROW(Program::from_modules({{"main", ""}, {"main", ""}}), Error);
    BOOST_CHECK_THROW(
        Program::from_modules({{"main", std::string("\x1bLua", 4) + std::string(40, '\0')}}),
        Error);
}

BOOST_AUTO_TEST_CASE(declarations_after_loading_are_errors) {
    const Trace trace = compare_workers(with_probe(R"lua(
        function on_frame() engine.submit("work") template("late", { x = 0 }) end
        function jobs.work() singleton("later", { x = 0 }) end
    )lua",
                                                   1));
    BOOST_TEST(trace.faults().size() == 1u);  // on_frame's, and its submission is undone
}

BOOST_AUTO_TEST_CASE(an_assert_that_fails_while_a_program_loads_tells_its_place) {
    const std::string begin = "the program cannot be loaded: ";
    BOOST_TEST(refusal("\nassert(false)") == begin + "main.lua:2: assertion failed!");
    BOOST_TEST(refusal("\n\nassert(nil, 'no units')") == begin + "main.lua:3: no units");
    BOOST_TEST(
        refusal("require 'ai'", {{"ai", "\nlocal function check() assert(1 > 2) end\ncheck()"}}) ==
        begin + "ai.lua:2: assertion failed!");
    // Not that of an assert whose error was caught, and no second one.
    BOOST_TEST(refusal("pcall(function() assert(false, 'a') end)\nerror('b', 0)") == begin + "b");
    BOOST_TEST(refusal("pcall(function() assert(false, 'a') end)\nerror('b')") ==
               begin + "main.lua:2: b");
    // Scripts are given the text alone, as ever.
    BOOST_TEST(refusal("local _, text = pcall(function() assert(false) end) assert(text == "
                       "'assertion failed!')") == "");
}

BOOST_AUTO_TEST_CASE(a_program_that_nests_too_deeply_is_refused_with_the_reason) {
    const auto nested = [](int levels) {
        std::string text = "value = ";
        for (int i = 0; i < levels; ++i) text += "{";
        for (int i = 0; i < levels; ++i) text += "}";
        return text;
    };
    BOOST_TEST(Program::from_modules({{"main", nested(190)}}) != nullptr);
    BOOST_CHECK_EXCEPTION(Program::from_modules({{"main", "\n" + nested(200)}}), Error,
                          [](const Error& error) {
                              const std::string text = error.what();
                              BOOST_TEST_INFO(text);
                              return text.starts_with("main.lua: blocks or ") &&
                                     text.ends_with(
                                         "are nested too deeply (Lua's compiler takes "
                                         "about 190 levels), split them");
                          });
}

BOOST_AUTO_TEST_CASE(an_empty_program_runs) {
    const Trace trace = compare_workers({.main = "", .frames = 3});
    BOOST_TEST(describe_all(trace.faults()) == "");
    BOOST_TEST(trace.simulation->frame().value == 3u);
}

BOOST_AUTO_TEST_CASE(a_program_digest_tells_names_and_sources_apart) {
    const auto digest = [](std::vector<Module> modules) {
        return Program::from_modules(std::move(modules))->digest();
    };
    const std::uint64_t plain = digest({{"main", "x = 1"}, {"a", "return 1"}});
    BOOST_TEST(digest({{"a", "return 1"}, {"main", "x = 1"}}) == plain);
    BOOST_TEST(digest({{"main", "x = 2"}, {"a", "return 1"}}) != plain);
    BOOST_TEST(digest({{"main", "x = 1"}, {"b", "return 1"}}) != plain);
    BOOST_TEST(digest({{"main", "x = 1"}}) != plain);
}

BOOST_AUTO_TEST_CASE(a_module_runs_once_and_only_when_it_is_required) {
    Scenario scenario = with_probe(R"lua(
        log = {}
        local a, again = require "a", require "a"
        assert(a == again and a.b == require "b")
        function on_frame() say(table.concat(log, " ")) engine.submit("work") end
        function jobs.work() local late = require "late" note({ #log, late == require "late", late.value }) end
    )lua",
                                   2);
    scenario.modules = {{"a", "log[#log + 1] = 'a' return { b = require 'b' }"},
                        {"b", "log[#log + 1] = 'b' return {}"},
                        {"late", "log[#log + 1] = 'late' return { value = 7 }"},
                        {"never", "error('never required')"}};
    const Trace trace = compare_workers(scenario);
    BOOST_TEST(describe_all(trace.faults()) == "");
    BOOST_TEST(probe_text(*trace.simulation) == R"(["a b",[3,true,7],"a b",[3,true,7]])");
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace canon::test
