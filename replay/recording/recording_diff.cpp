#include "recording/recording_diff.hpp"

#include <algorithm>

#include "canon/error.hpp"
#include "canon/hash.hpp"
#include "canon/json.hpp"
#include "recording/action_diff.hpp"
#include "recording/player.hpp"

namespace canon::replay {
namespace {

using Event = RecordingReader::Event;

// A recording, frame by frame.
class Side {
  public:
    explicit Side(ByteSource& source) : reader_(source) {
        for (Event event = reader_.next();; event = reader_.next()) {
            if (event == Event::meta) has_meta_ = true;
            if (event == Event::frame) break;
            if (event == Event::end) {
                ended_ = true;
                break;
            }
        }
        if (!has_meta_) throw Error(source.name() + ": the recording has no META that is whole");
        meta_ = reader_.meta();
    }

    const Meta& meta() const noexcept { return meta_; }
    bool ended() const noexcept { return ended_; }
    const FrameRecord& frame() const noexcept { return reader_.frame(); }
    const std::string& problem() const noexcept { return problem_; }

    void next() {
        for (;;) {
            switch (reader_.next()) {
                case Event::frame:
                    return;
                case Event::hole:
                    problem_ = describe(reader_.hole());
                    ended_ = true;
                    return;
                case Event::end:
                    ended_ = true;
                    return;
                default:
                    break;
            }
        }
    }

  private:
    RecordingReader reader_;
    Meta meta_;
    bool has_meta_ = false;
    bool ended_ = false;
    std::string problem_;
};

std::vector<std::string> start_differences(const Meta& a, const Meta& b) {
    std::vector<std::string> lines;
    const auto add = [&lines](const std::string& what, const std::string& x, const std::string& y) {
        if (x != y) lines.push_back(what + ": " + x + " / " + y);
    };
    add("program", hash_text(a.program_digest), hash_text(b.program_digest));
    if (a.program_digest != b.program_digest) {
        const auto source_of = [](const Meta& meta, const std::string& name) -> std::string {
            for (const Module& module : meta.modules)
                if (module.name == name)
                    return hash_text(
                        hash_bytes({reinterpret_cast<const std::uint8_t*>(module.source.data()),
                                    module.source.size()}));
            return "none";
        };
        std::vector<std::string> names;
        for (const Meta* meta : {&a, &b})
            for (const Module& module : meta->modules) names.push_back(module.name);
        std::sort(names.begin(), names.end());
        names.erase(std::unique(names.begin(), names.end()), names.end());
        for (const std::string& name : names)
            add("module " + name, source_of(a, name), source_of(b, name));
    }
    add("seed", std::to_string(a.seed), std::to_string(b.seed));
    add("config", to_json(a.config), to_json(b.config));
    add("build", a.fingerprint.lua + " " + hash_text(a.fingerprint.digest()),
        b.fingerprint.lua + " " + hash_text(b.fingerprint.digest()));
    return lines;
}

std::string text_of(const Input& input) {
    constexpr std::size_t kMostText = 200;
    std::string data = to_json(input.data);
    if (data.size() > kMostText)
        data = data.substr(0, kMostText) + "... (" + std::to_string(data.size()) + " bytes)";
    return "source " + source_name(input.source) + ", sequence " + std::to_string(input.sequence) +
           ": " + data;
}

bool is_same(const Input& a, const Input& b) {
    return a.source == b.source && a.sequence == b.sequence && a.data == b.data;
}

std::vector<std::string> input_difference(const FrameRecord& a, const FrameRecord& b) {
    for (std::size_t i = 0; i < std::max(a.inputs.size(), b.inputs.size()); ++i) {
        const bool has_first = i < a.inputs.size(), has_second = i < b.inputs.size();
        if (has_first && has_second && is_same(a.inputs[i], b.inputs[i])) continue;
        return {"A: " + (has_first ? text_of(a.inputs[i]) : std::string("none")),
                "B: " + (has_second ? text_of(b.inputs[i]) : std::string("none"))};
    }
    return {};
}

bool is_same(const HostAction& a, const HostAction& b) {
    return a.kind == b.kind && a.id == b.id && a.job == b.job &&
           a.template_name == b.template_name && a.argument == b.argument;
}

// What of a frame differs first, by cause before effect; empty where nothing does.
std::string difference(const FrameRecord& a, const FrameRecord& b) {
    if (!input_difference(a, b).empty()) return "inputs";
    if (!std::equal(a.host_actions.begin(), a.host_actions.end(), b.host_actions.begin(),
                    b.host_actions.end(),
                    [](const HostAction& x, const HostAction& y) { return is_same(x, y); }))
        return "host actions";
    if (a.killed != b.killed) return "killed runs";
    if (a.action_hash != b.action_hash) return "actions";
    if (a.state_hash != b.state_hash) return "state hash";
    return "";
}

}  // namespace

RecordingDiff diff_recordings(ByteSource& first, ByteSource& second, const DiffOptions& options) {
    Side a(first), b(second);
    RecordingDiff diff;
    diff.start = start_differences(a.meta(), b.meta());
    while (!a.ended() && !b.ended()) {
        // One may begin later.
        if (a.frame().frame < b.frame().frame) {
            a.next();
            continue;
        }
        if (b.frame().frame < a.frame().frame) {
            b.next();
            continue;
        }
        ++diff.frames;
        diff.what = difference(a.frame(), b.frame());
        if (!diff.what.empty()) {
            diff.frame = a.frame().frame;
            break;
        }
        a.next();
        b.next();
    }
    if (!diff.frame) {
        for (const Side* side : {&a, &b}) {
            const char* const name = side == &a ? "A" : "B";
            if (!side->problem().empty()) diff.end = std::string(name) + ": " + side->problem();
        }
        if (diff.end.empty() && diff.frames == 0)
            diff.end = "the two have no frame in common";
        else if (diff.end.empty() && a.ended() != b.ended())
            diff.end = std::string(a.ended() ? "A" : "B") + " ends earlier";
        return diff;
    }
    if (diff.what == "inputs") diff.details = input_difference(a.frame(), b.frame());
    const auto player_of = [&](ByteSource& source) {
        PlayerOptions settings;
        settings.workers = options.workers;
        settings.host = options.host;
        settings.check_writes = true;  // so that functions are known by where they are defined
        auto player = std::make_unique<Player>(source, std::move(settings));
        player->seek(*diff.frame);
        return player;
    };
    try {
        const std::unique_ptr<Player> x = player_of(first);
        if (diff.what == "actions") {
            diff.details =
                first_action_difference({a.frame().job_actions, "A"}, {b.frame().job_actions, "B"},
                                        *diff.frame, x->simulation());
            if (diff.details.empty())
                diff.details = {"no actions were recorded: record them to see which"};
        }
        const std::unique_ptr<Player> y = player_of(second);
        const StateComparison states = compare_states(x->world(), y->world(), options.fields);
        diff.state = states.differences;
        diff.state_is_cut = states.cut;
    } catch (const Error& error) {
        diff.state_problem = error.what();
    }
    return diff;
}

}  // namespace canon::replay
