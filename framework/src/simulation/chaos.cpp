#include "canon/chaos.hpp"

#include <string_view>

#include "canon/hash.hpp"

namespace canon {
namespace {

std::string_view take_line(std::string_view& text) noexcept {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    return line;
}

// Of two dumps, which have one field a line.
std::string first_field_that_differs(std::string_view ordinary, std::string_view in_chaos) {
    while (!ordinary.empty() || !in_chaos.empty()) {
        const std::string_view one = take_line(ordinary), other = take_line(in_chaos);
        if (one == other) continue;
        const auto shown = [](std::string_view line) {
            constexpr std::size_t kMost = 200;
            if (line.empty()) return std::string("(not there)");
            return std::string(line.substr(0, kMost)) + (line.size() > kMost ? "..." : "");
        };
        return "\n  without chaos  " + shown(one) + "\n  in chaos       " + shown(other);
    }
    return {};
}

std::string first_fault_that_differs(const std::vector<Fault>& ordinary,
                                     const std::vector<Fault>& in_chaos) {
    const auto shown = [](const std::vector<Fault>& faults, std::size_t i) {
        if (i >= faults.size()) return std::string("no fault");
        return std::string(fault_name(faults[i].kind)) + " in " + faults[i].function;
    };
    for (std::size_t i = 0; i < ordinary.size() || i < in_chaos.size(); ++i) {
        const std::string one = shown(ordinary, i), other = shown(in_chaos, i);
        if (one != other) return "\n  without chaos  " + one + "\n  in chaos       " + other;
    }
    return {};
}

std::string hashes(const char* what, std::uint64_t ordinary, std::uint64_t in_chaos) {
    return std::string(what) + " " + hash_text(ordinary) + ", in chaos " + hash_text(in_chaos);
}

}  // namespace

std::string describe(const ChaosReport& report) {
    const std::string seed = "chaos seed " + std::to_string(report.seed) + ": ";
    if (report.same()) return seed + "same";
    return seed + "frame " + std::to_string(report.frame.value) + " differs: " + report.difference;
}

ChaosPair::ChaosPair(std::shared_ptr<const Program> program, SimulationOptions options,
                     std::uint64_t seed, const std::function<Simulation::Host()>& host) {
    if (seed == 0) throw Error("a chaos seed is not 0: 0 means no chaos");
    report_.seed = seed;
    options.chaos = 0;
    ordinary_ = std::make_unique<Simulation>(program, options, host ? host() : Simulation::Host{});
    options.chaos = seed;
    options.shared_workers = nullptr;
    try {
        in_chaos_ = std::make_unique<Simulation>(std::move(program), std::move(options),
                                                 host ? host() : Simulation::Host{});
    } catch (const Error& error) {
        throw Error("under chaos seed " + std::to_string(seed) +
                    ", but not without: " + error.what());
    }
    compare(ordinary_->start_report(), in_chaos_->start_report());
}

const FrameReport& ChaosPair::step(std::span<const Input> inputs) {
    const FrameReport& report = ordinary_->step(inputs);
    if (report_.same()) compare(report, in_chaos_->step(inputs));
    return report;
}

// The chain covers actions and faults, so that what two frames did and undid again differs too.
void ChaosPair::compare(const FrameReport& ordinary, const FrameReport& in_chaos) {
    report_.frame = ordinary.frame;
    if (ordinary.state_hash == in_chaos.state_hash && ordinary.chain == in_chaos.chain) return;
    std::string fields;
    if (ordinary.state_hash != in_chaos.state_hash) {
        report_.difference = hashes("state hash", ordinary.state_hash, in_chaos.state_hash);
        fields = first_field_that_differs(ordinary_->dump(), in_chaos_->dump());
    } else {
        report_.difference = hashes("chain", ordinary.chain, in_chaos.chain) +
                             ", with one state: other actions or faults led there";
    }
    report_.difference += fields + first_fault_that_differs(ordinary.faults, in_chaos.faults);
}

ChaosReport chaos_test(std::shared_ptr<const Program> program, const SimulationOptions& options,
                       std::uint64_t frames, std::uint64_t seed,
                       const ChaosSurroundings& surroundings) {
    ChaosPair pair(std::move(program), options, seed, surroundings.host);
    for (std::uint64_t frame = 1; frame <= frames && pair.report().same(); ++frame)
        pair.step(surroundings.inputs ? surroundings.inputs(Frame{frame}) : std::vector<Input>{});
    return pair.report();
}

}  // namespace canon
