// Goal: a recording with reloads, console inputs and jobs that were delivered when they were done
// is one like any other: it verifies, can be cut and compared, and what is missing of it is told.
// Method: the scenario of tests/determinism/reloads.hpp, and small programs.
#include <boost/test/unit_test.hpp>
#include <thread>

#include "canon/error.hpp"
#include "determinism/reloads.hpp"
#include "recording/cut.hpp"
#include "recording/recording_diff.hpp"
#include "recording/verifier.hpp"
#include "replay/session.hpp"

namespace canon::test {
namespace {

using replay::ChunkKind;
using replay::MemorySource;
using replay::Player;
using replay::PlayMode;

const Scenario& scenario() {
    static const Scenario made = reloading();
    return made;
}

const RecordedSession& session() {
    static const RecordedSession made = record_session(scenario(), all_levels());
    return made;
}

replay::Verification verify(const Content& bytes, unsigned threads) {
    replay::VerifierOptions options;
    options.threads = threads;
    return replay::verify({{"it", [&] { return std::make_unique<MemorySource>(bytes); }}},
                          options)[0];
}

// Plays from where the player stands, up to `frame`.
void check_plays_to(Player& player, std::uint64_t frame) {
    while (player.step())
        BOOST_TEST_REQUIRE(player.world().state_hash() ==
                           session().world_hashes[player.frame().value]);
    BOOST_TEST(player.frame().value == frame);
    const auto text = player.divergence() ? replay::describe(*player.divergence()) : "";
    BOOST_TEST(text == "");
}

BOOST_AUTO_TEST_SUITE(replay_session_inputs)

BOOST_AUTO_TEST_CASE(spans_before_and_behind_a_reload_are_verified_with_their_programs) {
    for (const unsigned threads : {1u, 2u, 8u}) {
        const replay::Verification result = verify(session().bytes, threads);
        BOOST_TEST(verdict_name(result.verdict) == verdict_name(replay::Verdict::same));
        BOOST_TEST(result.frames == scenario().frames);
        // Behind frames 4, 8, 10 and 13, and five frames after one with none.
        BOOST_TEST(result.spans == 6u);
    }
}

// One thread plays spans of the same META with one simulation, whatever it has reloaded meanwhile.
BOOST_AUTO_TEST_CASE(a_span_begins_with_its_program_though_the_one_before_ended_with_another) {
    MemorySource source(session().bytes);
    replay::MemorySink sink;
    replay::CutRange range;
    range.to = Frame{4};
    replay::cut(source, sink, range, {});
    const Content part = content_of(sink.view());
    const auto open = [&] { return std::make_unique<MemorySource>(part); };
    replay::VerifierOptions options;
    options.threads = 1;
    for (const replay::Verification& result :
         replay::verify({{"once", open}, {"again", open}}, options)) {
        BOOST_TEST(verdict_name(result.verdict) == verdict_name(replay::Verdict::same));
        BOOST_TEST(result.frames == 4u);
    }
}

BOOST_AUTO_TEST_CASE(each_keyframe_has_the_program_with_which_its_state_goes_on) {
    MemorySource source(session().bytes);
    replay::RecordingReader reader(source);
    std::vector<std::pair<std::uint64_t, std::uint64_t>> programs;  // by frame
    using Event = replay::RecordingReader::Event;
    for (Event event = reader.next(); event != Event::end; event = reader.next())
        if (event == Event::keyframe)
            programs.emplace_back(reader.keyframe().position.value - 1,
                                  reader.meta().program_digest);
    BOOST_REQUIRE_EQUAL(programs.size(), 6u);
    BOOST_TEST(programs[1].first == 4u);
    BOOST_TEST(programs[1].second != programs[0].second);
    BOOST_TEST(programs[2].first == 8u);  // a reload that failed
    BOOST_TEST(programs[2].second == programs[1].second);
    BOOST_TEST(programs[3].first == 10u);
    BOOST_TEST(programs[3].second != programs[1].second);
    BOOST_TEST(programs[4].first == 13u);
    BOOST_TEST(programs[4].second == programs[0].second);
}

BOOST_AUTO_TEST_CASE(any_range_can_be_cut_out_and_plays) {
    for (std::uint64_t from = 1; from <= scenario().frames; from += 2) {
        for (std::uint64_t to = from; to <= scenario().frames; ++to) {
            MemorySource source(session().bytes);
            replay::MemorySink sink;
            replay::CutRange range;
            range.from = Frame{from};
            range.to = Frame{to};
            replay::cut(source, sink, range, {});
            const Content part = content_of(sink.view());
            MemorySource cut(part);
            Player player(cut, play(scenario()));
            check_plays_to(player, to);
            BOOST_TEST(verdict_name(verify(part, 1).verdict) ==
                       verdict_name(replay::Verdict::same));
            Player applied(cut, play(scenario(), PlayMode::apply));
            check_plays_to(applied, to);
        }
    }
}

BOOST_AUTO_TEST_CASE(where_the_keyframe_behind_a_reload_is_lost_applying_stops_and_says_so) {
    Content damaged = session().bytes;
    std::uint32_t keys = 0;
    MemorySource whole(session().bytes);
    replay::ChunkReader chunks(whole);
    while (keys < 2) {
        chunks.next();
        if (chunks.chunk().header.kind == ChunkKind::key) ++keys;
    }
    damaged[static_cast<std::size_t>(chunks.chunk().offset) + replay::kHeaderBytes + 3] ^= 1;
    MemorySource source(damaged);
    {
        Player player(source, play(scenario(), PlayMode::apply));
        check_plays_to(player, 3);
        BOOST_TEST(player.stopped_by() ==
                   "frame 4 is a reload, and the keyframe behind it, which the effects that follow "
                   "need, is not there");
        BOOST_TEST_REQUIRE(player.skip_hole());
        BOOST_TEST(player.frame().value == 8u);
        check_plays_to(player, scenario().frames);
    }
    // The scripts know what they do.
    Player player(source, play(scenario()));
    check_plays_to(player, 4);
    BOOST_TEST(player.stopped_by().find("no frames") != std::string::npos, player.stopped_by());
    check_plays_to(player, scenario().frames);
}

BOOST_AUTO_TEST_CASE(to_another_program_the_reloads_do_nothing) {
    MemorySource source(session().bytes);
    Scenario changed = scenario();
    changed.main += "-- changed\n";
    replay::PlayerOptions options = play(scenario());
    options.program = load(changed);
    const std::uint64_t digest = options.program->digest();
    Player player(source, options);
    while (player.step()) BOOST_TEST_REQUIRE(player.simulation().program().digest() == digest);
    BOOST_TEST(player.frame().value == scenario().frames);
    BOOST_TEST_REQUIRE(player.divergence().has_value());
    BOOST_TEST(player.divergence()->frame.value == 4u);
    player.seek({2});
    BOOST_TEST(player.world().state_hash() == session().world_hashes[2]);
}

BOOST_AUTO_TEST_CASE(recordings_that_part_at_a_reload_are_compared_with_the_programs_there) {
    Scenario other = scenario();
    other.inputs = [](std::uint64_t frame) {
        std::vector<Input> inputs = scenario().inputs(frame);
        if (frame == 10) inputs.clear();
        return inputs;
    };
    const RecordedSession parted = record_session(other, all_levels());
    MemorySource a(session().bytes), b(parted.bytes);
    const replay::RecordingDiff diff = replay::diff_recordings(a, b, {});
    BOOST_TEST_REQUIRE(diff.frame.has_value());
    BOOST_TEST(diff.frame->value == 10u);
    BOOST_TEST(diff.what == "inputs");
    BOOST_REQUIRE_EQUAL(diff.details.size(), 2u);
    BOOST_TEST(diff.details[0].starts_with("A: source reload, sequence 0: [{\"file\":"),
               diff.details[0]);
    BOOST_TEST(diff.details[0].size() < 300u);
    BOOST_TEST(diff.details[1] == "B: none");
    BOOST_TEST(diff.state_problem.find("other templates") != std::string::npos, diff.state_problem);
    other.inputs = [](std::uint64_t frame) {
        std::vector<Input> inputs = scenario().inputs(frame);
        if (frame == 13) inputs.pop_back();
        return inputs;
    };
    const RecordedSession later = record_session(other, all_levels());
    MemorySource c(later.bytes);
    const replay::RecordingDiff behind = replay::diff_recordings(a, c, {});
    BOOST_TEST_REQUIRE(behind.frame.has_value());
    BOOST_TEST(behind.frame->value == 13u);
    BOOST_TEST(behind.details[0].starts_with("A: source console, sequence 0: \"for id"),
               behind.details[0]);
    BOOST_TEST(behind.state_problem == "");
    BOOST_TEST(!behind.state.empty());
}

BOOST_AUTO_TEST_CASE(jobs_are_delivered_where_they_were_when_they_were_done) {
    Scenario live = with_probe(R"lua(
        function on_frame(frame)
            if frame % 3 == 1 then
                for i = 1, 3 do engine.submit("plan", { frame, i }, { deliver = "done", key = i }) end
            end
            engine.submit("quick", frame)
        end
        function jobs.plan(x) for k = 1, 3000 * x[2] do end note({ x[1], x[2], math.random(1000) }) end
        function jobs.quick(frame) note(frame) end
    )lua",
                               40);
    live.limits.done_delay = 0;
    const auto simulation = start(live, 3);
    replay::MemorySink sink;
    replay::Recorder recorder(*simulation, {}, sink, all_levels());
    std::vector<std::uint64_t> hashes{simulation->state_hash()};
    std::size_t delivered = 0;
    for (std::uint64_t frame = 1; frame <= live.frames; ++frame) {
        // Some come soon, some late, and of some frames there are several at once.
        const std::size_t submitted = 3 * ((frame + 1) / 3);
        if (frame % 4 == 0)
            while (delivered < submitted && simulation->done_jobs().empty())
                std::this_thread::yield();
        const std::vector<JobId> done = simulation->done_jobs();
        delivered += done.size();
        const Input input = Input::done(done);
        hashes.push_back(recorder.step({&input, done.empty() ? 0u : 1u}).state_hash);
    }
    recorder.close();
    BOOST_TEST(delivered > 0u);
    const Content bytes = content_of(sink.view());
    for (const unsigned workers : kWorkerCounts) {
        MemorySource source(bytes);
        Player player(source, play(live, PlayMode::execute, workers));
        while (player.step())
            BOOST_TEST_REQUIRE(player.simulation().state_hash() == hashes[player.frame().value]);
        BOOST_TEST(player.frame().value == live.frames);
        BOOST_TEST(!player.divergence());
        for (const std::uint64_t frame : {31u, 7u, 22u, 12u, 39u}) {
            player.seek({frame});
            BOOST_TEST(player.simulation().state_hash() == hashes[frame]);
        }
    }
    BOOST_TEST(verdict_name(verify(bytes, 2).verdict) == verdict_name(replay::Verdict::same));
}

// Goal: the mode of the session decides whether a reload can bring a program that needs exact mode.
BOOST_AUTO_TEST_CASE(a_reload_is_refused_in_a_replay_where_it_was_refused_in_the_session) {
    const auto program = Program::from_modules({{"main", "singleton('s', { n = 0 })"}});
    const auto exact = Program::from_modules(
        {{"main",
          "arena_order() singleton('s', { n = 0 }) function on_frame() engine.add('s', "
          "'n', 1) end"}});
    for (const SimulationMode mode : {SimulationMode::exact, SimulationMode::canonical}) {
        Simulation simulation(program, {.workers = 1, .mode = mode});
        replay::MemorySink sink;
        replay::Recorder recorder(simulation, {}, sink, all_levels());
        recorder.step();
        const Input input = Input::reload(*exact);
        const bool is_refused = !recorder.step({&input, 1}).faults.empty();
        BOOST_TEST(is_refused == (mode == SimulationMode::canonical));
        recorder.step();
        recorder.close();
        const Content bytes = content_of(sink.view());
        MemorySource source(bytes);
        Player player(source);
        while (player.step()) {
        }
        BOOST_TEST(player.frame().value == 3u);
        const auto text = player.divergence() ? replay::describe(*player.divergence()) : "";
        BOOST_TEST(text == "");
        BOOST_TEST(verdict_name(verify(bytes, 1).verdict) == verdict_name(replay::Verdict::same));
    }
}

// Goal: what scripts see of a module, the name of its file too, tells programs apart. Method: a
// reload brings the same text under another name, and the player goes back behind it.
BOOST_AUTO_TEST_CASE(the_same_text_in_another_file_is_another_program) {
    constexpr const char* kText =
        "singleton('s', { text = '' }) function on_frame() "
        "engine.set('s', 'text', select(2, pcall(error, 'here', 2)) .. select(2, pcall(function() "
        "error('x') end))) end";
    const auto x = Program::from_modules({{"main", kText, "x.lua"}});
    const auto y = Program::from_modules({{"main", kText, "y.lua"}});
    BOOST_TEST(x->digest() != y->digest());
    BOOST_TEST(Program::from_modules({{"main", kText, ""}})->digest() ==
               Program::from_modules({{"main", kText, "main.lua"}})->digest());
    Simulation simulation(x, {.workers = 1});
    replay::MemorySink sink;
    replay::Recorder recorder(simulation, {}, sink, all_levels());
    std::vector<std::uint64_t> hashes{simulation.state_hash()};
    for (std::uint64_t frame = 1; frame <= 12; ++frame) {
        const Input input = Input::reload(*y);
        hashes.push_back(recorder.step({&input, frame == 7 ? 1u : 0u}).state_hash);
    }
    recorder.close();
    BOOST_TEST(hashes[5] != hashes[9]);
    const Content bytes = content_of(sink.view());
    MemorySource source(bytes);
    Player player(source);
    for (const std::uint64_t frame : {9u, 3u, 11u, 1u, 6u}) {
        player.seek({frame});
        BOOST_TEST(player.simulation().state_hash() == hashes[frame]);
        BOOST_TEST(player.step());
    }
    BOOST_TEST(!player.divergence());
}

// Goal: another build is told at the reload that needs exact mode, and plays what is before it.
// Method: the METAs of a recording are changed to those of a build with another order probe.
BOOST_AUTO_TEST_CASE(another_build_plays_up_to_the_reload_that_needs_exact_mode) {
    Simulation simulation(Program::from_modules({{"main", "singleton('s', { n = 0 })"}}),
                          {.workers = 1});
    replay::MemorySink sink;
    replay::Recorder recorder(simulation, {}, sink, all_levels());
    for (std::uint64_t frame = 1; frame <= 6; ++frame) {
        const Input input = Input::reload(
            *Program::from_modules({{"main", "arena_order() singleton('s', { n = 0 })"}}));
        recorder.step({&input, frame == 3 ? 1u : 0u});
    }
    recorder.close();
    const Content bytes = content_of(sink.view());
    replay::MemorySink changed;
    replay::ChunkWriter writer(changed, replay::new_segment_identity());
    for (const Sealed& chunk : read_all(bytes).chunks) {
        Bytes payload;
        if (chunk.kind == ChunkKind::meta) {
            replay::Meta meta = replay::read_meta(chunk.payload);
            meta.fingerprint.order_probe += 1;
            replay::write_meta(payload, meta);
        } else {
            payload.append(chunk.payload);
        }
        writer.write(chunk.kind, chunk.frames, payload.view());
    }
    writer.close();
    const Content elsewhere = content_of(changed.view());
    MemorySource source(elsewhere);
    Player player(source);
    BOOST_TEST(player.step());
    BOOST_TEST(player.step());
    BOOST_CHECK_THROW(player.step(), replay::OtherBuild);
    BOOST_TEST(verdict_name(verify(elsewhere, 1).verdict) ==
               verdict_name(replay::Verdict::other_build));
}

// Goal: what a host asked for before the recorder came is in the first state, and not done twice.
BOOST_AUTO_TEST_CASE(a_recorder_may_begin_between_what_a_host_asks_for) {
    const Scenario host = with_probe(R"lua(
        function jobs.visit(x) note(x) end
        function jobs.draw() engine.add("probe", "number", math.random(1000)) end
        function on_frame() engine.submit("draw") end
    )lua",
                                     4);
    const auto simulation = start(host, 2);
    simulation->step();
    simulation->submit("visit", 1);
    replay::MemorySink sink;
    replay::Recorder recorder(*simulation, {}, sink, all_levels());
    simulation->submit("visit", 2);
    recorder.step();
    simulation->submit("visit", 3);
    recorder.step();
    recorder.close();
    BOOST_TEST(probe_text(*simulation) == "[1,2,3]");
    const Content bytes = content_of(sink.view());
    MemorySource source(bytes);
    Player player(source, play(host));
    while (player.step()) {
    }
    BOOST_TEST(player.frame().value == 3u);
    BOOST_TEST(!player.divergence());
    BOOST_TEST(probe_text(player.simulation()) == "[1,2,3]");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace canon::test
