#include "recording/execution.hpp"

#include <algorithm>
#include <utility>

#include "canon/fingerprint.hpp"
#include "canon/hash.hpp"
#include "canon/job_actions.hpp"
#include "canon/json.hpp"

namespace canon::replay {
namespace {

std::string stamp_text(const Stamp& stamp) {
    std::string text = std::to_string(stamp.submission) + ":" + std::to_string(stamp.job);
    if (stamp.round != 0) text += " (round " + std::to_string(stamp.round) + ")";
    return text;
}

bool is_same(const Stamp& a, const Stamp& b) {
    return a.frame == b.frame && a.submission == b.submission && a.job == b.job &&
           a.round == b.round;
}

// The first action that is not the same, in words of both sides.
std::vector<std::string> first_difference(std::span<const std::uint8_t> recorded,
                                          std::span<const std::uint8_t> played,
                                          const Schema& schema) {
    ActionReader a(recorded, schema), b(played, schema);
    for (std::size_t index = 0;; ++index) {
        Value x, y;
        const bool has_first = a.next(x), has_second = b.next(y);
        if (a.reader().failed()) return {"the recorded actions are malformed"};
        if (!has_first && !has_second) return {};
        if (has_first && has_second && x == y) continue;
        return {"action " + std::to_string(index),
                "recorded: " + (has_first ? to_json(x) : std::string("none")),
                "played:   " + (has_second ? to_json(y) : std::string("none"))};
    }
}

// Which job asked for something else, as far as the recording tells.
void explain_actions(const FrameRecord& record, const FrameReport& report,
                     const Simulation& simulation, Divergence& divergence) {
    JobActionsReader recorded(record.job_actions, record.frame);
    JobActionsReader played(report.job_actions, record.frame);
    for (;;) {
        JobActions a, b;
        const bool has_first = recorded.next(a), has_second = played.next(b);
        if (recorded.reader().failed()) {
            divergence.details.push_back("the recorded actions are malformed");
            return;
        }
        if (!has_first && !has_second) return;
        if (has_first && has_second && is_same(a.stamp, b.stamp) && a.hash == b.hash) continue;
        const bool is_recorded = has_first && (!has_second || !(b.stamp < a.stamp));
        const JobActions& about = is_recorded ? a : b;
        divergence.details.push_back("job " + stamp_text(about.stamp) + " of " +
                                     simulation.job_name(about.function));
        if (!has_first || !has_second || !is_same(a.stamp, b.stamp)) {
            divergence.details.push_back(is_recorded ? "it asked for something only when recorded"
                                                     : "it asked for something only when played");
            return;
        }
        const auto difference = first_difference(a.actions, b.actions, simulation.world().schema());
        divergence.details.insert(divergence.details.end(), difference.begin(), difference.end());
        return;
    }
}

}  // namespace

std::string describe(const Divergence& divergence) {
    std::string text = "frame " + std::to_string(divergence.frame.value) + ": " + divergence.what;
    if (divergence.recorded != divergence.played)
        text += " " + hash_text(divergence.played) + ", recorded " + hash_text(divergence.recorded);
    for (const std::string& line : divergence.details) text += "\n  " + line;
    return text;
}

void require_playable(const Meta& meta, const Simulation::Host& host) {
    const auto missing = [](const std::vector<std::string>& names, const auto& given,
                            const char* what) {
        for (const std::string& name : names)
            if (std::none_of(given.begin(), given.end(),
                             [&](const auto& one) { return one.first == name; }))
                throw OtherProgram(std::string("the recording was made by a host with the ") +
                                   what + " '" + name +
                                   "': it can only be played by a host that has it");
    };
    missing(meta.host_handlers, host.handlers, "handler");
    missing(meta.host_states, host.states, "host state");
    if (!meta.needs_exact) return;
    const std::string difference = explain_difference(meta.fingerprint, fingerprint());
    if (!difference.empty())
        throw OtherBuild("the recording needs exact mode, and this build is another one:\n" +
                         difference);
}

const FrameReport& execute(Simulation& simulation, const FrameRecord& record, const Levels& levels,
                           std::optional<Divergence>& divergence) {
    try {
        for (const HostAction& action : record.host_actions) simulation.repeat(action);
    } catch (const Error& error) {
        if (!divergence) divergence = {record.frame, "host action", 0, 0, {error.what()}};
    }
    const FrameReport& report = simulation.replay(record.inputs, record.killed);
    if (divergence) return report;
    const std::uint64_t action_hash = report.actions == 0 ? 0 : report.action_hash;
    Divergence found{report.frame, {}, 0, 0, {}};
    if (action_hash != record.action_hash) {
        found.what = "actions";
        found.recorded = record.action_hash;
        found.played = action_hash;
        if (levels.actions != ActionRecord::none)
            explain_actions(record, report, simulation, found);
    } else if (report.state_hash != record.state_hash) {
        found.what = "state hash";
        found.recorded = record.state_hash;
        found.played = report.state_hash;
        found.details = {"the jobs asked for the same: a callback or handler did otherwise"};
    } else if (report.chain != record.chain) {
        found.what = "chain";
        found.recorded = record.chain;
        found.played = report.chain;
        found.details = {"inputs or faults are not the same"};
    } else {
        return report;
    }
    divergence = std::move(found);
    return report;
}

std::optional<Divergence> compare(const Simulation& simulation, const Keyframe& keyframe) {
    const std::uint64_t hash = simulation.state_hash();
    if (hash == keyframe.state_hash) return std::nullopt;
    return Divergence{{keyframe.position.value - 1}, "keyframe", keyframe.state_hash, hash, {}};
}

}  // namespace canon::replay
