// Goal: what was recorded plays exactly, in both modes, from any frame to any frame, with any
// number of workers; and what differs is told.
#include <boost/test/unit_test.hpp>
#include <memory>
#include <stdexcept>
#include <vector>

#include "canon/error.hpp"
#include "canon/host_function.hpp"
#include "canon/host_state.hpp"
#include "determinism/melee.hpp"
#include "determinism/random_programs.hpp"
#include "determinism/reloads.hpp"
#include "replay/session.hpp"

namespace canon::test {
namespace {

using replay::MemorySource;
using replay::Player;
using replay::PlayMode;

constexpr std::uint64_t kFrames = 23;

void check_plays(const Scenario& scenario, const RecordedSession& session, PlayMode mode,
                 unsigned workers) {
    MemorySource source(session.bytes);
    Player player(source, play(scenario, mode, workers));
    BOOST_TEST(player.last_frame().value == scenario.frames);
    while (player.step()) {
        const std::uint64_t frame = player.frame().value;
        BOOST_TEST_REQUIRE(player.world().state_hash() == session.world_hashes[frame]);
        BOOST_TEST_REQUIRE(player.record().state_hash == session.reports[frame].state_hash);
        if (mode != PlayMode::execute) continue;
        // The text of a fault that a replay is told is another one.
        if (session.reports[frame].killed.empty())
            BOOST_TEST_REQUIRE(difference(*player.report(), session.reports[frame]) == "");
        BOOST_TEST_REQUIRE(player.report()->chain == session.reports[frame].chain);
    }
    BOOST_TEST(player.frame().value == scenario.frames);
    BOOST_TEST(player.stopped_by() == "");
    const auto text = player.divergence() ? replay::describe(*player.divergence()) : "";
    BOOST_TEST(text == "");
}

// A number that a host keeps, and a handler that changes it.
struct Meter {
    std::int64_t reading = 0;
    template <class Archive>
    void serialize(Archive& archive) {
        archive(CEREAL_NVP(reading));
    }
};

Scenario with_host() {
    Scenario scenario;
    scenario.main = R"(
template("lamp", { power = 1, label = "" })
function on_start() for i = 1, 6 do engine.spawn_entity("lamp", { power = i }) end end
function on_frame(frame) engine.submit_each("burn", "lamp") end
function jobs.burn(id)
    engine.add(id, "power", 2, { max = 40 })
    if math.random(3) == 1 then engine.set(id, "label", "lamp " .. engine.get(id, "power")) end
    if id % 3 == 0 then engine.post_to_main_thread("count", engine.get(id, "power")) end
end
function jobs.visit(what) engine.spawn_entity("lamp", { label = what }) end
)";
    scenario.frames = 14;
    scenario.host = [] {
        Simulation::Host host;
        auto meter = std::make_shared<Meter>();
        host.states.emplace_back("meter", [meter] { return make_host_state(*meter); });
        host.handlers.emplace_back("count", [meter](HandlerContext&, const Value& data) {
            meter->reading += data.as_integer();
            return Value();
        });
        return host;
    };
    return scenario;
}

BOOST_AUTO_TEST_SUITE(replay_playing)

BOOST_AUTO_TEST_CASE(a_recording_plays_exactly_in_both_modes_with_any_number_of_workers) {
    for (const Scenario& scenario : {melee(kFrames), reloading()}) {
        const RecordedSession session = record_session(scenario, all_levels());
        for (const unsigned workers : kWorkerCounts)
            check_plays(scenario, session, PlayMode::execute, workers);
        check_plays(scenario, session, PlayMode::apply, 1);
    }
}

BOOST_AUTO_TEST_CASE(random_programs_with_faults_and_kills_play_exactly) {
    for (std::uint64_t number = 0; number < 12; ++number) {
        BOOST_TEST_CONTEXT("program " << number) {
            const Scenario scenario = random_program(number);
            const RecordedSession session = record_session(scenario, all_levels());
            check_plays(scenario, session, PlayMode::execute, 3);
            check_plays(scenario, session, PlayMode::apply, 1);
        }
    }
}

void check_seeks(const Scenario& scenario, PlayMode mode, std::size_t kept) {
    const RecordedSession session = record_session(scenario, all_levels());
    MemorySource source(session.bytes);
    replay::PlayerOptions options = play(scenario, mode);
    options.kept_states = kept;
    Player player(source, options);
    for (std::uint64_t i = 0; i <= 2 * scenario.frames; ++i) {
        const std::uint64_t frame = i * 7 % (scenario.frames + 1);
        player.seek({frame});
        BOOST_TEST_REQUIRE(player.frame().value == frame);
        BOOST_TEST_REQUIRE(player.world().state_hash() == session.world_hashes[frame]);
        // And on from there.
        if (frame < scenario.frames) BOOST_TEST_REQUIRE(player.step());
    }
    BOOST_TEST(!player.divergence());
    BOOST_CHECK_THROW(player.seek({scenario.frames + 1}), Error);
}

BOOST_AUTO_TEST_CASE(any_frame_is_reached_from_any_other) {
    for (const Scenario& scenario : {melee(kFrames), reloading()})
        for (const PlayMode mode : {PlayMode::execute, PlayMode::apply})
            for (const std::size_t kept : {std::size_t{0}, std::size_t{3}, std::size_t{32}})
                check_seeks(scenario, mode, kept);
}

void check_branch(const Scenario& scenario, PlayMode mode, std::uint64_t frame) {
    const RecordedSession session = record_session(scenario, all_levels());
    MemorySource source(session.bytes);
    Player player(source, play(scenario, mode));
    player.seek({frame});
    const std::unique_ptr<Simulation> live = player.branch();
    BOOST_TEST(live->state_hash() == session.reports[frame].state_hash);
    for (std::uint64_t next = frame + 1; next <= scenario.frames; ++next)
        BOOST_TEST_REQUIRE(difference(step(*live, scenario), session.reports[next]) == "");
}

BOOST_AUTO_TEST_CASE(any_frame_is_the_beginning_of_a_new_session) {
    for (const PlayMode mode : {PlayMode::execute, PlayMode::apply}) {
        for (const std::uint64_t frame : {0u, 7u, 20u}) check_branch(melee(kFrames), mode, frame);
        for (const std::uint64_t frame : {3u, 4u, 9u, 17u}) check_branch(reloading(), mode, frame);
    }
}

BOOST_AUTO_TEST_CASE(what_a_host_keeps_and_submits_is_recorded) {
    const Scenario scenario = with_host();
    const auto simulation = start(scenario, 2);
    replay::MemorySink sink;
    std::vector<std::uint64_t> hashes = {simulation->world().state_hash()};
    replay::Recorder recorder(*simulation, scenario.host(), sink, all_levels());
    for (std::uint64_t frame = 1; frame <= scenario.frames; ++frame) {
        if (frame % 3 == 0) simulation->submit("visit", "guest " + std::to_string(frame));
        if (frame == 5) simulation->cancel(simulation->submit("visit", "nobody"));
        if (frame == 6) {
            SubmitEachOptions each;
            each.delay = 2;
            simulation->submit_each("burn", "lamp", each);
        }
        recorder.step();
        hashes.push_back(simulation->world().state_hash());
    }
    recorder.close();
    for (const PlayMode mode : {PlayMode::execute, PlayMode::apply}) {
        MemorySource source(sink.view());
        Player player(source, play(scenario, mode));
        while (player.step())
            BOOST_TEST_REQUIRE(player.world().state_hash() == hashes[player.frame().value]);
        BOOST_TEST(player.frame().value == scenario.frames);
        BOOST_TEST(!player.divergence());
        player.seek({8});
        BOOST_TEST(player.world().state_hash() == hashes[8]);
    }
    MemorySource source(sink.view());
    BOOST_CHECK_THROW(Player player(source), replay::OtherProgram);
}

// A clock that goes on, whoever asks; it fails now and then.
struct Clock {
    std::int64_t time = 1000;
    int calls = 0;
    int good_calls = 4;  // between failing ones
    Simulation::Host host(Purity purity) {
        Simulation::Host host;
        host.functions.push_back(
            host_function("clock", "scale", [](double number) { return number * 2; }, {"number"}));
        host.functions.push_back(host_function(
            "clock", "now",
            [this](std::int64_t step) {
                if (++calls % (good_calls + 1) == 0)
                    throw std::runtime_error("the clock has stopped");
                return time += step + calls;
            },
            {"step"}, purity));
        return host;
    }
};

constexpr const char* kAsksTheClock = R"(
template("unit", { seen = 0, failed = 0, half = 0.0 })
singleton("log", { started = 0 })
function on_start() for i = 1, 4 do engine.spawn_entity("unit") end end
function on_frame(frame)
    local good, time = pcall(clock.now, 100)
    if good then engine.set("log", "started", time) end
    engine.submit_each("ask", "unit")
end
function jobs.ask(id)
    local good, time = pcall(clock.now, id)
    if good then engine.set(id, "seen", time) else engine.add(id, "failed", 1) end
    engine.set(id, "half", clock.scale(id))
end
)";

BOOST_AUTO_TEST_CASE(answers_of_external_functions_are_inputs_and_nobody_asks_again) {
    Clock clock;
    SimulationOptions settings;
    settings.workers = 2;
    const Simulation::Host host = clock.host(Purity::external);
    const auto program = Program::from_modules({{"main", kAsksTheClock}});
    Simulation simulation(program, settings, host);
    replay::MemorySink sink;
    std::vector<std::uint64_t> hashes = {simulation.world().state_hash()};
    {
        replay::Recorder recorder(simulation, host, sink, all_levels());
        for (int frame = 0; frame < 12; ++frame) {
            BOOST_TEST(recorder.step().faults.empty());
            hashes.push_back(simulation.world().state_hash());
        }
        recorder.close();
    }
    BOOST_TEST(clock.calls == 60);
    const std::int64_t time = clock.time;

    // The host that plays has the pure function, but no clock.
    Simulation::Host without;
    without.functions.push_back(host.functions[0]);
    for (const PlayMode mode : {PlayMode::execute, PlayMode::apply}) {
        MemorySource source(sink.view());
        replay::PlayerOptions options;
        options.mode = mode;
        options.host = without;
        Player player(source, options);
        while (player.step())
            BOOST_TEST_REQUIRE(player.world().state_hash() == hashes[player.frame().value]);
        BOOST_TEST(player.frame().value == 12u);
        BOOST_TEST(!player.divergence());
        player.seek({7});
        BOOST_TEST(player.world().state_hash() == hashes[7]);
    }
    // Nor is the clock asked where it is there.
    MemorySource source(sink.view());
    replay::PlayerOptions options;
    options.host = host;
    Player player(source, options);
    while (player.step()) {
    }
    BOOST_TEST(!player.divergence());
    BOOST_TEST(clock.calls == 60);
    BOOST_TEST(clock.time == time);
    // Without the pure one it cannot be played.
    BOOST_CHECK_THROW(Player nobody(source), replay::OtherProgram);
}

BOOST_AUTO_TEST_CASE(a_replay_that_is_told_of_other_calls_says_so) {
    Clock clock;
    clock.good_calls = 1000;
    const auto program = Program::from_modules({{"main", kAsksTheClock}});
    Simulation live(program, {}, clock.host(Purity::external));
    const FrameReport& report = live.step();
    const Content told = content_of(report.host_answers);
    const std::uint64_t hash = report.state_hash;
    const auto replayed = [&](std::span<const std::uint8_t> answers) {
        Clock other;
        Simulation simulation(program, {}, other.host(Purity::external));
        const std::uint64_t found = simulation.replay({}, {}, answers).state_hash;
        BOOST_TEST(other.calls == 0);
        return found;
    };
    BOOST_TEST(replayed(told) == hash);
    for (std::size_t size = 0; size < told.size(); ++size)
        BOOST_TEST(replayed(std::span(told).first(size)) != hash);
    Content renamed = told;
    renamed[4] ^= 1;  // in the name
    BOOST_TEST(replayed(renamed) != hash);
}

// Goal: a program that keeps what it hears of faults replays, though a replay ends killed runs
// itself.
BOOST_AUTO_TEST_CASE(what_a_program_hears_of_faults_is_the_same_in_a_replay) {
    const Scenario scenario = with_probe(R"lua(
        function on_frame(frame) for i = 1, 3 do engine.submit("bad", i) end engine.post_to_main_thread("slow", 1) end
        function jobs.bad(i)
            if i == 1 then while true do end end
            if i == 2 then engine.call("slow", 2) end
            local x = nil
            return x.y
        end
        function actions.slow() while true do end end
        function on_fault(fault) say({ fault["function"], fault.kind, fault.message }) end
        )lua",
                                         6);
    const RecordedSession session = record_session(scenario, all_levels());
    BOOST_TEST(session.reports[3].killed.size() == 3u);
    check_plays(scenario, session, PlayMode::execute, 3);
    check_plays(scenario, session, PlayMode::apply, 1);
}

// Goal: of a handler that a limit has ended nothing is left, not even a number: later handlers of
// the frame draw from the same streams where it is not run at all.
BOOST_AUTO_TEST_CASE(a_handler_that_was_killed_leaves_no_trace_in_those_that_follow) {
    const Scenario scenario = with_probe(R"lua(
        function on_frame(frame)
            engine.submit("ask", frame % 3 == 1)
            if frame == 4 then for i = 1, 3 do engine.post_to_main_thread("draw") end while true do end end
        end
        function jobs.ask(bad)
            if bad then engine.post_to_main_thread("killer") end
            engine.post_to_main_thread("good")
        end
        function actions.killer()
            for i = 1, 5 do engine.post_to_main_thread("draw") engine.submit("ask", false) engine.spawn_entity("unit") end
            while true do end
        end
        function actions.good() engine.post_to_main_thread("draw") engine.spawn_entity("unit") end
        function actions.draw() say({ math.random(1000), engine.submit("none") }) end
        function jobs.none() end
        template("unit", { x = 0 })
        )lua",
                                         8);
    const RecordedSession session = record_session(scenario, all_levels());
    BOOST_TEST(session.reports[1].killed.size() == 1u);
    BOOST_TEST(session.reports[4].killed.size() == 1u);
    check_plays(scenario, session, PlayMode::execute, 3);
}

BOOST_AUTO_TEST_CASE(another_program_diverges_where_its_jobs_do_otherwise) {
    Scenario scenario = with_probe(R"(
template("unit", { hp = 100 })
function on_start() for i = 1, 3 do engine.spawn_entity("unit") end end
function on_frame(frame) engine.submit_each("act", "unit") end
function jobs.act(id) if engine.frame() == 4 and id == 3 then engine.add(id, "hp", -5) end end
)",
                                   8);
    const RecordedSession session = record_session(scenario, all_levels());
    Scenario changed = scenario;
    changed.main.replace(changed.main.find("-5"), 2, "-6");
    for (const std::size_t kept : {std::size_t{32}, std::size_t{1}}) {
        MemorySource source(session.bytes);
        replay::PlayerOptions options = play(scenario);
        options.program = load(changed);
        options.kept_states = kept;
        Player player(source, options);
        while (player.step()) {
        }
        BOOST_TEST_REQUIRE(player.divergence().has_value());
        BOOST_TEST(player.divergence()->frame.value == 4u);
        BOOST_TEST(player.divergence()->what == "actions");
        const std::string text = replay::describe(*player.divergence());
        BOOST_TEST(text.find("of jobs.act") != std::string::npos);
        BOOST_TEST(
            text.find(
                "recorded: {\"action\":\"add\",\"entity\":3,\"field\":\"hp\",\"value\":-5}") !=
            std::string::npos);
        BOOST_TEST(
            text.find(
                "played:   {\"action\":\"add\",\"entity\":3,\"field\":\"hp\",\"value\":-6}") !=
            std::string::npos);
        // From its own first state it can be sought too.
        player.seek({2});
        BOOST_TEST(player.world().state_hash() == session.world_hashes[2]);
    }
}

void check_grows(const Scenario& scenario, PlayMode mode) {
    const RecordedSession session = record_session(scenario, all_levels());
    MemorySource source({});
    const auto starts = boundaries(session.bytes);
    // META and KEY are there; the rest comes in pieces that end anywhere.
    std::size_t size = static_cast<std::size_t>(starts[2]);
    source.set({session.bytes.data(), size});
    Player player(source, play(scenario, mode));
    std::uint64_t played = 0;
    const auto play_what_is_there = [&] {
        for (; player.step(); ++played)
            BOOST_TEST_REQUIRE(player.world().state_hash() == session.world_hashes[played + 1]);
        BOOST_TEST_REQUIRE(player.stopped_by() == "");
    };
    for (; size <= session.bytes.size(); size += 197) {
        source.set({session.bytes.data(), size});
        play_what_is_there();
    }
    source.set(session.bytes);
    play_what_is_there();
    BOOST_TEST(played == scenario.frames);
    BOOST_TEST(!player.divergence());
}

BOOST_AUTO_TEST_CASE(a_recording_that_grows_is_played_as_it_grows) {
    for (const PlayMode mode : {PlayMode::execute, PlayMode::apply}) {
        check_grows(melee(kFrames), mode);
        check_grows(reloading(), mode);
    }
}

BOOST_AUTO_TEST_CASE(a_hole_is_told_and_passed_over_at_the_next_keyframe) {
    const Scenario scenario = melee(kFrames);
    const RecordedSession session = record_session(scenario, all_levels());
    Content damaged = session.bytes;
    MemorySource whole(session.bytes);
    replay::ChunkReader chunks(whole);
    for (int frames = 0; frames < 3;) {
        chunks.next();
        if (chunks.chunk().header.kind == replay::ChunkKind::frames) ++frames;
    }
    damaged[static_cast<std::size_t>(chunks.chunk().offset) + replay::kHeaderBytes + 3] ^= 1;
    MemorySource source(damaged);
    Player player(source, play(scenario));
    while (player.step()) {
    }
    BOOST_TEST(player.frame().value < kFrames);
    BOOST_TEST(player.stopped_by().find("frames") != std::string::npos);
    BOOST_TEST_REQUIRE(player.skip_hole());
    BOOST_TEST(player.world().state_hash() == session.world_hashes[player.frame().value]);
    while (player.step()) {
    }
    BOOST_TEST(player.frame().value == kFrames);
    BOOST_TEST(!player.divergence());
}

BOOST_AUTO_TEST_CASE(levels_decide_what_can_be_done_with_a_recording) {
    const Scenario scenario = melee(9);
    for (const ActionRecord actions :
         {ActionRecord::none, ActionRecord::hashes, ActionRecord::all}) {
        replay::RecorderOptions options = all_levels();
        options.levels = {actions, false};
        const RecordedSession session = record_session(scenario, options);
        check_plays(scenario, session, PlayMode::execute, 2);
        MemorySource source(session.bytes);
        BOOST_CHECK_THROW(Player(source, play(scenario, PlayMode::apply)), Error);
    }
}

// A sink that fails from some byte on.
class FullSink final : public replay::Sink {
  public:
    explicit FullSink(std::size_t room) : room_(room) {}
    void write(std::span<const std::uint8_t> bytes) override {
        const std::size_t fits = std::min(bytes.size(), room_ - written.size());
        written.insert(written.end(), bytes.begin(), bytes.begin() + static_cast<long>(fits));
        if (fits < bytes.size()) throw Error("the disk is full");
    }
    void sync() override { ++syncs; }
    Content written;
    int syncs = 0;

  private:
    std::size_t room_;
};

BOOST_AUTO_TEST_CASE(a_full_disk_is_told_at_once_and_what_was_sealed_plays) {
    const Scenario scenario = melee(40);
    const RecordedSession whole = record_session(scenario, all_levels());
    for (const std::size_t room : {whole.bytes.size() / 3, whole.bytes.size() * 2 / 3}) {
        FullSink sink(room);
        const auto simulation = start(scenario, 2);
        std::uint64_t told = 0;
        {
            replay::Recorder recorder(*simulation, {}, sink, all_levels());
            try {
                for (std::uint64_t frame = 1; frame <= scenario.frames; ++frame) {
                    recorder.step(scenario.inputs(frame));
                    recorder.flush();
                }
            } catch (const Error& error) {
                told = simulation->frame().value;
                BOOST_TEST(std::string(error.what()).find("the disk is full") != std::string::npos);
            }
        }
        BOOST_TEST_REQUIRE(told > 0u);
        // The simulation decides: it goes on without.
        step(*simulation, scenario);
        BOOST_TEST(simulation->frame().value == told + 1);
        MemorySource source(sink.written);
        Player player(source, play(scenario));
        while (player.step()) {
        }
        BOOST_TEST(player.frame().value == told - 1);
        BOOST_TEST(!player.divergence());
    }
}

BOOST_AUTO_TEST_CASE(durability_syncs_when_it_says) {
    const Scenario scenario = melee(12);
    const auto syncs = [&](replay::Durability durability) {
        FullSink sink(std::size_t{1} << 30);
        const auto simulation = start(scenario, 1);
        replay::RecorderOptions options = all_levels();
        options.durability = durability;
        replay::Recorder recorder(*simulation, {}, sink, options);
        for (std::uint64_t frame = 1; frame <= 12; ++frame) recorder.step(scenario.inputs(frame));
        recorder.close();
        return sink.syncs;
    };
    using When = replay::Durability::When;
    BOOST_TEST(syncs({When::never}) == 0);
    BOOST_TEST(syncs({When::each_seal}) >= 4);
    BOOST_TEST(syncs({When::seconds, 1000}) == 1);  // the last
}

BOOST_AUTO_TEST_CASE(effects_that_somebody_else_wants_stay_when_the_recorder_goes) {
    for (const bool wanted : {false, true}) {
        const Scenario scenario = melee(6);
        const auto simulation = start(scenario, 1);
        simulation->record_effects(wanted);
        replay::MemorySink sink;
        replay::Recorder recorder(*simulation, {}, sink, all_levels());
        BOOST_TEST(!recorder.step(scenario.inputs(1)).effects.empty());
        recorder.close();
        const FrameReport& report = step(*simulation, scenario);
        BOOST_TEST(report.effects.empty() == !wanted);
        BOOST_TEST(report.job_actions.empty());
    }
}

BOOST_AUTO_TEST_CASE(what_was_applied_is_saved_and_loaded_like_any_state) {
    const Scenario scenario = melee(kFrames);
    const RecordedSession session = record_session(scenario, all_levels());
    MemorySource source(session.bytes);
    Player player(source, play(scenario, PlayMode::apply));
    const auto other = start(scenario, 1);
    while (player.step()) {
        Bytes saved;
        player.world().save(saved);
        ByteReader in(saved.view());
        other->world().load(in);
        BOOST_TEST_REQUIRE(other->world().state_hash() ==
                           session.world_hashes[player.frame().value]);
    }
}

BOOST_AUTO_TEST_CASE(a_frame_that_was_not_recorded_is_an_error_and_not_a_gap) {
    const Scenario scenario = melee(6);
    const auto simulation = start(scenario, 1);
    replay::MemorySink sink;
    replay::Recorder recorder(*simulation, {}, sink);
    recorder.step(scenario.inputs(1));
    step(*simulation, scenario);
    BOOST_CHECK_THROW(recorder.step(scenario.inputs(3)), Error);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace canon::test
