// Goal: the strict libraries do what stock Lua's do, where that does not show the machine, and what
// their own words say where it does; and nothing escapes a run's limits. Method: each script of
// this folder runs as a job and must end without an error; each script in `escapes` must be
// stopped, with a fault, and leave the VM as it was.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>

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
