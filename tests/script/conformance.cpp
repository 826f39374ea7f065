// Goal: the strict libraries do what stock Lua's do, where that does not show the machine, and what
// their own words say where it does; and nothing escapes a run's limits. Method: each script of
// this folder runs as a job and must end without an error; each in `programs` is a program of its
// own, whose asserts run over six frames; each in `escapes` must be stopped, with a fault, and
// leave the VM as it was. No function that a script can reach is left out: all are named in some
// script.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <regex>

#include "canon/simulation.hpp"

using namespace canon;

namespace {

namespace fs = std::filesystem;

std::vector<fs::path> scripts(const fs::path& folder) {
    std::vector<fs::path> found;
    for (const auto& entry : fs::directory_iterator(folder))
        if (entry.path().extension() == ".lua") found.push_back(entry.path());
    std::sort(found.begin(), found.end());
    BOOST_REQUIRE_MESSAGE(!found.empty(),
                          "no scripts in " << folder << "; run the tests in the project's folder");
    return found;
}

std::string read(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::vector<Fault> faults_of(const fs::path& path, const Limits& limits) {
    const auto program = Program::from_modules(
        {{"main",
          "template('probe', { n = 0 })\n"
          "function on_start() engine.spawn_entity('probe') end\n"
          "function on_frame() engine.submit('script') engine.submit('after') end\n"
          "function jobs.script() require('script') end\n"
          "function jobs.after() engine.set(1, 'n', #table.concat({ tostring(1), ('x'):rep(3) })) "
          "end\n"},
         {"script", read(path), path.filename().string()}});
    SimulationOptions options;
    options.workers = 1;
    options.limits = limits;
    Simulation simulation(program, options);
    std::vector<Fault> faults = simulation.step().faults;
    BOOST_TEST(simulation.world().get(EntityId{1}, "n").as_integer() == 4);
    return faults;
}

// "print", "string.format": all functions in the globals and in the tables there.
std::vector<std::string> reachable_functions() {
    const auto program = Program::from_modules({{"main", R"lua(
        local function walk(owner, prefix, seen)
            if seen[owner] then return end
            seen[owner] = true
            for name, value in pairs(owner) do
                if type(value) == "function" then print(prefix .. name) end
                if type(value) == "table" then walk(value, prefix .. name .. ".", seen) end
            end
        end
        function jobs.list() walk(_G, "", {}) end
        function on_frame() engine.submit("list") end
    )lua"}});
    Simulation simulation(program, {});
    std::vector<std::string> names;
    for (const LogEntry& entry : simulation.step().log)
        if (entry.text != "on_frame" && entry.text != "jobs.list") names.push_back(entry.text);
    return names;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(conformance)

BOOST_AUTO_TEST_CASE(every_script_ends_without_an_error) {
    Limits limits;  // some scripts try the caps of single functions
    limits.memory_bytes = 256 << 20;
    limits.collect_bytes = 64 << 20;
    limits.library_work = 1'000'000'000;
    for (const fs::path& path : scripts("tests/script")) BOOST_TEST_CONTEXT(path.string()) {
            for (const Fault& fault : faults_of(path, limits))
                BOOST_ERROR(describe(fault) << "\n" << fault.traceback);
        }
}

BOOST_AUTO_TEST_CASE(every_program_comes_to_its_end_without_a_fault) {
    for (const fs::path& path : scripts("tests/script/programs"))
        BOOST_TEST_CONTEXT(path.string()) {
            const std::string source = read(path);
            SimulationOptions options;
            options.workers = 2;
            Simulation simulation(
                Program::from_modules({{"main", source, path.filename().string()}}), options);
            const auto check = [&](const FrameReport& report) {
                for (const Fault& fault : report.faults)  // but for those it says it makes
                    if (source.find("-- Fault: " + fault.function + "\n") == std::string::npos)
                        BOOST_ERROR(describe(fault) << "\n" << fault.traceback);
            };
            check(simulation.start_report());
            for (int frame = 1; frame < 6; ++frame) check(simulation.step());
            const FrameReport& last = simulation.step();
            check(last);
            // It prints this behind its last assert.
            BOOST_REQUIRE(!last.log.empty());
            BOOST_TEST(last.log.back().text == "checked");
        }
}

BOOST_AUTO_TEST_CASE(every_function_that_a_script_can_reach_is_named_in_a_script) {
    std::string code;
    const std::regex comment("--[^\n]*");
    for (const char* folder : {"tests/script", "tests/script/programs"})
        for (const fs::path& path : scripts(folder))
            code += std::regex_replace(read(path), comment, "");
    const std::vector<std::string> functions = reachable_functions();
    BOOST_TEST(functions.size() > 100u);
    for (const std::string& function : functions) {
        // A basic function by its name, where it is not a field or part of another name; that of a
        // library with the library's name, or as a method of strings.
        const std::size_t dot = function.find('.');
        std::string pattern =
            "(^|[^\\w.:\"'])" + std::regex_replace(function, std::regex("\\."), "\\.");
        if (function.starts_with("string."))
            pattern = "(" + pattern + "|:" + function.substr(dot + 1) + ")";
        BOOST_TEST(std::regex_search(code, std::regex(pattern + "\\b")), function);
    }
}

BOOST_AUTO_TEST_CASE(every_escape_is_stopped_and_leaves_nothing_behind) {
    Limits limits;
    limits.memory_bytes = 128 << 20;
    limits.library_work = 2'000'000;
    for (const fs::path& path : scripts("tests/script/escapes")) BOOST_TEST_CONTEXT(path.string()) {
            const std::string source = read(path);
            constexpr std::string_view kMark = "-- Stops: ";  // and the fault's kind
            const std::size_t at = source.find(kMark);
            BOOST_REQUIRE(at != std::string::npos);
            const std::size_t kind = at + kMark.size();
            const auto faults = faults_of(path, limits);
            BOOST_REQUIRE_EQUAL(faults.size(), 1u);
            BOOST_TEST(fault_name(faults[0].kind) ==
                       source.substr(kind, source.find('\n', kind) - kind));
        }
}

BOOST_AUTO_TEST_SUITE_END()
