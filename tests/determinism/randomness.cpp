// Goal: random numbers depend on what asks for them, not on what else happens: one more draw, job
// or death shifts no other's. Method: the same draws in programs that differ in everything that
// must not matter; and counts of many draws.
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <set>

#include "canon/json.hpp"
#include "determinism/scenario.hpp"

namespace canon::test {
namespace {

// Units whose jobs draw three numbers each; config says what else goes on.
const char* const kDraws = R"lua(
template("unit", { drawn = "" })
template("other", { x = 0 })
singleton("setup", { c = any })
function on_start(config)
    engine.set("setup", "c", config)
    for i = 1, 12 do engine.spawn_entity("unit") end
    for i = 1, config.others or 0 do engine.spawn_entity("other") end
end
function on_frame(frame)
    local c = engine.get("setup", "c")
    for i = 1, c.frame_draws or 0 do math.random() end
    for i = 1, c.jobs_before or 0 do engine.submit("other", i) end
    if c.kill and frame == 1 then
        local i = 0
        for id in engine.each("unit") do i = i + 1 if i % 4 == 0 then engine.destroy(id) end end
    end
    if c.singly then
        local ids = {}
        for id in engine.each("unit") do ids[#ids + 1] = id end
        for i = #ids, 1, -1 do engine.submit("draw", ids[i], { key = ids[i], priority = i % 3 }) end
    else
        engine.submit_each("draw", "unit", { priority = c.priority or 0 })
    end
end
function jobs.draw(id)
    local c = engine.get("setup", "c")
    local drawn = {}
    for i = 1, 3 do drawn[i] = math.random(1, 1000000) end
    engine.set(id, "drawn", table.concat(drawn, " "))
    for i = 1, (c.more_draws or 0) * (id % 3) do math.random() end
    if c.post then engine.post_to_main_thread("draw") end
end
function jobs.other(i) for k = 1, i do math.random() end end
function actions.draw() math.random() end
)lua";

std::string drawn_by(Map config, std::uint64_t frames = 2, std::uint64_t seed = 1,
                     int step_of_ids = 1) {
    Scenario scenario = with_probe(kDraws, frames);
    scenario.config = std::move(config);
    scenario.seed = seed;
    const Trace trace = compare_workers(scenario);
    BOOST_TEST(describe_all(trace.faults()) == "");
    std::string all;
    for (EntityId id : ids_of(*trace.simulation, "unit"))
        if (step_of_ids == 1 ||
            (id.value - ids_of(*trace.simulation, "unit")[0].value) % step_of_ids !=
                step_of_ids - 1)
            all += to_json(trace.simulation->world().get(id, "drawn")) + "\n";
    return all;
}

Value drawn(const std::string& program, std::uint64_t seed = 1) {
    Scenario scenario = with_probe(program, 1);
    scenario.seed = seed;
    scenario.limits.job_instructions = 50'000'000;
    scenario.limits.callback_instructions = 50'000'000;
    const Trace trace = compare_workers(scenario);
    BOOST_TEST(describe_all(trace.faults()) == "");
    return probe(*trace.simulation);
}

BOOST_AUTO_TEST_SUITE(determinism)
BOOST_AUTO_TEST_SUITE(randomness)

BOOST_AUTO_TEST_CASE(draws_jobs_and_priorities_of_others_shift_nobodys_numbers) {
    const std::string plain = drawn_by(Map{{"others", 0}});
    for (const char* name : {"frame_draws", "jobs_before", "more_draws", "others", "priority"})
        BOOST_TEST_CONTEXT(name) { BOOST_TEST(drawn_by(Map{{name, 7}}) == plain); }
    BOOST_TEST(drawn_by(Map{{"post", true}}) == plain);
}

BOOST_AUTO_TEST_CASE(a_death_shifts_nobodys_numbers) {
    const std::string survivors = drawn_by(Map{{"kill", true}});
    BOOST_TEST(survivors == drawn_by(Map{{"kill", false}}, 2, 1, 4));
}

BOOST_AUTO_TEST_CASE(the_order_of_submission_shifts_no_keyed_jobs_numbers) {
    const std::string singly = drawn_by(Map{{"singly", true}});
    for (const char* name : {"frame_draws", "jobs_before", "more_draws"}) BOOST_TEST_CONTEXT(name) {
            BOOST_TEST(drawn_by(Map{{"singly", true}, {name, 7}}) == singly);
        }
}

BOOST_AUTO_TEST_CASE(seed_frame_entity_and_function_each_give_other_numbers) {
    const std::string plain = drawn_by(Map{});
    BOOST_TEST(drawn_by(Map{}, 3) != plain);
    BOOST_TEST(drawn_by(Map{}, 2, 2) != plain);
    std::set<std::string> lines;
    for (std::size_t at = 0; at < plain.size(); at = plain.find('\n', at) + 1)
        lines.insert(plain.substr(at, plain.find('\n', at) - at));
    BOOST_TEST(lines.size() == 12u);
    const Value numbers = drawn(R"lua(
        function on_frame() engine.submit("one", 1, { key = 1 }) engine.submit("two", 1, { key = 1 }) end
        function jobs.one() note(math.random(1, 1 << 50)) end
        function jobs.two() note(math.random(1, 1 << 50)) end
    )lua");
    BOOST_TEST(!(numbers[1] == numbers[2]));
}

BOOST_AUTO_TEST_CASE(a_key_is_a_stream_of_its_own_and_strings_and_integers_differ) {
    const Value numbers = drawn(R"lua(
        function on_frame()
            for i = 1, 2 do
                for _, key in ipairs { 1, 2, "1", "2", "a", -1, "a long key, longer than any word that a machine has", math.mininteger } do
                    engine.submit("work", nil, { key = key })
                end
            end
            engine.submit("work") engine.submit("work")
        end
        function jobs.work() note(math.random(1, 1 << 50)) end
    )lua");
    std::set<std::int64_t> different;
    for (int i = 1; i <= 8; ++i) {
        different.insert(numbers[i].as_integer());
        BOOST_TEST((numbers[i] == numbers[i + 8]));  // the same key in one frame: the same stream
    }
    different.insert(numbers[17].as_integer());
    different.insert(numbers[18].as_integer());
    BOOST_TEST(different.size() == 10u);
}

BOOST_AUTO_TEST_CASE(jobs_without_a_key_have_the_stream_of_their_submitters_stamp) {
    // Children of one parent differ; and a parent's are the same whatever other parents do.
    const auto program = [](const char* others) {
        return std::string(R"lua(
            function on_frame(frame)
                if frame == 1 then engine.submit("parent", 1) engine.submit("parent", 2) end
            end
            function jobs.parent(i)
                if i == 2 then )lua") +
               others + R"lua( end
                engine.submit("child", i) engine.submit("child", i)
            end
            function jobs.child(i) if i == 1 then note(math.random(1, 1 << 50)) end end
            function jobs.idle() math.random() end
        )lua";
    };
    const auto numbers = [&](const char* others) {
        const Trace trace = compare_workers(with_probe(program(others), 2));
        return probe_text(*trace.simulation);
    };
    const std::string plain = numbers("");
    BOOST_TEST(numbers("engine.submit('idle') math.random()") == plain);
    const Trace trace = run(with_probe(program(""), 2));
    BOOST_TEST(!(probe(*trace.simulation)[1] == probe(*trace.simulation)[2]));
}

BOOST_AUTO_TEST_CASE(callbacks_and_handlers_have_streams_of_their_own) {
    const auto program = [](int draws) {
        return R"lua(
            local function draw(who) for i = 1, )lua" +
               std::to_string(draws) +
               R"lua( do if who ~= "handler 2" then math.random() end end end
            function on_start() say(math.random(1, 1 << 50)) draw("start") end
            function on_input(source) say(math.random(1, 1 << 50)) draw("input") end
            function on_frame()
                say(math.random(1, 1 << 50))
                draw("frame")
                engine.submit("work", 1, { key = 1 }) engine.submit("work", 2, { key = 2 })
            end
            function jobs.work(i)
                note(math.random(1, 1 << 50))
                engine.post_to_main_thread("handle", i)
                draw("job")
                note(engine.call("answer", i))
            end
            function actions.handle(i) say(math.random(1, 1 << 50)) draw("handler " .. i) end
            function actions.answer(i) draw("") return math.random(1, 1 << 50) end
            function on_commit() say(math.random(1, 1 << 50)) draw("commit") end
        )lua";
    };
    const auto numbers = [&](int draws) {
        Scenario scenario = with_probe(program(draws), 2);
        scenario.inputs = [](std::uint64_t) { return std::vector<Input>{{1, 1, 1}, {1, 2, 2}}; };
        return probe(*compare_workers(scenario).simulation).as_list();
    };
    List few = numbers(0), many = numbers(5);
    BOOST_REQUIRE_EQUAL(few.size(), many.size());
    BOOST_REQUIRE_EQUAL(few.size(), 2u + 2u * 10u);
    std::set<std::int64_t> different;
    std::size_t shifted = 0;
    for (std::size_t i = 0; i < few.size(); ++i) {
        different.insert(few[i].as_integer());
        if (!(few[i] == many[i])) ++shifted;
    }
    BOOST_TEST(different.size() == few.size());
    // Only `answer` itself draws before its number.
    BOOST_TEST(shifted == 4u);
}

BOOST_AUTO_TEST_CASE(every_run_of_a_handler_draws_numbers_of_its_own) {
    const Trace trace = compare_workers(with_probe(R"lua(
        function on_start() engine.post_to_main_thread("draw") end
        function on_input() engine.post_to_main_thread("draw") end
        function on_frame()
            engine.post_to_main_thread("draw") engine.post_to_main_thread("draw")
            engine.submit("work") engine.submit("work")
        end
        function on_commit(frame) engine.post_to_main_thread("draw") end
        function jobs.work()
            for round = 1, 3 do
                engine.post_to_main_thread("draw")
                engine.post_to_main_thread("relay", 2)
                engine.call("draw")
            end
        end
        function actions.relay(n)
            engine.post_to_main_thread("draw")
            if n > 0 then engine.post_to_main_thread("relay", n - 1) end
        end
        function actions.draw() say(math.random(1, 1 << 50)) end
    )lua",
                                                   3));
    BOOST_TEST(describe_all(trace.faults()) == "");
    const List log = probe(*trace.simulation).as_list();
    BOOST_TEST(log.size() == 2u + 3u * (3u + 2u * 3u * 5u));
    std::set<std::int64_t> different;
    for (const Value& number : log) different.insert(number.as_integer());
    BOOST_TEST(different.size() == log.size(), log.size() - different.size()
                                                   << " of " << log.size() << " were drawn before");
}

BOOST_AUTO_TEST_CASE(floats_are_even_in_zero_to_one) {
    const Value result = drawn(R"lua(
        function on_frame() engine.submit("work") end
        function jobs.work()
            local sum, squares, low, high, buckets = 0.0, 0.0, 1.0, 0.0, {}
            for i = 1, 10 do buckets[i] = 0 end
            for i = 1, 20000 do
                local x = math.random()
                assert(x >= 0.0 and x < 1.0 and math.type(x) == "float")
                sum, squares, low, high = sum + x, squares + x * x, math.min(low, x), math.max(high, x)
                local b = math.floor(x * 10) + 1
                buckets[b] = buckets[b] + 1
            end
            note({ sum / 20000, squares / 20000, low, high, buckets })
        end
    )lua")[1];
    BOOST_TEST(std::abs(result[1].as_number() - 0.5) < 0.01);
    BOOST_TEST(std::abs(result[2].as_number() - 1.0 / 3) < 0.01);
    BOOST_TEST(result[3].as_number() < 0.001);
    BOOST_TEST(result[4].as_number() > 0.999);
    double chi = 0;
    for (int i = 1; i <= 10; ++i)
        chi += std::pow(static_cast<double>(result[5][i].as_integer()) - 2000.0, 2) / 2000;
    BOOST_TEST(chi < 28.0);  // 9 degrees of freedom: 1 in 1,000
}

BOOST_AUTO_TEST_CASE(first_numbers_of_neighbouring_streams_are_even_too) {
    const Value result = drawn(R"lua(
        template("unit", { x = 0.0 })
        function on_start() for i = 1, 2000 do engine.spawn_entity("unit") end end
        function on_frame() engine.submit_each("work", "unit") end
        function jobs.work(id) engine.set(id, "x", math.random()) end
        function on_commit(frame)
            if frame == 0 then return end
            local buckets, rises, last, sum = {}, 0, 0.5, 0.0
            for i = 1, 10 do buckets[i] = 0 end
            for id in engine.each("unit") do
                local x = engine.get(id, "x")
                local b = math.floor(x * 10) + 1
                buckets[b] = buckets[b] + 1
                if x > last then rises = rises + 1 end
                sum = sum + (x - 0.5) * (last - 0.5)
                last = x
            end
            say({ buckets, rises, sum / 2000 })
        end
    )lua")[1];
    double chi = 0;
    for (int i = 1; i <= 10; ++i)
        chi += std::pow(static_cast<double>(result[1][i].as_integer()) - 200.0, 2) / 200;
    BOOST_TEST(chi < 28.0);
    BOOST_TEST(result[2].as_integer() > 900);
    BOOST_TEST(result[2].as_integer() < 1100);
    BOOST_TEST(std::abs(result[3].as_number()) < 0.01);
}

BOOST_AUTO_TEST_CASE(integers_are_even_in_their_interval) {
    const Value result = drawn(R"lua(
        function on_frame() engine.submit("work") end
        function jobs.work()
            local faces = { 0, 0, 0, 0, 0, 0 }
            for i = 1, 12000 do local x = math.random(6) faces[x] = faces[x] + 1 end
            local same = true
            for i = 1, 100 do
                local x = math.random(-3, 3)
                assert(x >= -3 and x <= 3 and math.type(x) == "integer")
                assert(math.random(5, 5) == 5)
                local wide = math.random(math.mininteger, math.maxinteger)
                assert(math.type(wide) == "integer" and math.type(math.random(0)) == "integer")
            end
            note({ faces, not pcall(math.random, 2, 1), not pcall(math.random, 1, 2, 3), not pcall(math.random, 1.5) })
        end
    )lua")[1];
    double chi = 0;
    for (int i = 1; i <= 6; ++i)
        chi += std::pow(static_cast<double>(result[1][i].as_integer()) - 2000.0, 2) / 2000;
    BOOST_TEST(chi < 21.0);  // 5 degrees of freedom: 1 in 1,000
    for (int i : {2, 3, 4}) BOOST_TEST(result[i].as_boolean());
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace canon::test
