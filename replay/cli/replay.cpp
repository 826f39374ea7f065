// canon replay: plays a recording, from any frame to any other, and compares every hash.
#include <fmt/format.h>
#include <chrono>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "canon/error.hpp"
#include "canon/hash.hpp"
#include "cli/commands.hpp"
#include "cli/exit_codes.hpp"
#include "cli/live.hpp"
#include "cli/options.hpp"
#include "cli/terminal.hpp"
#include "recording/player.hpp"
#include "recording/recorder.hpp"

namespace canon::cli {
namespace {

using replay::Player;
using replay::PlayMode;

struct ReplayOptions {
    std::string file;
    std::string mode = "execute";
    std::string program;
    std::string branch;
    std::string until;
    std::vector<std::uint64_t> seek;
    std::optional<std::uint64_t> to;
    unsigned workers = 0;
    std::uint64_t frames = 60;  // of a branch
    bool json = false;
    bool follow = false;
};

class Output {
  public:
    Output(const ReplayOptions& options, const Player& player) : json_(options.json) {
        if (json_) return;
        const replay::Meta& meta = player.meta();
        terminal_.print(
            fmt::format("{}: {} from frame {}, {} mode\n", options.file,
                        printable(meta.program_name.empty() ? "a program" : meta.program_name, ""),
                        player.first_frame().value, options.mode));
        if (!player.build_difference().empty())
            terminal_.print(fmt::format("recorded by another build:\n{}\n",
                                        printable(player.build_difference(), "  ")));
    }

    void frame(const Player& player, std::uint64_t last) {
        if (!json_) {
            const auto now = std::chrono::steady_clock::now();
            if (now - shown_ < std::chrono::milliseconds(100)) return;
            shown_ = now;
            terminal_.show_progress(fmt::format("frame {} of {}", player.frame().value, last));
            return;
        }
        nlohmann::ordered_json line{{"frame", player.frame().value},
                                    {"hash", hash_text(player.record().state_hash)},
                                    {"chain", hash_text(player.record().chain)}};
        if (player.report() != nullptr) {
            line["jobs"] = player.report()->jobs;
            line["actions"] = player.report()->actions;
            line["faults"] = player.report()->faults.size();
        }
        fmt::print("{}\n", line.dump());
    }

    void sought(std::uint64_t frame, std::uint64_t hash, double seconds) {
        if (json_)
            fmt::print("{}\n",
                       nlohmann::ordered_json{{"seek", frame}, {"world", hash_text(hash)}}.dump());
        else
            terminal_.print(fmt::format("frame {}: world hash {} ({:.1f} ms)\n", frame,
                                        hash_text(hash), seconds * 1e3));
    }

    void finish(const Player& player, std::uint64_t frames, double seconds) {
        terminal_.clear_progress();
        const auto& divergence = player.divergence();
        if (json_) {
            nlohmann::ordered_json line{
                {"frames", frames}, {"last_frame", player.frame().value}, {"same", !divergence}};
            if (divergence) {
                line["divergence"] = {{"frame", divergence->frame.value},
                                      {"what", divergence->what},
                                      {"recorded", hash_text(divergence->recorded)},
                                      {"played", hash_text(divergence->played)},
                                      {"details", divergence->details}};
            }
            if (!player.stopped_by().empty()) line["stopped_by"] = player.stopped_by();
            fmt::print("{}\n", line.dump());
            return;
        }
        const double real = static_cast<double>(frames) / player.meta().frames_per_second;
        terminal_.print(fmt::format("{} to frame {}, {:.0f} times real time\n",
                                    counted(frames, "frame"), player.frame().value,
                                    seconds > 0 ? real / seconds : 0));
        if (divergence)
            terminal_.print(terminal_.paint(Colour::red, "diverged: ") +
                            printable(replay::describe(*divergence), "") + "\n");
        else if (frames > 0)
            terminal_.print(terminal_.paint(Colour::green, "every hash is that of the recording") +
                            "\n");
        if (!player.stopped_by().empty())
            terminal_.print(printable(player.stopped_by(), "") + "\n");
    }

  private:
    Terminal terminal_;
    bool json_;
    std::chrono::steady_clock::time_point shown_{};
};

// Goes on where the player stands, and records what comes of it.
int record_branch(Player& player, const std::string& path, std::uint64_t frames) {
    const std::string name = player.meta().program_name;
    const std::unique_ptr<Simulation> simulation = player.branch();
    replay::FileSink sink(path);
    replay::RecorderOptions settings;
    settings.program_name = name;
    settings.frames_per_second = player.meta().frames_per_second;
    replay::Recorder recorder(*simulation, Simulation::Host{}, sink, settings);
    std::optional<Pace> pace;  // of a live session, which goes on as one
    if (simulation->options().limits.done_delay == 0) pace.emplace(settings.frames_per_second);
    for (std::uint64_t frame = 0; frame < frames; ++frame) {
        std::vector<Input> inputs;
        if (pace) {
            pace->wait();
            add_done(*simulation, inputs);
        }
        recorder.step(inputs);
    }
    recorder.close();
    sink.close();
    fmt::print("{}: frames {} to {}, state hash {}\n", path, simulation->frame().value - frames + 1,
               simulation->frame().value, hash_text(simulation->state_hash()));
    return kDone;
}

double seconds_since(std::chrono::steady_clock::time_point begin) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

bool is_wished_end(const ReplayOptions& options, const Player& player) {
    if (options.to && player.frame().value >= *options.to) return true;
    if (options.until == "mismatch") return player.divergence().has_value();
    if (options.until == "fault")
        return player.report() != nullptr && !player.report()->faults.empty();
    return false;
}

int run(const ReplayOptions& options) {
    std::unique_ptr<replay::FileSource> source;
    std::unique_ptr<Player> player;
    replay::PlayerOptions settings;
    settings.mode = options.mode == "apply" ? PlayMode::apply : PlayMode::execute;
    settings.workers = options.workers;
    try {
        source = std::make_unique<replay::FileSource>(options.file);
        if (!options.program.empty()) settings.program = Program::from_path(options.program);
        player = std::make_unique<Player>(*source, std::move(settings));
    } catch (const replay::OtherBuild& error) {
        return complain(kOtherBuild, error.what());
    } catch (const replay::OtherProgram& error) {
        return complain(kOtherProgram, error.what());
    } catch (const Error& error) {
        return complain(kNoRecording, fmt::format("{}: {}", options.file, error.what()));
    }
    Output output(options, *player);
    const auto begin = std::chrono::steady_clock::now();
    std::uint64_t played = 0;
    try {
        for (const std::uint64_t frame : options.seek) {
            const auto began = std::chrono::steady_clock::now();
            player->seek({frame});
            output.sought(frame, player->world().state_hash(), seconds_since(began));
        }
        const std::uint64_t last = options.json ? 0 : player->last_frame().value;
        const bool plays_on = options.seek.empty() || options.to || !options.until.empty();
        while (plays_on && !is_wished_end(options, *player)) {
            if (player->step()) {
                ++played;
                output.frame(*player, last);
                continue;
            }
            if (!options.follow || !player->stopped_by().empty()) break;
            std::fflush(stdout);
            std::this_thread::sleep_for(std::chrono::milliseconds(50));
        }
        output.finish(*player, played, seconds_since(begin));
        if (!options.branch.empty()) return record_branch(*player, options.branch, options.frames);
    } catch (const Error& error) {
        std::fflush(stdout);
        const bool is_build = dynamic_cast<const replay::OtherBuild*>(&error) != nullptr;
        const bool is_program = dynamic_cast<const replay::OtherProgram*>(&error) != nullptr;
        return complain(is_build     ? kOtherBuild
                        : is_program ? kOtherProgram
                                     : kDamaged,
                        fmt::format("{}: {}", options.file, error.what()));
    }
    if (player->divergence()) return kHashDiffers;
    return player->stopped_by().empty() ? kDone : kDamaged;
}

}  // namespace

void add_replay(CLI::App& app, int& exit_code) {
    CLI::App* const command =
        app.add_subcommand("replay", "Play a recording and compare every hash with it");
    command->get_formatter()->column_width(22);
    auto options = std::make_shared<ReplayOptions>();
    command->add_option("FILE", options->file, "A recording")->required()->option_text(" ");
    command
        ->add_option("--mode", options->mode,
                     "execute runs the scripts again; apply makes the recorded changes\n"
                     "without them, if they were recorded (default: execute)")
        ->check(CLI::IsMember({"execute", "apply"}))
        ->option_text("MODE");
    command
        ->add_option("--workers", options->workers,
                     "Threads that run jobs, from 1 to 1024; changes no hash\n"
                     "(default: one for each core)")
        ->check(whole_number(1, 1024))
        ->option_text("N");
    command
        ->add_option("--seek", options->seek,
                     "Go to these frames, one after the other, and show the world's\n"
                     "hash; with --to or --until, play on from the last one")
        ->delimiter(',')
        ->option_text("N,N,...");
    command->add_option("--to", options->to, "Stop after this frame")->option_text("N");
    command
        ->add_option("--until", options->until,
                     "Stop at the first frame with a fault, or that differs")
        ->check(CLI::IsMember({"fault", "mismatch"}))
        ->option_text("WHAT");
    command
        ->add_option("--program", options->program,
                     "Play another program than the recorded one, from its start")
        ->option_text("PATH");
    command
        ->add_option("--branch", options->branch,
                     "Go on from the last frame played as a new session, without\n"
                     "inputs of players, and record that into this file")
        ->option_text("FILE");
    command->add_option("--frames", options->frames, "Frames of the branch (default: 60)")
        ->check(whole_number(1, std::uint64_t{1} << 60))
        ->option_text("N");
    command->add_flag("--follow", options->follow,
                      "At the end, wait for more: the recording is being written");
    command->add_flag("--json", options->json, "One line of JSON for each frame, and a last one");
    command->footer(kExitCodes);
    command->callback([options, &exit_code] { exit_code = run(*options); });
}

}  // namespace canon::cli
