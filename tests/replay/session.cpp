#include "replay/session.hpp"

namespace canon::test {

RecordedSession record_session(const Scenario& scenario, replay::RecorderOptions options,
                               unsigned workers) {
    RecordedSession session;
    const auto simulation = start(scenario, workers);
    session.reports.push_back(simulation->start_report());
    session.world_hashes.push_back(simulation->world().state_hash());
    replay::MemorySink sink;
    const Simulation::Host host = scenario.host ? scenario.host() : Simulation::Host{};
    replay::Recorder recorder(*simulation, host, sink, std::move(options));
    for (std::uint64_t frame = 1; frame <= scenario.frames; ++frame) {
        const auto inputs = scenario.inputs ? scenario.inputs(frame) : std::vector<Input>{};
        session.reports.push_back(recorder.step(inputs));
        session.world_hashes.push_back(simulation->world().state_hash());
    }
    recorder.close();
    session.bytes = content_of(sink.view());
    return session;
}

replay::RecorderOptions all_levels() {
    replay::RecorderOptions options;
    options.levels.effects = true;
    options.keyframe_frames = 5;
    options.seal_frames = 3;
    options.seal_seconds = 1000;
    return options;
}

replay::PlayerOptions play(const Scenario& scenario, replay::PlayMode mode, unsigned workers) {
    replay::PlayerOptions options;
    options.mode = mode;
    options.workers = workers;
    if (scenario.host) options.host = scenario.host();
    return options;
}

}  // namespace canon::test
