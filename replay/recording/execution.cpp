#include "recording/execution.hpp"

#include <algorithm>
#include <utility>

#include "canon/fingerprint.hpp"
#include "canon/hash.hpp"
#include "recording/action_diff.hpp"

namespace canon::replay {

std::string describe(const Divergence& divergence) {
    std::string text = "frame " + std::to_string(divergence.frame.value) + ": " + divergence.what;
    if (divergence.recorded != divergence.played)
        text += " " + hash_text(divergence.played) + ", recorded " + hash_text(divergence.recorded);
    for (const std::string& line : divergence.details) text += "\n  " + line;
    return text;
}

namespace {

void require_this_build(const Meta& meta) {
    const std::string difference = explain_difference(meta.fingerprint, fingerprint());
    if (!difference.empty())
        throw OtherBuild("the recording needs exact mode, and this build is another one:\n" +
                         difference);
}

}  // namespace

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
    for (const HostFunctionName& name : meta.host_functions) {
        if (name.is_external) continue;
        const auto is_it = [&](const HostFunction& function) {
            return function.module == name.module && function.name == name.name;
        };
        if (std::none_of(host.functions.begin(), host.functions.end(), is_it))
            throw OtherProgram("the recording was made by a host with the function '" +
                               name.module + "." + name.name +
                               "': it can only be played by a host that has it");
    }
    if (meta.needs_exact) require_this_build(meta);
}

void require_same_build(const Meta& meta, const Simulation& simulation) {
    if (simulation.needs_exact_mode()) require_this_build(meta);
}

Simulation::Host playing_host(const Meta& meta, const Simulation::Host& host) {
    Simulation::Host playing = host;
    // In the order in which they were, since jobs name them by number.
    std::vector<HostFunction> functions;
    for (const HostFunctionName& name : meta.host_functions) {
        const auto found = std::find_if(
            host.functions.begin(), host.functions.end(), [&](const HostFunction& function) {
                return function.module == name.module && function.name == name.name;
            });
        if (found != host.functions.end()) {
            functions.push_back(*found);
            continue;
        }
        HostFunction stand_in;
        stand_in.module = name.module;
        stand_in.name = name.name;
        stand_in.purity = Purity::external;
        stand_in.invoke = [](ByteReader&, std::uint32_t, Bytes&) -> std::uint32_t {
            throw Error("this host does not have the function");
        };
        functions.push_back(std::move(stand_in));
    }
    playing.functions = std::move(functions);
    return playing;
}

void load_keyframe(Simulation& simulation, const Meta& meta, ByteReader& saved) {
    const bool is_other = simulation.program().digest() != meta.program_digest;
    simulation.load(saved, is_other ? program_of(meta) : nullptr);
}

bool has_reload(std::span<const Input> inputs) noexcept {
    return std::any_of(inputs.begin(), inputs.end(),
                       [](const Input& input) { return input.source == Input::kReload; });
}

const FrameReport& execute(Simulation& simulation, const FrameRecord& record, const Levels& levels,
                           std::optional<Divergence>& divergence) {
    try {
        for (const HostAction& action : record.host_actions) simulation.repeat(action);
    } catch (const Error& error) {
        if (!divergence) divergence = {record.frame, "host action", 0, 0, {error.what()}};
    }
    const FrameReport& report =
        simulation.replay(record.inputs, record.killed, record.host_answers);
    if (divergence) return report;
    const std::uint64_t action_hash = report.actions == 0 ? 0 : report.action_hash;
    Divergence found{report.frame, {}, 0, 0, {}};
    if (action_hash != record.action_hash) {
        found.what = "actions";
        found.recorded = record.action_hash;
        found.played = action_hash;
        if (levels.actions != ActionRecord::none)
            found.details =
                first_action_difference({record.job_actions, "recorded"},
                                        {report.job_actions, "played"}, record.frame, simulation);
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
