#include "canon/state_diff.hpp"

#include <boost/test/unit_test.hpp>
#include <map>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "canon/host_state.hpp"
#include "canon/random.hpp"
#include "canon/snapshot.hpp"
#include "world_model.hpp"

namespace canon {
namespace {

using test::full_schema;
using test::Model;
using test::same_random_write;

// The lines of a dump: path to content.
std::map<std::string, std::string> lines_of(const World& world) {
    std::map<std::string, std::string> lines;
    std::istringstream in(world.dump());
    for (std::string line; std::getline(in, line);) {
        const std::size_t colon = line.find(": ");
        if (line.find(" cells, hash ") == std::string::npos)
            lines[line.substr(0, colon)] = colon == std::string::npos ? "" : line.substr(colon + 2);
    }
    return lines;
}

std::set<std::string> entities_of(const World& world) {
    std::set<std::string> names;
    for (TemplateIndex index = 0; index < world.schema().size(); ++index) {
        std::vector<EntityId> ids;
        world.each(index, ids);
        const TemplateSpec& spec = world.schema()[index];
        for (const EntityId id : ids)
            names.insert(spec.singleton ? spec.name : spec.name + " " + std::to_string(id.value));
    }
    return names;
}

// What differs, by comparing the dumps.
std::set<std::string> differing_paths(const World& first, const World& second) {
    const auto a = lines_of(first), b = lines_of(second);
    const std::set<std::string> in_first = entities_of(first), in_second = entities_of(second);
    std::set<std::string> paths;
    for (const auto& name : in_first)
        if (!in_second.contains(name)) paths.insert(name);
    for (const auto& name : in_second)
        if (!in_first.contains(name)) paths.insert(name);
    const auto compare = [&](const auto& from, const auto& to) {
        for (const auto& [path, content] : from) {
            const std::string owner = path.substr(0, path.find(" ."));
            if (paths.contains(owner)) continue;
            const auto found = to.find(path);
            // Who died meanwhile is told beside the id, and is not a difference of this field.
            const auto bare = [](const std::string& text) {
                return text.substr(0, text.find(" ("));
            };
            if (found == to.end() || bare(found->second) != bare(content)) paths.insert(path);
        }
    };
    compare(a, b);
    compare(b, a);
    return paths;
}

std::set<std::string> found_paths(const StateComparison& comparison) {
    std::set<std::string> paths;
    for (const StateDifference& difference : comparison.differences) paths.insert(difference.path);
    return paths;
}

BOOST_AUTO_TEST_SUITE(state_diff)

// Goal: the diff names every field, cell and entity that differs, and no other. Method: two random
// continuations of one random history against what their dumps differ in.
BOOST_AUTO_TEST_CASE(all_that_differs_is_named_and_nothing_else) {
    for (std::uint64_t seed = 0; seed < 30; ++seed) {
        RandomStream random(seed, 21);
        World first(full_schema()), second(full_schema());
        Model model(first.schema());
        for (int step = 0; step < 1200; ++step) same_random_write(first, model, random);
        second.restore(*first.capture());
        BOOST_TEST(compare_states(first, second).differences.empty());
        Model other = model;
        RandomStream apart(seed, 22);
        for (std::uint64_t step = 0; step < seed; ++step) {
            same_random_write(first, model, random);
            same_random_write(second, other, apart);
        }
        const StateComparison comparison = compare_states(first, second, 100'000);
        BOOST_TEST(!comparison.cut);
        BOOST_TEST(found_paths(comparison) == differing_paths(first, second),
                   boost::test_tools::per_element());
        const StateComparison turned = compare_states(second, first, 100'000);
        BOOST_TEST_REQUIRE(turned.differences.size() == comparison.differences.size());
        for (std::size_t i = 0; i < turned.differences.size(); ++i) {
            BOOST_TEST(turned.differences[i].path == comparison.differences[i].path);
            BOOST_TEST(turned.differences[i].first == comparison.differences[i].second);
        }
        if (comparison.differences.size() > 3) {
            const StateComparison few = compare_states(first, second, 3);
            BOOST_TEST(few.cut);
            BOOST_TEST(few.differences.size() == 3u);
        }
    }
}

struct Clock {
    std::int64_t hour = 1;
    std::vector<std::int64_t> alarms = std::vector<std::int64_t>(20'000, 7);
    template <class Archive>
    void serialize(Archive& archive) {
        archive(CEREAL_NVP(hour), CEREAL_NVP(alarms));
    }
};

// Goal: one field among many is found with few bytes, and host states line by line. Method: worlds
// of 100,000 entities, far from each other too, that differ in one field; questions and answers
// counted.
BOOST_AUTO_TEST_CASE(one_field_among_many_is_found_with_few_small_answers) {
    auto schema = std::make_shared<Schema>();
    schema->add({.name = "thing",
                 .fields = {{.name = "n", .type = FieldType::integer},
                            {.name = "map",
                             .type = FieldType::array,
                             .element = FieldType::integer,
                             .length = 5000}}});
    World first(schema), second(schema);
    Clock clock, other_clock;
    first.add_host_state("clock", make_host_state(clock));
    second.add_host_state("clock", make_host_state(other_clock));
    for (World* world : {&first, &second}) {
        for (std::int64_t id = 1; id <= 100'000; ++id) world->spawn({id}, 0, {});
        for (std::int64_t id = 1; id <= 2'000; ++id) world->spawn({id << 40}, 0, {});
    }
    const auto ask = [&] {
        StateDiff diff(*schema);
        Bytes question, a, b;
        int questions = 0;
        std::size_t most = 0;
        while (diff.next(question)) {
            a.clear();
            b.clear();
            answer_state_question(first, question.view(), a);
            answer_state_question(second, question.view(), b);
            most = std::max({most, question.size(), a.size(), b.size()});
            diff.take(a.view(), b.view());
            ++questions;
        }
        BOOST_TEST(questions < 40);
        BOOST_TEST(most < kMostAnswerBytes);
        std::string text;
        for (const StateDifference& difference : diff.differences())
            text += describe(difference) + "\n";
        return text;
    };
    BOOST_TEST(ask() == "");
    second.set({77'777}, schema->name_id("n"), Scalar::of(5));
    BOOST_TEST(ask() == "thing 77777 .n: 0 / 5\n");
    second.put({std::int64_t{1'999} << 40}, schema->name_id("map"), 4'321, Scalar::of(-1));
    BOOST_TEST(ask() ==
               "thing 77777 .n: 0 / 5\n"
               "thing 2197923743924224 .map[4321]: 0 / -1\n");
    second.restore(*first.capture());
    second.set_next_id({std::int64_t{1} << 60});
    other_clock.hour = 2;
    other_clock.alarms[19'999] = 8;
    BOOST_TEST(ask() ==
               "world .next_id: 2199023255552001 / 1152921504606846976\n"
               "host clock .hour: 1 / 2\n"
               "host clock .alarms[19999]: 7 / 8\n");
}

// Goal: whoever sends the bytes cannot do harm. Method: every answer and question of a comparison
// cut short, and with each byte changed.
BOOST_AUTO_TEST_CASE(damaged_answers_are_refused_and_damaged_questions_harmless) {
    RandomStream random(5, 23);
    World first(full_schema()), second(full_schema());
    Model model(first.schema());
    for (int step = 0; step < 300; ++step) same_random_write(first, model, random);
    StateDiff whole(first.schema());
    Bytes question;
    int refused = 0, taken = 0;
    std::vector<std::vector<std::uint8_t>> before;  // the questions up to here
    while (whole.next(question)) {
        Bytes a, b;
        answer_state_question(first, question.view(), a);
        answer_state_question(second, question.view(), b);
        const auto try_answer = [&](std::span<const std::uint8_t> answer) {
            StateDiff diff(first.schema());
            Bytes asked, x, y;
            for (std::size_t i = 0; i < before.size(); ++i) {
                diff.next(asked);
                x.clear();
                y.clear();
                answer_state_question(first, asked.view(), x);
                answer_state_question(second, asked.view(), y);
                diff.take(x.view(), y.view());
            }
            diff.next(asked);
            try {
                diff.take(a.view(), answer);
                ++taken;
            } catch (const Error&) {
                ++refused;
            }
            for (int i = 0; i < 3 && diff.next(asked); ++i) {
                x.clear();
                answer_state_question(first, asked.view(), x);
            }
        };
        const std::size_t step = b.size() / 12 + 1;
        for (std::size_t at = 0; at < b.size(); at += step) {
            try_answer(b.view().first(at));
            std::vector<std::uint8_t> changed(b.data(), b.data() + b.size());
            changed[at] ^= static_cast<std::uint8_t>(1u << (at % 8));
            try_answer(changed);
        }
        for (std::size_t at = 0; at < question.size(); ++at) {
            for (int bit = 0; bit < 8; ++bit) {
                std::vector<std::uint8_t> changed(question.data(),
                                                  question.data() + question.size());
                changed[at] ^= static_cast<std::uint8_t>(1u << bit);
                Bytes answer;
                answer_state_question(first, changed, answer);
                BOOST_TEST(answer.size() < kMostAnswerBytes);
            }
        }
        before.emplace_back(question.data(), question.data() + question.size());
        whole.take(a.view(), b.view());
    }
    BOOST_TEST(refused > 50);
    BOOST_TEST(taken > 0);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace canon
