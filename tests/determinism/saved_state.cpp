// Goal: a snapshot and a restore in between change nothing, and what is saved is the whole state.
// Method: a program with delayed and background jobs under way is captured at every frame; each
// capture is restored, loaded into other simulations with other numbers of workers, truncated and
// damaged; what follows must be what followed before.
#include <boost/test/unit_test.hpp>
#include <map>

#include "canon/error.hpp"
#include "canon/host_state.hpp"
#include "determinism/melee.hpp"

namespace canon::test {
namespace {

constexpr std::uint64_t kFrames = 16;

Bytes saved(const Simulation& simulation) {
    Bytes out;
    simulation.save(out);
    return out;
}

void load_bytes(Simulation& simulation, std::span<const std::uint8_t> bytes) {
    ByteReader reader(bytes);
    simulation.load(reader);
}

// A run of the melee with its state at every frame.
struct History {
    Trace trace;
    std::vector<std::shared_ptr<const SimulationSnapshot>> snapshots;
    std::vector<Bytes> saves;
};

History history_of_melee(unsigned workers = 2) {
    History history;
    Trace& trace = history.trace;
    trace.simulation = start(melee(kFrames), workers);
    trace.reports.push_back(trace.simulation->start_report());
    for (std::uint64_t frame = 0;; ++frame) {
        history.snapshots.push_back(trace.simulation->capture());
        history.saves.push_back(saved(*trace.simulation));
        if (frame == kFrames) return history;
        trace.reports.push_back(step(*trace.simulation, melee(kFrames)));
    }
}

void check_goes_on(Simulation& simulation, const History& history, std::uint64_t from,
                   std::uint64_t frames) {
    BOOST_TEST(simulation.frame().value == from);
    BOOST_TEST(simulation.state_hash() == history.trace.reports[from].state_hash,
               "right after the restore");
    BOOST_TEST(simulation.chain() == history.trace.reports[from].chain, "right after the restore");
    for (std::uint64_t frame = from + 1; frame <= kFrames && frame <= from + frames; ++frame) {
        const std::string differs =
            difference(history.trace.reports[frame], step(simulation, melee(kFrames)));
        if (differs.empty()) continue;
        BOOST_ERROR("frame " << frame << " differs" << differs);
        return;
    }
}

BOOST_AUTO_TEST_SUITE(determinism)
BOOST_AUTO_TEST_SUITE(saved_state)

BOOST_AUTO_TEST_CASE(capturing_and_saving_change_nothing) {
    const History history = history_of_melee();
    const Trace plain = run(melee(kFrames), 3);
    for (std::uint64_t frame = 0; frame <= kFrames; ++frame)
        BOOST_TEST(difference(plain.reports[frame], history.trace.reports[frame]) == "");
}

BOOST_AUTO_TEST_CASE(restored_at_any_frame_it_goes_on_as_before) {
    const History history = history_of_melee();
    for (std::uint64_t i = 0; i <= kFrames; ++i) {
        const std::uint64_t from = i * 7 % (kFrames + 1);  // forwards and backwards
        BOOST_TEST_CONTEXT("from frame " << from) {
            history.trace.simulation->restore(*history.snapshots[from]);
            check_goes_on(*history.trace.simulation, history, from, 6);
        }
    }
    // The first snapshot is what it was, after all that.
    history.trace.simulation->restore(*history.snapshots[0]);
    check_goes_on(*history.trace.simulation, history, 0, kFrames);
}

// Entities come and go, now and then nearly all at once; strings, lists and arrays change; handlers
// fail after they wrote; delayed and background jobs are under way at every frame.
Scenario churn(std::uint64_t frames) {
    Scenario scenario;
    scenario.main = R"(
template("thing", { n = 0, x = 0.0, name = "", bag = any, path = array(0, 700), mate = entity },
         { keys = { "mate", "name" }, grid = { "x", "n", cell = 8 } })
singleton("log", { sum = 0, late = 0 })
function on_start() for i = 1, 30 do engine.spawn_entity("thing", { x = i + 0.5 }) end end
function on_frame(frame)
    if frame % 40 == 0 then
        for _, id in ipairs(engine.near("thing", 0.0, 0.0, 1e9)) do
            if id % 10 ~= 0 then engine.destroy(id) end
        end
    end
    for i = 1, 2 do engine.spawn_entity("thing", { x = math.random() * 50, name = "new " .. frame }) end
    engine.submit_each("act", "thing")
    engine.submit("later", { frame = frame }, { delay = 7 })
    engine.submit("far", frame, { deliver = 5 })
    if frame % 9 == 0 then engine.submit("far", frame, { deliver = "done" }) end
end
function jobs.act(id)
    local x, name = engine.get(id, "x", "name")
    engine.add(id, "n", math.random(5))
    engine.set(id, "x", x + math.random() - 0.5)
    engine.put(id, "path", math.random(700), id)
    if math.random(4) == 1 then engine.set(id, "name", string.sub(name .. id, -9)) end
    if math.random(4) == 1 then engine.set(id, "bag", { seen = { x, name }, at = engine.frame() }) end
    local near = engine.near("thing", x, 0.0, 9.0)
    engine.set(id, "mate", near[1])
    if math.random(6) == 1 then engine.post_to_main_thread("check", id) end
    if math.random(400) == 1 then engine.spawn_entity("thing", { x = x }) end
end
function jobs.later(data) engine.add("log", "late", data.frame) end
function jobs.far(frame) engine.add("log", "sum", frame) end
function actions.check(id)
    engine.set(id, "name", "checked")
    engine.spawn_entity("thing", { name = "never" })
    if id % 2 == 0 then engine.destroy(id) error("a handler that fails") end
end
)";
    scenario.frames = frames;
    return scenario;
}

BOOST_AUTO_TEST_CASE(a_restored_run_stays_identical_for_hundreds_of_frames) {
    constexpr std::uint64_t kLong = 260, kEvery = 65;
    const Scenario scenario = churn(kLong);
    const auto simulation = start(scenario, 2);
    std::vector<std::pair<std::uint64_t, std::uint64_t>> hashes = {
        {simulation->state_hash(), simulation->chain()}};
    std::map<std::uint64_t, std::pair<std::shared_ptr<const SimulationSnapshot>, Bytes>> kept;
    std::size_t faults = 0;
    std::uint64_t most = 0, least = ~std::uint64_t{0};
    for (std::uint64_t frame = 0; frame < kLong; ++frame) {
        if (frame % kEvery == 0) kept[frame] = {simulation->capture(), saved(*simulation)};
        const FrameReport& report = step(*simulation, scenario);
        hashes.emplace_back(report.state_hash, report.chain);
        faults += report.faults.size();
        most = std::max(most, report.entities);
        least = std::min(least, report.entities);
    }
    BOOST_TEST(faults > 50u);
    BOOST_TEST(most > 4 * least);
    const auto check_to_the_end = [&](Simulation& other, std::uint64_t from) {
        BOOST_TEST_REQUIRE(other.state_hash() == hashes[from].first);
        for (std::uint64_t frame = from + 1; frame <= kLong; ++frame) {
            const FrameReport& report = step(other, scenario);
            BOOST_TEST_REQUIRE(report.state_hash == hashes[frame].first);
            BOOST_TEST_REQUIRE(report.chain == hashes[frame].second);
        }
    };
    const auto other = start(scenario, 3);
    for (const auto& [frame, state] : kept) {
        BOOST_TEST_CONTEXT("from frame " << frame) {
            simulation->restore(*state.first);
            check_to_the_end(*simulation, frame);
            load_bytes(*other, state.second.view());
            check_to_the_end(*other, frame);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_saved_state_goes_on_in_another_simulation_with_any_number_of_workers) {
    const History history = history_of_melee();
    for (unsigned workers : kWorkerCounts) {
        auto simulation = start(melee(kFrames), workers);
        for (std::uint64_t from :
             {std::uint64_t{3}, std::uint64_t{4}, std::uint64_t{11}, std::uint64_t{0}}) {
            BOOST_TEST_CONTEXT(workers << " workers, from frame " << from) {
                load_bytes(*simulation, history.saves[from].view());
                check_goes_on(*simulation, history, from, 6);
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(a_snapshot_goes_on_in_another_simulation_of_the_same_program) {
    const History history = history_of_melee();
    auto simulation = start(melee(kFrames), 3);
    for (int i = 0; i < 5; ++i) step(*simulation, melee(kFrames));
    simulation->restore(*history.snapshots[9]);
    check_goes_on(*simulation, history, 9, kFrames);
}

BOOST_AUTO_TEST_CASE(equal_states_save_equal_bytes) {
    const History history = history_of_melee(1);
    auto simulation = start(melee(kFrames), 3);
    for (std::uint64_t frame = 0; frame <= kFrames; ++frame) {
        BOOST_TEST_CONTEXT("frame " << frame) {
            const Bytes bytes = saved(*simulation);
            BOOST_TEST(std::equal(bytes.view().begin(), bytes.view().end(),
                                  history.saves[frame].view().begin(),
                                  history.saves[frame].view().end()));
            auto loaded = start(melee(kFrames), 1);
            load_bytes(*loaded, bytes.view());
            const Bytes again = saved(*loaded);
            BOOST_TEST(std::equal(bytes.view().begin(), bytes.view().end(), again.view().begin(),
                                  again.view().end()));
            BOOST_TEST(first_line_that_differs(loaded->dump(), simulation->dump()) == "");
        }
        if (frame < kFrames) step(*simulation, melee(kFrames));
    }
}

BOOST_AUTO_TEST_CASE(handlers_that_callbacks_post_go_on_as_before) {
    // Nothing of the frame before decides what they draw, nor the stamp of their faults.
    Scenario scenario = with_probe(R"lua(
        function on_frame(frame) engine.post_to_main_thread("draw", frame) end
        function on_commit(frame) engine.post_to_main_thread("draw", -frame) end
        function on_input(source, data) engine.post_to_main_thread("draw", data) engine.submit("work", data) end
        function jobs.work(x) if engine.frame() % 2 == 0 then engine.post_to_main_thread("draw", x) end end
        function actions.draw(x) say({ x, math.random(1, 1 << 50) }) if x == 3 then error("three") end end
    )lua",
                                   6);
    scenario.inputs = [](std::uint64_t frame) {
        return std::vector<Input>{{1, frame, 100}, {2, frame, 3}};
    };
    const Trace trace = run(scenario);
    for (std::uint64_t from = 1; from < 6; ++from) {
        BOOST_TEST_CONTEXT("from frame " << from) {
            auto simulation = start(scenario, 2), loaded = start(scenario, 2);
            while (simulation->frame().value < from) step(*simulation, scenario);
            const auto snapshot = simulation->capture();
            load_bytes(*loaded, saved(*simulation).view());
            while (simulation->frame().value < 6) step(*simulation, scenario);
            simulation->restore(*snapshot);
            for (std::uint64_t frame = from + 1; frame <= 6; ++frame) {
                BOOST_TEST(difference(trace.reports[frame], step(*simulation, scenario)) == "");
                BOOST_TEST(difference(trace.reports[frame], step(*loaded, scenario)) == "");
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(a_restore_forgets_the_frames_after_it) {
    // From one frame two futures, with inputs of their own; each comes out as if the other had
    // never been.
    Scenario one = melee(kFrames), other = melee(kFrames);
    other.inputs = [](std::uint64_t frame) {
        return std::vector<Input>{{5, frame, Map{{"team", frame % 2 == 0 ? 0 : 1}, {"hp", -20}}}};
    };
    const auto future = [](Simulation& simulation, const Scenario& scenario) {
        std::vector<std::uint64_t> chains;
        for (int i = 0; i < 8; ++i) chains.push_back(step(simulation, scenario).chain);
        return chains;
    };
    auto simulation = start(one, 2);
    for (int i = 0; i < 5; ++i) step(*simulation, one);
    const auto fork = simulation->capture();
    const auto first = future(*simulation, one);
    simulation->restore(*fork);
    const auto second = future(*simulation, other);
    simulation->restore(*fork);
    BOOST_TEST(future(*simulation, one) == first);
    simulation->restore(*fork);
    BOOST_TEST(future(*simulation, other) == second);
    BOOST_TEST(first != second);
}

BOOST_AUTO_TEST_CASE(a_result_of_a_background_job_is_never_taken_for_another_ones) {
    // After the rollback another job is submitted in the place of the first: same frame, number and
    // id, another argument.
    Scenario scenario = with_probe(R"lua(
        function on_input(source, data) say(engine.submit("plan", data, { deliver = 3 })) end
        function jobs.plan(data) for i = 1, 20000 do end note("plan of " .. data) end
    )lua");
    auto simulation = start(scenario, 3);
    simulation->step();
    const auto before = simulation->capture();
    const auto play = [&](const char* what) {
        const Input input{1, 1, what};
        simulation->step({&input, 1});
        for (int i = 0; i < 4; ++i) simulation->step();
        return probe(*simulation);
    };
    const Value first = play("one");
    simulation->restore(*before);
    const Value second = play("another");
    BOOST_TEST((first[1] == second[1]));
    BOOST_TEST(first[2].as_string() == "plan of one");
    BOOST_TEST(second[2].as_string() == "plan of another");
    // Rolled back in the middle, while the result is on its way.
    simulation->restore(*before);
    const Input input{1, 1, "third"};
    simulation->step({&input, 1});
    simulation->restore(*before);
    for (int i = 0; i < 5; ++i) simulation->step();
    BOOST_TEST(probe(*simulation).is_nil());
}

BOOST_AUTO_TEST_CASE(a_truncated_state_is_refused_and_changes_nothing) {
    const History history = history_of_melee();
    Simulation& simulation = *history.trace.simulation;
    simulation.restore(*history.snapshots[10]);
    const std::string dump = simulation.dump();
    const std::span<const std::uint8_t> bytes = history.saves[7].view();
    for (std::size_t size = 0; size < bytes.size(); size += 1 + bytes.size() / 150) {
        BOOST_TEST_CONTEXT(size << " of " << bytes.size() << " bytes") {
            BOOST_CHECK_THROW(load_bytes(simulation, bytes.first(size)), Error);
            BOOST_TEST(simulation.state_hash() == history.trace.reports[10].state_hash);
        }
    }
    BOOST_TEST(first_line_that_differs(simulation.dump(), dump) == "");
    check_goes_on(simulation, history, 10, 6);
}

BOOST_AUTO_TEST_CASE(a_damaged_state_never_crashes_and_is_refused_or_another_state) {
    const History history = history_of_melee();
    Simulation& simulation = *history.trace.simulation;
    simulation.restore(*history.snapshots[10]);
    const Bytes& good = history.saves[7];
    std::size_t refused = 0, taken = 0;
    for (std::size_t i = 0; i < 300; ++i) {
        Bytes bad = good;
        const std::size_t at = i < 60 ? i : i * (good.size() / 300);
        bad.data()[at % good.size()] ^= static_cast<std::uint8_t>(1u << (i * 5 % 8));
        BOOST_TEST_CONTEXT("byte " << at) {
            try {
                load_bytes(simulation, bad.view());
                ++taken;
                // The chain is saved too, but is history and no part of the state.
                const bool same_state =
                    simulation.state_hash() == history.trace.reports[7].state_hash;
                BOOST_TEST((!same_state || simulation.chain() != history.trace.reports[7].chain));
                simulation.step();
                simulation.restore(*history.snapshots[10]);
            } catch (const Error& error) {
                ++refused;
                BOOST_TEST(!std::string(error.what()).empty());
                BOOST_TEST(simulation.state_hash() == history.trace.reports[10].state_hash);
            }
        }
    }
    BOOST_TEST(refused > 30u);
    BOOST_TEST_MESSAGE(refused << " damaged states refused, " << taken << " taken");
    check_goes_on(simulation, history, 10, 6);
}

BOOST_AUTO_TEST_CASE(a_state_of_another_program_is_refused) {
    const Trace other = run(with_probe("function on_frame() end", 2));
    const Bytes bytes = saved(*other.simulation);
    auto simulation = start(melee(), 1);
    const std::uint64_t hash = simulation->state_hash();
    BOOST_CHECK_THROW(load_bytes(*simulation, bytes.view()), Error);
    BOOST_TEST(simulation->state_hash() == hash);
}

BOOST_AUTO_TEST_CASE(bytes_that_are_no_state_are_refused) {
    auto simulation = start(melee(), 1);
    const std::uint64_t hash = simulation->state_hash();
    for (std::uint8_t byte : {0, 1, 0x7F, 0x80, 0xFF}) {
        const std::vector<std::uint8_t> bytes(500, byte);
        BOOST_CHECK_THROW(load_bytes(*simulation, bytes), Error);
    }
    BOOST_TEST(simulation->state_hash() == hash);
}

BOOST_AUTO_TEST_CASE(the_dump_names_every_field_and_its_diff_reads_like_the_design_says) {
    const char* const program = R"lua(
        template("soldier", { hp = 35, name = "x" })
        function on_start() engine.spawn_entity("soldier") end
        function on_input(_, hp) for id in engine.each("soldier") do engine.set(id, "hp", hp) end end
    )lua";
    Scenario scenario = with_probe(program, 1);
    const Trace one = run(scenario);
    scenario.inputs = [](std::uint64_t) { return std::vector<Input>{{1, 1, 34}}; };
    const Trace other = run(scenario);
    const std::string id = std::to_string(ids_of(*one.simulation, "soldier")[0].value);
    const std::string dump = one.simulation->dump(), other_dump = other.simulation->dump();
    BOOST_TEST(dump.find("soldier " + id + " .hp: 35\n") != std::string::npos, dump);
    BOOST_TEST(other_dump.find("soldier " + id + " .hp: 34\n") != std::string::npos, other_dump);
    BOOST_TEST(dump.find("soldier " + id + " .name: ") != std::string::npos, dump);
}

// ---- host state ----

struct Weather {
    double wind = 0;
    std::map<std::string, std::int32_t> clouds;
    template <class Archive>
    void serialize(Archive& archive) {
        archive(CEREAL_NVP(wind), CEREAL_NVP(clouds));
    }
};

Scenario weather_scenario() {
    Scenario scenario = with_probe(R"lua(
        function on_frame(frame) engine.submit("blow", frame) end
        function jobs.blow(frame)
            engine.post_to_main_thread("wind", math.random())
            note(engine.call("wind", frame * 1.0))
        end
    )lua",
                                   8);
    scenario.host = [] {
        auto weather = std::make_shared<Weather>();
        Simulation::Host host;
        host.handlers.emplace_back("wind", [weather](HandlerContext& context, const Value& data) {
            weather->wind += data.as_number();
            weather->clouds["cloud " + std::to_string(context.simulation().frame().value % 3)] += 1;
            return Value(weather->wind);
        });
        host.states.emplace_back("weather", [weather] { return make_host_state(*weather); });
        return host;
    };
    return scenario;
}

BOOST_AUTO_TEST_CASE(host_state_is_part_of_the_state) {
    const Scenario scenario = weather_scenario();
    const Trace trace = compare_workers(scenario);
    BOOST_TEST(describe_all(trace.faults()) == "");
    BOOST_TEST(trace.simulation->dump().find("wind: ") != std::string::npos);

    auto simulation = start(scenario, 2);
    for (int i = 0; i < 3; ++i) simulation->step();
    const auto snapshot = simulation->capture();
    const Bytes bytes = saved(*simulation);
    for (int i = 0; i < 5; ++i) simulation->step();
    BOOST_TEST(simulation->chain() == trace.simulation->chain());
    simulation->restore(*snapshot);
    BOOST_TEST(simulation->state_hash() == trace.reports[3].state_hash);
    for (int i = 0; i < 5; ++i) simulation->step();
    BOOST_TEST(simulation->chain() == trace.simulation->chain());

    auto other = start(scenario, 3);
    load_bytes(*other, bytes.view());
    BOOST_TEST(other->state_hash() == trace.reports[3].state_hash);
    for (int i = 0; i < 5; ++i) other->step();
    check_same_state(*other, *trace.simulation, "after load and five frames");
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace canon::test
