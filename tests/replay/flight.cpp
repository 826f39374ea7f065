// Goal: the flight recorder's ring always holds a recording that plays up to the last frame, in
// bounded memory, and gets it out in an emergency.
#include "recording/flight_recorder.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <csignal>
#include <cstdlib>
#include <filesystem>

#include "determinism/melee.hpp"
#include "replay/session.hpp"

namespace canon::test {
namespace {

replay::FlightOptions small_ring() {
    replay::FlightOptions options;
    options.bytes = 96u << 10;
    options.recorder = all_levels();
    options.recorder.seal_frames = 1;
    return options;
}

// Plays to the end; fails the test where something is not as it was.
std::uint64_t played_to(std::span<const std::uint8_t> bytes, const Scenario& scenario,
                        const std::vector<std::uint64_t>& hashes) {
    replay::MemorySource source(bytes);
    replay::Player player(source, play(scenario));
    BOOST_TEST(player.world().state_hash() == hashes[player.frame().value]);
    while (player.step())
        BOOST_TEST_REQUIRE(player.world().state_hash() == hashes[player.frame().value]);
    BOOST_TEST(!player.divergence());
    BOOST_TEST(player.stopped_by() == "");
    return player.frame().value;
}

BOOST_AUTO_TEST_SUITE(replay_flight)

BOOST_AUTO_TEST_CASE(the_last_frames_are_kept_and_play) {
    const Scenario scenario = melee(90);
    const auto simulation = start(scenario, 2);
    replay::FlightRecorder flight(*simulation, {}, small_ring());
    std::vector<std::uint64_t> hashes = {simulation->world().state_hash()};
    std::uint64_t first = 0;
    for (std::uint64_t frame = 1; frame <= scenario.frames; ++frame) {
        flight.step(scenario.inputs(frame));
        hashes.push_back(simulation->world().state_hash());
        if (frame % 10 != 0) continue;
        replay::MemorySink sink;
        BOOST_TEST(flight.write(sink) > 0u);
        BOOST_TEST(sink.view().size() < (110u << 10));
        BOOST_TEST(played_to(sink.view(), scenario, hashes) == frame);
        replay::MemorySource source(sink.view());
        first = replay::Player(source, play(scenario)).first_frame().value;
    }
    BOOST_TEST(first > 0u);  // the beginning was given up
}

BOOST_AUTO_TEST_CASE(a_ring_too_small_for_a_stretch_holds_nothing_and_recovers) {
    replay::RingSink ring(64u << 10);
    replay::ChunkSealer sealer(5, 0);
    Bytes chunk;
    const auto write = [&](replay::ChunkKind kind, std::uint32_t frames, std::size_t bytes) {
        chunk.clear();
        const Content payload(bytes, 9);
        const Frame first = sealer.is_empty() ? Frame{1} : sealer.position();
        sealer.seal(kind, {first, frames}, payload, chunk);
        ring.write(chunk.view());
    };
    write(replay::ChunkKind::meta, 0, 100);
    write(replay::ChunkKind::key, 0, 1000);
    for (int i = 0; i < 10; ++i) write(replay::ChunkKind::frames, 1, 10'000);
    BOOST_TEST(ring.content().empty());
    write(replay::ChunkKind::meta, 0, 100);
    write(replay::ChunkKind::key, 0, 1000);
    write(replay::ChunkKind::frames, 1, 10'000);
    const Reading reading = read_all(ring.content().view());
    BOOST_TEST(reading.chunks.size() == 3u);
    BOOST_TEST(reading.holes.empty());
    write(replay::ChunkKind::frames, 1, 100'000);
    BOOST_TEST(ring.content().empty());
}

// A child process is ended by a failed assertion in the middle of a session.
BOOST_AUTO_TEST_CASE(a_process_that_aborts_leaves_its_flight_recording) {
    const Scenario scenario = melee(60);
    const std::filesystem::path file = std::filesystem::temp_directory_path() /
                                       ("canon_flight_" + std::to_string(::getpid()) + ".canon");
    const RecordedSession session = record_session(scenario, all_levels(), 1);
    const pid_t child = ::fork();
    BOOST_TEST_REQUIRE(child >= 0);
    if (child == 0) {
        std::signal(SIGABRT, SIG_DFL);
        replay::FlightRecorder::write_on_fatal_signals(file.string());
        const auto simulation = start(scenario, 1);
        replay::FlightRecorder flight(*simulation, {}, small_ring());
        for (std::uint64_t frame = 1; frame <= 40; ++frame) flight.step(scenario.inputs(frame));
        replay::MemorySink sink;
        flight.write(sink);  // all is sealed then
        std::abort();
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    BOOST_TEST(WIFSIGNALED(status));
    BOOST_TEST(WTERMSIG(status) == SIGABRT);
    replay::FileSource source(file.string());
    replay::Player player(source, play(scenario));
    BOOST_TEST(player.world().state_hash() == session.world_hashes[player.frame().value]);
    while (player.step())
        BOOST_TEST_REQUIRE(player.world().state_hash() ==
                           session.world_hashes[player.frame().value]);
    BOOST_TEST(player.frame().value == 40u);
    BOOST_TEST(!player.divergence());
    std::filesystem::remove(file);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace canon::test
