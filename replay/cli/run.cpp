// canon run: runs a program for a number of frames and shows its hashes.
#include <fmt/format.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "canon/chaos.hpp"
#include "canon/hash.hpp"
#include "canon/json.hpp"
#include "canon/program.hpp"
#include "canon/simulation.hpp"
#include "cli/chaos_seed.hpp"
#include "cli/commands.hpp"
#include "cli/exit_codes.hpp"
#include "cli/frame_output.hpp"
#include "cli/inputs_file.hpp"
#include "cli/interruption.hpp"
#include "cli/live.hpp"
#include "cli/options.hpp"
#include "recording/flight_recorder.hpp"
#include "recording/recorder.hpp"

namespace canon::cli {
namespace {

struct RunOptions {
    std::string program;
    std::uint64_t frames = 60;
    unsigned workers = 0;
    std::uint64_t seed = 1;
    std::vector<std::string> config;
    std::string inputs;
    std::string expect_hash;
    std::string chaos;
    std::uint64_t hash_every = 0;
    bool json = false;
    bool fail_on_fault = false;
    bool check_writes = false;
    double live = 0;  // frames a second; 0: as fast as they come
    std::string record;
    std::string actions = "all";
    bool effects = false;
    std::uint64_t keyframe_frames = replay::RecorderOptions().keyframe_frames;
    std::string durable = "no";
    bool quiet = false;
    std::string flight;
    std::uint64_t flight_bytes = replay::FlightOptions().bytes;
};

constexpr std::uint64_t kMostFrames = std::uint64_t{1} << 60;

// "units=2000" and the like as one map. A later entry replaces one of the same key.
Value config_of(const std::vector<std::string>& entries) {
    Map config;
    for (const std::string& entry : entries) {
        const std::size_t equals = entry.find('=');
        if (equals == std::string::npos || equals == 0)
            throw Error(
                fmt::format("--config {}: expected key=JSON, as in --config units=2000", entry));
        const std::string key = entry.substr(0, equals);
        const std::string text = entry.substr(equals + 1);
        try {
            config.set(key, value_from_json(text));
        } catch (const Error& error) {
            throw Error(
                fmt::format("--config {}: the value is no JSON ({}); a text is written with "
                            "quotes: --config '{}=\"{}\"'",
                            entry, error.what(), key, text));
        }
    }
    return Value(std::move(config));
}

std::optional<std::uint64_t> hash_of(std::string_view text) {
    if (text.starts_with("0x") || text.starts_with("0X")) text.remove_prefix(2);
    std::uint64_t hash = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), hash, 16);
    if (error != std::errc() || end != text.data() + text.size() || text.empty())
        return std::nullopt;
    return hash;
}

// Sums up what a summary tells of all frames.
class Totals {
  public:
    void add(const FrameReport& report) {
        summary_.jobs += report.jobs;
        summary_.actions += report.actions;
        summary_.faults += report.faults.size();
        summary_.refused_actions += report.refused_actions;
        summary_.skipped_jobs += report.skipped_jobs;
        serial_ +=
            report.callback_nanoseconds + report.commit_nanoseconds + report.hash_nanoseconds;
        parallel_ += report.run_nanoseconds;
    }

    Summary summary() const {
        Summary summary = summary_;
        const auto all = static_cast<double>(serial_ + parallel_);
        summary.main_thread_share = all > 0 ? static_cast<double>(serial_) / all : 0;
        return summary;
    }

  private:
    Summary summary_;
    std::int64_t serial_ = 0;
    std::int64_t parallel_ = 0;
};

// The simulation that is shown, and beside it, if that is wished, one in chaos.
class Session {
  public:
    Session(const std::string& program, SimulationOptions settings, std::uint64_t chaos_seed) {
        if (chaos_seed == 0)
            alone_ = std::make_unique<Simulation>(Program::from_path(program), std::move(settings));
        else
            pair_.emplace(Program::from_path(program), std::move(settings), chaos_seed);
    }

    Simulation& shown() noexcept { return pair_ ? pair_->ordinary() : *alone_; }
    const FrameReport& step(std::span<const Input> inputs) {
        return pair_ ? pair_->step(inputs) : alone_->step(inputs);
    }
    /// Null without chaos.
    const ChaosReport* chaos() const noexcept { return pair_ ? &pair_->report() : nullptr; }
    bool differs() const noexcept { return pair_ && !pair_->report().same(); }

  private:
    std::unique_ptr<Simulation> alone_;
    std::optional<ChaosPair> pair_;
};

// As --durable says it: "no", "seal", or seconds. Nothing for another text.
std::optional<replay::Durability> durability_of(const std::string& text) {
    using When = replay::Durability::When;
    if (text == "no") return replay::Durability{When::never};
    if (text == "seal") return replay::Durability{When::each_seal};
    double seconds = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (error != std::errc() || end != text.data() + text.size() || !(seconds > 0))
        return std::nullopt;
    return replay::Durability{When::seconds, seconds};
}

volatile std::sig_atomic_t flight_wished = 0;

// A recording of the session, or of its last part, if one is wished. "-" is stdout.
class Recording {
  public:
    Recording(Simulation& simulation, const RunOptions& options) : flight_file_(options.flight) {
        if (!flight_file_.empty()) {
            replay::FlightOptions settings;
            settings.bytes = options.flight_bytes;
            settings.recorder = settings_of(options);
            flight_.emplace(simulation, Simulation::Host{}, settings);
            std::signal(SIGUSR1, [](int) { flight_wished = 1; });
        }
        if (options.record.empty()) return;
        if (options.record == "-")
            sink_ = std::make_unique<replay::FileSink>(STDOUT_FILENO, "the output");
        else
            sink_ = std::make_unique<replay::FileSink>(options.record);
        recorder_.emplace(simulation, Simulation::Host{}, *sink_, settings_of(options));
    }

    void record(std::span<const Input> inputs, const FrameReport& report) {
        if (recorder_) recorder_->record(inputs, report);
        if (!flight_) return;
        flight_->record(inputs, report);
        const bool is_first_fault = !report.faults.empty() && !flight_written_;
        if (!is_first_fault && flight_wished == 0) return;
        flight_wished = 0;
        flight_written_ = true;
        replay::FileSink sink(flight_file_);
        const std::uint64_t bytes = flight_->write(sink);
        sink.close();
        fmt::print(stderr, "canon: {}: the flight recording up to frame {}, {} bytes\n",
                   flight_file_, report.frame.value, bytes);
    }
    void close() {
        if (!recorder_) return;
        recorder_->close();
        sink_->close();
    }

  private:
    static replay::RecorderOptions settings_of(const RunOptions& options) {
        replay::RecorderOptions settings;
        settings.levels.actions = options.actions == "all"      ? ActionRecord::all
                                  : options.actions == "hashes" ? ActionRecord::hashes
                                                                : ActionRecord::none;
        settings.levels.effects = options.effects;
        settings.keyframe_frames = options.keyframe_frames;
        settings.durability = *durability_of(options.durable);
        settings.program_name = std::filesystem::path(options.program).filename().string();
        if (options.live > 0) settings.frames_per_second = options.live;
        return settings;
    }

    std::unique_ptr<replay::FileSink> sink_;
    std::optional<replay::Recorder> recorder_;
    std::string flight_file_;
    std::optional<replay::FlightRecorder> flight_;
    bool flight_written_ = false;
};

Summary run_frames(Session& session, const RunOptions& options, const InputsFile& inputs,
                   FrameOutput& output, Recording& recording) {
    Simulation& simulation = session.shown();
    const auto begin = std::chrono::steady_clock::now();
    std::optional<Pace> pace;
    if (options.live > 0) pace.emplace(options.live);
    Totals totals;
    totals.add(simulation.start_report());
    output.start(simulation.start_report());
    while (simulation.frame().value < options.frames && !is_interrupted() && !session.differs()) {
        if (pace) pace->wait();
        if (is_interrupted()) break;
        const auto of_file = inputs.of_frame(simulation.frame().value + 1);
        std::vector<Input> given(of_file.begin(), of_file.end());
        if (pace && !inputs.has_deliveries()) add_done(simulation, given);
        const FrameReport& report = session.step(given);
        totals.add(report);
        output.frame(report);
        recording.record(given, report);
    }
    recording.close();
    Summary summary = totals.summary();
    summary.frames = simulation.frame().value;
    summary.state_hash = simulation.state_hash();
    summary.interrupted = simulation.frame().value < options.frames && !session.differs();
    summary.unused_inputs = inputs.count_after(options.frames);
    summary.seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    return summary;
}

int verdict(const RunOptions& options, const Summary& summary, const ChaosReport* chaos,
            std::optional<std::uint64_t> expected) {
    if (chaos != nullptr && !chaos->same())
        return complain(kHashDiffers,
                        fmt::format("{}\n  The program depends on what differs between builds of "
                                    "Lua, or on the order of jobs; --chaos {} shows it again",
                                    printable(describe(*chaos), ""), chaos->seed));
    if (summary.interrupted) return kInterrupted;
    if (expected && *expected != summary.state_hash)
        return complain(
            kHashDiffers,
            fmt::format("the state hash after frame {} is {}, but {} was expected", summary.frames,
                        hash_text(summary.state_hash), hash_text(*expected)));
    if (options.fail_on_fault && summary.faults > 0) return kFaulted;
    return kDone;
}

int run(const RunOptions& options) {
    std::optional<std::uint64_t> expected;
    if (!options.expect_hash.empty()) {
        expected = hash_of(options.expect_hash);
        if (!expected)
            return complain(kUsage,
                            fmt::format("--expect-hash {}: expected up to 16 hexadecimal digits",
                                        options.expect_hash));
    }
    std::uint64_t chaos_seed = 0;
    if (!options.chaos.empty()) {
        const auto seed = chaos_seed_of(options.chaos);
        if (!seed)
            return complain(kUsage, fmt::format("--chaos {}: expected a whole number from 1 to {}, "
                                                "or random",
                                                options.chaos, ~std::uint64_t{0}));
        chaos_seed = *seed;
    }
    SimulationOptions settings;
    settings.workers = options.workers;
    settings.seed = options.seed;
    settings.check_writes = options.check_writes;
    try {
        settings.config = config_of(options.config);
    } catch (const Error& error) {
        return complain(kUsage, error.what());
    }
    InputsFile inputs;
    if (!options.inputs.empty()) try {
            inputs = InputsFile(options.inputs);
        } catch (const Error& error) {
            return complain(kBadInputs, error.what());
        }
    if (options.live > 0 || inputs.has_deliveries()) settings.limits.done_delay = 0;
    if (!durability_of(options.durable))
        return complain(kUsage, fmt::format("--durable {}: expected no, seal, or seconds above 0",
                                            options.durable));
    if (!options.flight.empty()) {
        if (!options.record.empty())
            return complain(kUsage, "--flight is for a session that is not recorded as a whole");
        replay::FlightRecorder::write_on_fatal_signals(options.flight);
    }
    std::unique_ptr<Session> session;
    try {
        session = std::make_unique<Session>(options.program, settings, chaos_seed);
    } catch (const Error& error) {
        return complain(kNotLoaded, error.what());
    }
    const OutputOptions shown{
        options.program,    options.frames, options.seed,        session->shown().workers(),
        options.hash_every, chaos_seed,     options.check_writes};
    if (options.record == "-" && !options.quiet)
        return complain(kUsage, "-o -: the output takes the recording: give --quiet too");
    const std::unique_ptr<FrameOutput> output = options.quiet  ? make_no_output()
                                                : options.json ? make_json_lines(shown)
                                                               : make_frame_table(shown);
    catch_interruption();
    Recording recording(session->shown(), options);
    const Summary summary = run_frames(*session, options, inputs, *output, recording);
    output->finish(summary);
    if (session->chaos() != nullptr) output->chaos(*session->chaos());
    std::fflush(stdout);  // before what goes to stderr
    return verdict(options, summary, session->chaos(), expected);
}

}  // namespace

namespace {

void add(CLI::App& app, int& exit_code, const char* name, const char* about, bool records) {
    CLI::App* command = app.add_subcommand(name, about);
    command->get_formatter()->column_width(22);
    auto options = std::make_shared<RunOptions>();
    command->add_option("PROGRAM", options->program, "A folder with a main.lua, or a .lua file")
        ->required()
        ->option_text(" ");
    command->add_option("--frames", options->frames, "How many frames to run (default: 60)")
        ->check(whole_number(0, kMostFrames))
        ->option_text("N");
    command
        ->add_option(
            "--workers", options->workers,
            "Threads that run jobs, from 1 to 1024; changes no hash\n(default: one for each core)")
        ->check(whole_number(1, 1024))
        ->option_text("N");
    command->add_option("--seed", options->seed, "Of all random numbers (default: 1)")
        ->check(whole_number(0, ~std::uint64_t{0}))
        ->option_text("N");
    command
        ->add_option("--config", options->config,
                     "An entry of what on_start gets, as in units=2000; may be\nrepeated; the last "
                     "one for a key counts")
        ->allow_extra_args(false)
        ->option_text("KEY=JSON");
    command
        ->add_option("--inputs", options->inputs,
                     "The session's inputs, one a line:\n"
                     R"({"frame": 3, "source": 1, "data": {"kind": "move"}})"
                     "\nwith \"sequence\" where their order is not that of the lines; of the\n"
                     "source \"console\" data is Lua text to run, of \"reload\" the path of a\n"
                     "program that takes the place of the one there is, and of \"done\"\n"
                     "the jobs with deliver = \"done\" that are delivered there")
        ->option_text("FILE");
    command
        ->add_option("--live", options->live,
                     "Run so many frames a second (default: 60); jobs with\n"
                     "deliver = \"done\" are then delivered when they are done")
        ->expected(0, 1)
        ->default_str("60")
        ->check(CLI::Range(0.001, 1e6))
        ->option_text("[FPS]");
    command
        ->add_option("--expect-hash", options->expect_hash,
                     "Fail unless this is the state hash after the last frame")
        ->option_text("HEX");
    command
        ->add_option("--chaos", options->chaos,
                     "Run the program a second time beside, under hostile\n"
                     "circumstances that follow from this seed (or from a random\n"
                     "one), and stop at the first frame that is not the same")
        ->expected(0, 1)
        ->default_str("random")
        ->option_text("[SEED]");
    command
        ->add_option("--hash-every", options->hash_every,
                     "Show each Nth frame, and the last (default: about 20 in\n"
                     "all, with --json each); with --json also those that have\nfaults, log lines "
                     "or console inputs")
        ->check(whole_number(1, kMostFrames))
        ->option_text("N");
    command->add_flag("--json", options->json, "One line of JSON for each frame");
    command->add_flag("--fail-on-fault", options->fail_on_fault,
                      "Exit with code 6 if a script was stopped by an error or limit");
    command->add_flag("--check-writes", options->check_writes,
                      "Tell what scripts write and nothing keeps: globals, variables outside\n"
                      "of functions, copies of fields, fields that two jobs set; slower,\n"
                      "changes no hash");
    CLI::Option* const file =
        command
            ->add_option(records ? "-o,--output" : "--record", options->record,
                         "Record the session into this file; - is the output, which then\n"
                         "takes nothing else with --quiet")
            ->option_text("FILE");
    if (records) file->required();
    command
        ->add_option("--record-actions", options->actions,
                     "What of the jobs' actions is recorded (default: all)")
        ->check(CLI::IsMember({"all", "hashes", "none"}))
        ->option_text("WHAT");
    command->add_flag("--record-effects", options->effects,
                      "Record what each frame changed, too: for replays that skip the\n"
                      "scripts");
    command
        ->add_option("--keyframes", options->keyframe_frames,
                     "Frames from one keyframe to the next (default: 300)")
        ->check(whole_number(1, 1u << 20))
        ->option_text("N");
    command
        ->add_option("--durable", options->durable,
                     "When what is recorded is to outlast a loss of power: no, seal\n"
                     "(each time about a second is written) or seconds (default: no)")
        ->option_text("WHEN");
    if (!records) {
        command
            ->add_option("--flight", options->flight,
                         "Keep the last part of the session in memory, and write it to this\n"
                         "file as a recording at the first fault, on SIGUSR1, and when a\n"
                         "signal ends the process")
            ->option_text("FILE");
        command
            ->add_option("--flight-bytes", options->flight_bytes,
                         "How much of it is kept (default: 67108864)")
            ->check(whole_number(1u << 16, std::uint64_t{1} << 36))
            ->option_text("N");
    }
    command->add_flag("--quiet", options->quiet, "Show no frames, only what went wrong");
    command->footer(kExitCodes);
    command->callback([options, &exit_code] { exit_code = run(*options); });
}

}  // namespace

void add_run(CLI::App& app, int& exit_code) {
    add(app, exit_code, "run", "Run a program and show the state hash of its frames", false);
}

void add_record(CLI::App& app, int& exit_code) {
    add(app, exit_code, "record", "Run a program and record the session: run, with -o", true);
}

}  // namespace canon::cli
