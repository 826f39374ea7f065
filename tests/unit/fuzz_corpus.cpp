// Goal: what fuzzing has found once stays found. Method: every kept input of tests/fuzz/corpus is
// run through its target, as the fuzzer would; and targets, their sources, their corpora and
// their dictionaries are the same names.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <set>

#include "fuzz/support/target.hpp"

using namespace canon::fuzz;

namespace {

namespace fs = std::filesystem;

const fs::path kFolder = "tests/fuzz";

std::set<std::string> names_in(const fs::path& folder, const std::string& extension) {
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder))
        if (entry.is_directory() ? extension.empty() : entry.path().extension() == extension)
            names.insert(entry.path().stem().string());
    return names;
}

std::set<std::string> registered() {
    std::set<std::string> names;
    for (const Target* target = Target::first(); target != nullptr; target = target->next())
        names.insert(target->name());
    return names;
}

std::vector<fs::path> kept_inputs(const std::string& name) {
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(kFolder / "corpus" / name))
        files.push_back(entry.path());
    std::sort(files.begin(), files.end());
    return files;
}

std::vector<std::uint8_t> read(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(fuzz_corpus)

BOOST_AUTO_TEST_CASE(targets_sources_corpora_and_dictionaries_have_the_same_names) {
    const std::set<std::string> names = registered();
    BOOST_REQUIRE(!names.empty());
    BOOST_TEST(names == names_in(kFolder, ".cpp"), boost::test_tools::per_element());
    BOOST_TEST(names == names_in(kFolder / "corpus", ""), boost::test_tools::per_element());
    BOOST_TEST(names == names_in(kFolder / "dictionaries", ".txt"),
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(no_kept_input_breaks_a_promise) {
    for (const Target* target = Target::first(); target != nullptr; target = target->next()) {
        const std::vector<fs::path> inputs = kept_inputs(target->name());
        BOOST_TEST(!inputs.empty(), target->name() << " has no inputs");
        for (const fs::path& path : inputs) {
            BOOST_TEST_CHECKPOINT(path.string());  // what a crash names
            try {
                target->run(read(path));
            } catch (const std::exception& broken) {
                BOOST_ERROR(path.string() << ": " << broken.what());
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(every_target_takes_an_empty_input) {
    for (const Target* target = Target::first(); target != nullptr; target = target->next())
        BOOST_CHECK_NO_THROW(target->run({}));
}

BOOST_AUTO_TEST_SUITE_END()
