// canon verify: plays recordings on all cores and tells of each whether every hash is the same.
#include <fmt/format.h>
#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "canon/error.hpp"
#include "canon/hash.hpp"
#include "cli/commands.hpp"
#include "cli/exit_codes.hpp"
#include "cli/interruption.hpp"
#include "cli/junit.hpp"
#include "cli/options.hpp"
#include "cli/terminal.hpp"
#include "recording/verifier.hpp"

namespace canon::cli {
namespace {

using replay::Verdict;
using replay::Verification;

struct VerifyOptions {
    std::vector<std::string> files;
    std::string junit;
    unsigned threads = 0;
    bool json = false;
};

ExitCode exit_code_of(Verdict verdict) {
    switch (verdict) {
        case Verdict::same:
            return kDone;
        case Verdict::other_build:
            return kOtherBuild;
        case Verdict::other_program:
            return kOtherProgram;
        case Verdict::damaged:
            return kDamaged;
        case Verdict::no_recording:
            return kNoRecording;
        case Verdict::diverged:
            return kHashDiffers;
    }
    return kFailed;
}

double rate(double amount, double seconds) { return seconds > 0 ? amount / seconds : 0; }

// What is known of a recording that is not the same, or not all: one thing a line.
std::string explain(const Verification& result) {
    std::string text;
    if (result.divergence) {
        text += "first " + describe(*result.divergence) + "\n";
        if (result.segment != 0)
            text += fmt::format("in segment {} of the file\n", result.segment + 1);
        if (result.spans_diverged > 1)
            text += fmt::format("{} of {} diverge\n", result.spans_diverged,
                                counted(result.spans, "keyframe span"));
    }
    if (!result.reason.empty()) text += result.reason + "\n";
    for (const std::string& line : result.damage) text += line + "\n";
    if (result.damaged_places > result.damage.size())
        text += fmt::format("and {}\n",
                            counted(result.damaged_places - result.damage.size(), "damaged place"));
    if (result.is_open && result.damaged_places == 0 && result.spans > 0)
        text += "it is not closed: it is being written, or its writer was stopped\n";
    return text;
}

std::string frames_text(const Verification& result) {
    if (result.frames == result.frames_there) return counted(result.frames, "frame");
    return fmt::format("{} of {}", with_commas(result.frames),
                       counted(result.frames_there, "frame"));
}

class Output {
  public:
    explicit Output(bool json) : json_(json) {}

    void progress(const replay::VerifyProgress& now) {
        const auto at = std::chrono::steady_clock::now();
        if (json_ || at - shown_ < std::chrono::milliseconds(100)) return;
        shown_ = at;
        const double seconds = std::chrono::duration<double>(at - begin_).count();
        const double share = now.frames_total == 0 ? 0
                                                   : static_cast<double>(now.frames) /
                                                         static_cast<double>(now.frames_total);
        std::string text = fmt::format(
            "{} of {}{}, {:.0f} frames/s, {:.1f} times real time", with_commas(now.frames),
            now.is_total_known ? "" : "at least ", counted(now.frames_total, "frame"),
            rate(static_cast<double>(now.frames), seconds), rate(now.recorded_seconds, seconds));
        if (now.is_total_known) text = fmt::format("{:3.0f} %  {}", std::floor(share * 100), text);
        // What is left of the line.
        if (now.is_total_known && terminal_.columns() > text.size() + 8) {
            const std::size_t width =
                std::min<std::size_t>(24, terminal_.columns() - text.size() - 4);
            const auto done =
                std::min(width, static_cast<std::size_t>(share * static_cast<double>(width)));
            text = fmt::format("[{}{}] {}", std::string(done, '#'), std::string(width - done, '.'),
                               text);
        }
        terminal_.show_progress(text);
    }

    void result(const Verification& result) {
        if (json_)
            show_json(result);
        else
            show_line(result);
    }

    void clear() { terminal_.clear_progress(); }

  private:
    void show_line(const Verification& result) {
        const Colour colour = result.verdict == Verdict::same ? Colour::green : Colour::red;
        std::string line = printable(result.name, "") + ": " +
                           terminal_.paint(colour, verdict_name(result.verdict));
        if (result.spans > 0)
            line += fmt::format(", {} in {:.2f} s, {:.0f} frames/s, {:.1f} times real time",
                                frames_text(result), result.seconds,
                                rate(static_cast<double>(result.frames), result.seconds),
                                rate(result.recorded_seconds, result.seconds));
        line += "\n";
        if (const std::string more = explain(result); !more.empty())
            line += printable(more, "  ") + "\n";
        terminal_.print(line);
    }

    static void show_json(const Verification& result) {
        nlohmann::ordered_json line{
            {"file", result.name},
            {"result", verdict_name(result.verdict)},
            {"frames", result.frames},
            {"frames_there", result.frames_there},
            {"spans", result.spans},
            {"seconds", result.seconds},
            {"times_real_time", rate(result.recorded_seconds, result.seconds)},
            {"closed", !result.is_open}};
        if (const auto& divergence = result.divergence) {
            line["divergence"] = {{"segment", result.segment},
                                  {"frame", divergence->frame.value},
                                  {"what", divergence->what},
                                  {"recorded", hash_text(divergence->recorded)},
                                  {"played", hash_text(divergence->played)},
                                  {"details", divergence->details}};
            line["spans_diverged"] = result.spans_diverged;
        }
        if (!result.reason.empty()) line["reason"] = result.reason;
        if (result.damaged_places > 0) {
            line["damaged_places"] = result.damaged_places;
            line["damage"] = result.damage;
        }
        // Names of files and texts of scripts may be no UTF-8.
        fmt::print("{}\n", line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
        std::fflush(stdout);
    }

    Terminal terminal_;
    bool json_;
    std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
    std::chrono::steady_clock::time_point shown_{};
};

std::vector<TestCase> test_cases(const std::vector<Verification>& results) {
    using Outcome = TestCase::Outcome;
    std::vector<TestCase> cases;
    for (const Verification& result : results) {
        TestCase one;
        one.name = result.name;
        one.seconds = result.seconds;
        if (!result.is_finished) {
            one.outcome = Outcome::skipped;
            one.text = "interrupted";
        } else if (result.verdict != Verdict::same) {
            one.outcome = Outcome::failed;
            one.kind = verdict_name(result.verdict);
            one.text = explain(result);
        }
        cases.push_back(std::move(one));
    }
    return cases;
}

struct CloseFile {
    void operator()(std::FILE* file) const noexcept { std::fclose(file); }
};
using OpenFile = std::unique_ptr<std::FILE, CloseFile>;

bool write_all(OpenFile file, const std::string& text) {
    const bool written = std::fwrite(text.data(), 1, text.size(), file.get()) == text.size();
    return std::fclose(file.release()) == 0 && written;
}

int run(const VerifyOptions& options) {
    // Before the long work, not after it.
    OpenFile junit;
    if (!options.junit.empty()) {
        junit.reset(std::fopen(options.junit.c_str(), "we"));
        if (junit == nullptr)
            return complain(kFailed, fmt::format("{}: cannot be opened for writing: {}",
                                                 options.junit, std::strerror(errno)));
    }
    std::vector<replay::RecordingToVerify> recordings;
    for (const std::string& file : options.files)
        recordings.push_back({file, [file] { return std::make_unique<replay::FileSource>(file); }});
    Output output(options.json);
    Verdict worst = Verdict::same;
    replay::VerifierOptions settings;
    settings.threads = options.threads;
    settings.progress = [&](const replay::VerifyProgress& now) {
        output.progress(now);
        return !is_interrupted();
    };
    settings.finished = [&](const Verification& result) {
        worst = std::max(worst, result.verdict);
        output.result(result);
    };
    catch_interruption();
    const std::vector<Verification> results = replay::verify(recordings, settings);
    output.clear();
    std::fflush(stdout);
    if (junit != nullptr &&
        !write_all(std::move(junit), junit_document("canon verify", test_cases(results))))
        return complain(kFailed,
                        fmt::format("{}: cannot be written; is the disk full?", options.junit));
    const bool is_complete = std::all_of(results.begin(), results.end(),
                                         [](const Verification& one) { return one.is_finished; });
    if (!is_complete) return complain(kInterrupted, "interrupted");
    return exit_code_of(worst);
}

}  // namespace

void add_verify(CLI::App& app, int& exit_code) {
    CLI::App* const command = app.add_subcommand(
        "verify", "Play recordings on all cores and tell of each whether it is the same");
    command->get_formatter()->column_width(22);
    auto options = std::make_shared<VerifyOptions>();
    command->add_option("FILE", options->files, "Recordings")->required()->option_text("...");
    command
        ->add_option("--threads", options->threads,
                     "Threads that play, from 1 to 1024, each a span from one keyframe\n"
                     "to the next; changes no result (default: one for each core)")
        ->check(whole_number(1, 1024))
        ->option_text("N");
    command->add_flag("--json", options->json, "One line of JSON for each file");
    command
        ->add_option("--junit", options->junit,
                     "Write a JUnit report into this file, one test case for each FILE")
        ->option_text("FILE");
    command->footer(std::string("Of several files the exit code is the worst, in this order: 4 "
                                "(diverged), 10 (no\nrecording), 9 (damaged), 7 (other program or "
                                "host), 8 (other build), 0 (all the\nsame). The same order holds "
                                "within a file; what is whole of it is verified.\n\n") +
                    kExitCodes);
    command->callback([options, &exit_code] { exit_code = run(*options); });
}

}  // namespace canon::cli
