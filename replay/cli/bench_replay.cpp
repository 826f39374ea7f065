// The bench of recordings: what recording costs, how large a recording is, and how fast it is
// played, sought, opened and verified.
#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>

#include "canon/error.hpp"
#include "canon/program.hpp"
#include "cli/bench.hpp"
#include "cli/bench_programs.hpp"
#include "container/chunk_finder.hpp"
#include "recording/player.hpp"
#include "recording/recorder.hpp"
#include "recording/verifier.hpp"

namespace canon::cli {
namespace {

using replay::Levels;

Figure figure_of(const char* what, double value, const char* unit,
                 Figure::Bound bound = Figure::Bound::none, double limit = 0) {
    Figure figure;
    figure.bench = "replay";
    figure.what = what;
    figure.value = value;
    figure.unit = unit;
    figure.bound = bound;
    figure.limit = limit;
    return figure;
}

double seconds_since(std::chrono::steady_clock::time_point begin) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

// A file that goes when it is not needed any more.
class TemporaryFile {
  public:
    explicit TemporaryFile(const char* name)
        : path_(std::filesystem::temp_directory_path() /
                fmt::format("canon-bench-{}-{}.canon", ::getpid(), name)) {}
    ~TemporaryFile() {
        std::error_code ignored;
        std::filesystem::remove(path_, ignored);
    }
    std::string path() const { return path_.string(); }

  private:
    std::filesystem::path path_;
};

// Counts what goes into a recording, and keeps nothing.
class CountingSink final : public replay::Sink {
  public:
    void write(std::span<const std::uint8_t> bytes) override { size += bytes.size(); }
    void sync() override {}
    std::uint64_t size = 0;
};

// A running session that is recorded at some level, or not at all.
class Session {
  public:
    Session(std::shared_ptr<const Program> program, std::optional<Levels> levels)
        : simulation_(std::move(program), one_worker()) {
        if (!levels) return;
        replay::RecorderOptions settings;
        settings.levels = *levels;
        recorder_ =
            std::make_unique<replay::Recorder>(simulation_, Simulation::Host{}, sink_, settings);
    }
    void frames(int count) {
        for (int i = 0; i < count; ++i) {
            const FrameReport& report = simulation_.step();
            canonical_ += report.job_actions.size() + report.effects.size();
            if (recorder_) recorder_->record({}, report);
        }
        if (recorder_) recorder_->flush();
    }
    std::uint64_t stored() const noexcept { return sink_.size; }
    std::uint64_t canonical() const noexcept { return canonical_; }

  private:
    static SimulationOptions one_worker() {
        SimulationOptions options;
        options.workers = 1;
        return options;
    }
    Simulation simulation_;
    CountingSink sink_;
    std::unique_ptr<replay::Recorder> recorder_;
    std::uint64_t canonical_ = 0;
};

void cost_of_recording(const BenchOptions& options, FigureSink& sink,
                       const std::shared_ptr<const Program>& program) {
    constexpr int kFrames = 40;
    const auto cost = [&](const char* what, const Levels& levels, double limit) {
        // Side by side, so that both are in the same part of the battle.
        Session plain(program, std::nullopt), recorded(program, levels);
        const Pairs pairs =
            measure(options.settings, TimedBy::wall, {[&] { recorded.frames(kFrames); }, kFrames},
                    {[&] { plain.frames(kFrames); }, kFrames});
        Figure figure =
            figure_of(what, (pairs.ratio - 1) * 100, "%", Figure::Bound::at_most, limit);
        figure.raw = {{"recorded us", pairs.first_nanoseconds / 1000},
                      {"plain us", pairs.second_nanoseconds / 1000}};
        figure.others = pairs.others;
        sink.add(figure);
    };
    cost("recording inputs and hashes, of a skirmish frame", {ActionRecord::none, false}, 3);
    cost("recording actions too", {ActionRecord::all, false}, 10);
    cost("recording actions and effects", {ActionRecord::all, true}, 10);
}

void sizes(FigureSink& sink, const std::shared_ptr<const Program>& program) {
    constexpr int kIdleFrames = 6000;
    Session idle(program_of("function on_frame(frame) end"), Levels{ActionRecord::all, false});
    idle.frames(kIdleFrames);
    sink.add(figure_of("an idle frame on disk", static_cast<double>(idle.stored()) / kIdleFrames,
                       "bytes", Figure::Bound::at_most, 32));
    Session full(program, Levels{ActionRecord::all, true});
    full.frames(600);
    Figure figure =
        figure_of("skirmish with actions and effects, of their canonical bytes",
                  static_cast<double>(full.stored()) / static_cast<double>(full.canonical()), "x",
                  Figure::Bound::at_most, 0.25);
    figure.raw = {{"KiB a frame", static_cast<double>(full.stored()) / 600 / 1024}};
    sink.add(figure);
}

void record_file(const std::string& path, const std::shared_ptr<const Program>& program, int frames,
                 bool effects, std::uint64_t keyframe_frames) {
    SimulationOptions settings;
    Simulation simulation(program, settings);
    replay::FileSink file(path);
    replay::RecorderOptions recording;
    recording.levels.effects = effects;
    recording.keyframe_frames = keyframe_frames;
    replay::Recorder recorder(simulation, {}, file, recording);
    for (int i = 0; i < frames; ++i) recorder.step();
    recorder.close();
    file.close();
}

void playing(const BenchOptions& options, FigureSink& sink, const std::string& path) {
    constexpr int kFrames = 150;
    replay::FileSource source(path);
    const auto player_of = [&](replay::PlayMode mode) {
        replay::PlayerOptions settings;
        settings.mode = mode;
        settings.workers = 1;
        return std::make_unique<replay::Player>(source, settings);
    };
    const auto play = [&](replay::Player& player) {
        player.seek({0});
        for (int i = 0; i < kFrames; ++i) player.step();
        if (player.divergence()) throw Error(replay::describe(*player.divergence()));
    };
    const auto execute = player_of(replay::PlayMode::execute);
    const auto apply = player_of(replay::PlayMode::apply);
    const Pairs pairs =
        measure(options.settings, TimedBy::processor, {[&] { play(*execute); }, kFrames},
                {[&] { play(*apply); }, kFrames});
    Figure figure = figure_of("apply, times as fast as execute, one worker", pairs.ratio, "x",
                              Figure::Bound::at_least, 5);
    figure.raw = {{"execute us", pairs.first_nanoseconds / 1000},
                  {"apply us", pairs.second_nanoseconds / 1000}};
    figure.others = pairs.others;
    sink.add(figure);

    const auto verify = [&](unsigned threads) {
        replay::VerifierOptions settings;
        settings.threads = threads;
        const auto open = [&path]() -> std::unique_ptr<replay::ByteSource> {
            return std::make_unique<replay::FileSource>(path);
        };
        if (replay::verify({{path, open}}, settings).front().verdict != replay::Verdict::same)
            throw Error("the benchmark's recording is not the same");
    };
    const Pairs spans = measure({5, options.settings.seconds}, TimedBy::wall,
                                {[&] { verify(1); }, 1}, {[&] { verify(2); }, 1});
    Figure speed = figure_of("verify, speed of two threads / one", spans.ratio, "x",
                             Figure::Bound::at_least, 1.8);
    speed.raw = {{"one ms", spans.first_nanoseconds / 1e6},
                 {"two ms", spans.second_nanoseconds / 1e6}};
    speed.others = spans.others;
    sink.add(speed);
}

// Ten minutes at 60 frames a second, sought at random places by players that know nothing yet.
void seeking(FigureSink& sink) {
    const char* const kSmall = R"(
template("unit", { x = 0.0, hp = 100 })
function on_start() for i = 1, 200 do engine.spawn_entity("unit", { x = i * 1.5 }) end end
function on_frame(frame) engine.submit_each("walk", "unit") end
function jobs.walk(id) engine.add(id, "x", math.random() - 0.5) end
)";
    const TemporaryFile file("session");
    const auto program = program_of(kSmall);
    record_file(file.path(), program, 36'000, false, 300);
    std::vector<double> times;
    for (const std::uint64_t frame : {35'999u, 299u, 18'123u, 7'777u, 26'000u, 31u, 12'599u}) {
        replay::FileSource source(file.path());
        replay::PlayerOptions settings;
        replay::Player player(source, settings);
        const auto begin = std::chrono::steady_clock::now();
        player.seek({frame});
        times.push_back(seconds_since(begin) * 1000);
    }
    sink.add(figure_of("cold seek in ten minutes, the slowest of seven",
                       *std::max_element(times.begin(), times.end()), "ms", Figure::Bound::at_most,
                       150));
}

// A GiB of chunks that do not compress, with an index.
void opening(FigureSink& sink) {
    const TemporaryFile file("large");
    {
        replay::FileSink out(file.path());
        replay::ChunkWriter writer(out, replay::new_segment_identity(), {0, 512});
        std::vector<std::uint8_t> payload(1u << 20, 0x5C);
        writer.write(replay::ChunkKind::meta, {{1}, 0}, std::span(payload).first(2000));
        for (std::uint64_t i = 0; i < 1024; ++i) {
            if (i % 20 == 0) {
                writer.write(replay::ChunkKind::meta, {{1 + 60 * i}, 0},
                             std::span(payload).first(2000));
                writer.write(replay::ChunkKind::key, {{1 + 60 * i}, 0},
                             std::span(payload).first(50'000));
            }
            writer.write(replay::ChunkKind::frames, {{1 + 60 * i}, 60}, payload);
        }
        writer.close();
        out.close();
    }
    const auto begin = std::chrono::steady_clock::now();
    replay::FileSource source(file.path());
    replay::ChunkFinder finder(source);
    const bool by_index = finder.way() == replay::ChunkFinder::Way::index;
    const auto start = finder.find_start({60'000});
    const double milliseconds = seconds_since(begin) * 1000;
    if (!by_index || !start) throw Error("the large recording was not found by its index");
    sink.add(figure_of("opening 1 GiB by its index, and finding a keyframe", milliseconds, "ms",
                       Figure::Bound::at_most, 20));
}

}  // namespace

void bench_replay(const BenchOptions& options, FigureSink& sink) {
    const auto program =
        Program::from_path(options.skirmish.empty() ? find_skirmish() : options.skirmish);
    sizes(sink, program);
    {
        const TemporaryFile file("skirmish");
        // With so few frames, keyframes close enough that the threads end together.
        record_file(file.path(), program, 1600, true, 100);
        playing(options, sink, file.path());
    }
    seeking(sink);
    opening(sink);
    cost_of_recording(options, sink, program);
}

}  // namespace canon::cli
