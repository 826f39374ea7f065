#include <fmt/format.h>
#include <algorithm>
#include <chrono>

#include "canon/hash.hpp"
#include "canon/json.hpp"
#include "cli/fault_list.hpp"
#include "cli/frame_output.hpp"
#include "cli/log_level.hpp"
#include "cli/lost_write_list.hpp"

namespace canon::cli {
namespace {

using Clock = std::chrono::steady_clock;

constexpr const char* kMargin = "                   ";  // under the text of a log line or fault
constexpr std::uint64_t kRows = 20;  // about so many, where the user does not say

// 1, 2, 5, 10, 20, 50, ...: the first that makes at most kRows rows.
std::uint64_t default_every(std::uint64_t frames) {
    for (std::uint64_t power = 1;; power *= 10)
        for (const std::uint64_t step : {power, 2 * power, 5 * power})
            if (frames / step <= kRows || step > frames) return step;
}

Colour colour_of(LogLevel level) {
    switch (level) {
        case LogLevel::debug:
            return Colour::faint;
        case LogLevel::info:
            return Colour::none;
        case LogLevel::warning:
            return Colour::yellow;
        case LogLevel::error:
            return Colour::red;
    }
    return Colour::none;
}

// "jobs.think, job 3:17"
std::string whose(const Fault& fault) {
    const std::string job = job_of(fault);
    if (job.empty()) return fault.function;
    std::string text =
        fmt::format("{}, {} {}", fault.function, fault.in_job ? "job" : "asked for by job", job);
    if (fault.stamp.frame != fault.frame)
        text += fmt::format(" of frame {}", fault.stamp.frame.value);
    return text;
}

class FrameTable final : public FrameOutput {
  public:
    explicit FrameTable(const OutputOptions& options)
        : options_(options),
          every_(options.every == 0 ? default_every(options.frames) : options.every) {
        terminal_.print(fmt::format(
            "{}  {}\n", terminal_.paint(Colour::bold, options.program),
            terminal_.paint(
                Colour::faint,
                fmt::format(
                    "seed {}, {}{}", options.seed, counted(options.workers, "worker"),
                    options.chaos == 0 ? "" : fmt::format(", chaos seed {}", options.chaos)))));
        terminal_.print(
            terminal_.paint(Colour::faint,
                            fmt::format("{:>8} {:>11} {:>11} {:>10} {:>8}  {}", "frame", "jobs",
                                        "actions", "entities", "faults", "hash")) +
            "\n");
    }

    void start(const FrameReport& report) override {
        show_notes(report);
        if (options_.frames == 0) show_row(report);
    }

    void frame(const FrameReport& report) override {
        show_notes(report);
        const std::uint64_t number = report.frame.value;
        if (number % every_ == 0 || number == options_.frames) show_row(report);
        show_progress(number);
    }

    void finish(const Summary& summary) override {
        terminal_.clear_progress();
        show_repeated_faults();
        show_lost_writes();
        terminal_.print(text_of(summary));
    }

    void chaos(const ChaosReport& report) override {
        if (report.same())  // else it is an error, which is told where errors are told
            terminal_.print(terminal_.paint(Colour::green, describe(report)) + "\n");
    }

  private:
    void show_row(const FrameReport& report) {
        const std::string faults = fmt::format("{:>8}", with_commas(report.faults.size()));
        terminal_.print(fmt::format(
            "{:>8} {:>11} {:>11} {:>10} {}  {}\n", report.frame.value, with_commas(report.jobs),
            with_commas(report.actions), with_commas(report.entities),
            terminal_.paint(report.faults.empty() ? Colour::none : Colour::red, faults),
            hash_text(report.state_hash)));
    }

    void show_note(std::uint64_t frame, Colour colour, std::string_view kind,
                   std::string_view text) {
        std::string body = printable(text, kMargin);
        body.erase(0, std::string_view(kMargin).size());
        terminal_.print(fmt::format("{:>8}  {} {}\n", frame,
                                    terminal_.paint(colour, fmt::format("{:<8}", kind)), body));
    }

    // Log lines, what the console was told, faults, then lost writes that are new.
    void show_notes(const FrameReport& report) {
        for (const LogEntry& entry : report.log)
            show_note(report.frame.value, colour_of(entry.level), level_name(entry.level),
                      entry.function + ": " + entry.text);
        for (const ConsoleResult& result : report.console)
            if (!result.value.is_nil())
                show_note(report.frame.value, Colour::none, "console", to_json(result.value));
        const std::size_t known = faults_.entries().size();
        for (const Fault& fault : report.faults) faults_.add(fault);
        for (std::size_t i = known; i < faults_.entries().size(); ++i)
            show_fault(faults_.entries()[i]);
        const std::size_t told = lost_writes_.entries().size();
        for (const LostWrite& write : report.lost_writes) lost_writes_.add(write);
        for (std::size_t i = told; i < lost_writes_.entries().size(); ++i)
            show_note(report.frame.value, Colour::yellow, "lost",
                      describe(lost_writes_.entries()[i]));
    }

    // A new one, and how often it was met in its first frame.
    void show_fault(const FaultList::Entry& entry) {
        const Fault& fault = entry.first;
        show_note(fault.frame.value, Colour::red, "fault",
                  fmt::format("{} in {}", fault_name(fault.kind), whose(fault)));
        std::string text = printable(fault.message, kMargin) + "\n";
        if (!fault.traceback.empty())
            text += terminal_.paint(Colour::faint,
                                    printable(fault.traceback, std::string(kMargin) + "    ")) +
                    "\n";
        if (entry.count > 1)
            text += fmt::format("{}{} more like this in the same frame\n", kMargin,
                                with_commas(entry.count - 1));
        terminal_.print(text);
    }

    void show_repeated_faults() {
        std::string text;
        for (const FaultList::Entry& entry : faults_.entries()) {
            if (entry.count == 1) continue;
            const std::string message =
                entry.first.message.substr(0, entry.first.message.find('\n'));
            text += fmt::format("{:>8} x {} in {}, frames {} to {}: {}\n", with_commas(entry.count),
                                fault_name(entry.first.kind), entry.first.function,
                                entry.first.frame.value, entry.last_frame, printable(message, ""));
        }
        if (faults_.beyond() > 0)
            text += fmt::format("{:>8} x others\n", with_commas(faults_.beyond()));
        if (!text.empty())
            terminal_.print(terminal_.paint(Colour::red, "faults that came again:") + "\n" + text);
    }

    void show_lost_writes() {
        if (!options_.check_writes) return;
        const std::vector<LostWrite>& entries = lost_writes_.entries();
        std::string text =
            terminal_.paint(entries.empty() ? Colour::none : Colour::yellow,
                            counted(entries.size(), "lost write")) +
            (entries.empty() ? "\n" : ", which nothing keeps (docs/SCRIPTING.md, Lost writes):\n");
        for (const LostWrite& write : entries)
            text += fmt::format("{:>8} x {}\n", with_commas(write.count),
                                printable(describe(write), ""));
        if (lost_writes_.beyond() > 0)
            text += fmt::format("{:>8} x others\n", with_commas(lost_writes_.beyond()));
        terminal_.print(text);
    }

    std::string text_of(const Summary& summary) const {
        std::string text;
        if (summary.interrupted) text += terminal_.paint(Colour::yellow, "interrupted") + "\n";
        const auto remark = [&text](std::uint64_t number, const char* what, const char* why) {
            if (number > 0) text += fmt::format("{}: {} ({})\n", what, with_commas(number), why);
        };
        remark(summary.refused_actions, "refused actions",
               "the entity has no such field or index, or one of another type");
        remark(summary.skipped_jobs, "skipped jobs",
               "their function has spent its budget too often and is disabled");
        remark(summary.unused_inputs, "unused inputs", "they are for frames after the last");
        text += fmt::format("{}, {}, {}, {}\n", counted(summary.frames, "frame"),
                            counted(summary.jobs, "job"), counted(summary.actions, "action"),
                            terminal_.paint(summary.faults > 0 ? Colour::red : Colour::none,
                                            counted(summary.faults, "fault")));
        text += fmt::format("{:.2f} s, {:.0f} frames/s, main thread alone {:.0f} % of the time\n",
                            summary.seconds,
                            static_cast<double>(summary.frames) / std::max(summary.seconds, 1e-9),
                            100 * summary.main_thread_share);
        return text + fmt::format("state hash {}\n",
                                  terminal_.paint(Colour::bold, hash_text(summary.state_hash)));
    }

    void show_progress(std::uint64_t frame) {
        if (!terminal_.is_terminal() || frame == options_.frames) return;
        const Clock::time_point now = Clock::now();
        const double since_start = std::chrono::duration<double>(now - begin_).count();
        if (since_start < 0.5 || now - last_progress_ < std::chrono::milliseconds(100)) return;
        last_progress_ = now;
        constexpr std::uint64_t kBar = 30;
        const double share = static_cast<double>(frame) / static_cast<double>(options_.frames);
        const double rate = static_cast<double>(frame) / since_start;
        std::string bar(static_cast<std::size_t>(share * kBar), '=');
        bar.resize(kBar, ' ');
        terminal_.show_progress(fmt::format("[{}] {} of {} frames, {:.0f} frames/s, {:.0f} s left",
                                            bar, frame, options_.frames, rate,
                                            static_cast<double>(options_.frames - frame) / rate));
    }

    OutputOptions options_;
    std::uint64_t every_;
    Terminal terminal_;
    FaultList faults_;
    LostWriteList lost_writes_;
    Clock::time_point begin_ = Clock::now();
    Clock::time_point last_progress_{};
};

}  // namespace

std::unique_ptr<FrameOutput> make_frame_table(const OutputOptions& options) {
    return std::make_unique<FrameTable>(options);
}

}  // namespace canon::cli
