#include "recording/player.hpp"

#include <algorithm>
#include <utility>

#include "canon/error.hpp"
#include "canon/hash.hpp"
#include "canon/job_actions.hpp"
#include "canon/json.hpp"

namespace canon::replay {
namespace {

using Event = RecordingReader::Event;

std::string frame_text(Frame frame) { return std::to_string(frame.value); }

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

void check_host(const Meta& meta, const Simulation::Host& host) {
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
}

}  // namespace

std::string describe(const Divergence& divergence) {
    std::string text = "frame " + frame_text(divergence.frame) + ": " + divergence.what;
    if (divergence.recorded != divergence.played)
        text += " " + hash_text(divergence.played) + ", recorded " + hash_text(divergence.recorded);
    for (const std::string& line : divergence.details) text += "\n  " + line;
    return text;
}

Player::Player(ByteSource& source, PlayerOptions options)
    : source_(source), options_(std::move(options)), reader_(source) {
    while (true) {
        const Event event = reader_.next();
        if (event == Event::meta && reader_.segment() == options_.segment) break;
        if (event == Event::end)
            throw Error("the recording has no META that is whole" +
                        (options_.segment == 0
                             ? std::string()
                             : " in a segment " + std::to_string(options_.segment + 1)));
    }
    meta_ = reader_.meta();
    check_host(meta_, options_.host);
    build_difference_ = explain_difference(meta_.fingerprint, fingerprint());
    if (meta_.needs_exact && !build_difference_.empty())
        throw OtherBuild("the recording needs exact mode, and this build is another one:\n" +
                         build_difference_);
    SimulationOptions settings = options_of(meta_);
    settings.workers = options_.workers;
    simulation_ = std::make_unique<Simulation>(
        options_.program != nullptr ? options_.program : program_of(meta_), settings,
        options_.host);
    reader_.leave_out_actions(options_.mode == PlayMode::apply);
    has_other_program_ = simulation_->program().digest() != meta_.program_digest;
    if (options_.mode == PlayMode::apply) {
        if (!meta_.levels.effects)
            throw Error("the recording holds no effects: it can be executed, not applied");
        if (simulation_->world().schema().digest() != meta_.schema_digest)
            throw OtherProgram("the program has other templates than the one that was recorded");
    } else {
        simulation_->record_actions(meta_.levels.actions);
    }
    while (true) {
        const Event event = reader_.next();
        if (event == Event::keyframe) break;
        if (event == Event::end)
            throw Error("the recording has no keyframe that is whole: nothing can be played");
    }
    load(reader_.keyframe());
    first_ = frame_;
}

Player::~Player() = default;

void Player::load(const Keyframe& keyframe) {
    if (has_other_program_) {
        // Its own first state; later ones of the recording are not its.
        if (keyframe.position.value != 1)
            throw OtherProgram(
                "another program can only be played from frame 0, and the recording "
                "begins later");
    } else {
        ByteReader in(keyframe.saved.view());
        simulation_->load(in);
        const std::uint64_t hash = simulation_->state_hash();
        if (hash != keyframe.state_hash)
            throw Error("the keyframe before frame " + frame_text(keyframe.position) +
                        " loads to the state hash " + hash_text(hash) + ", recorded " +
                        hash_text(keyframe.state_hash));
    }
    frame_ = loaded_ = {keyframe.position.value - 1};
    report_ = nullptr;
    keep();
}

void Player::keep() {
    if (options_.kept_states == 0 || loaded_ != frame_) return;
    kept_[frame_] = simulation_->capture();
    // Those nearest to here stay.
    while (kept_.size() > options_.kept_states)
        kept_.erase(kept_.begin()->first < frame_ ? kept_.begin() : std::prev(kept_.end()));
}

bool Player::step() {
    stopped_by_.clear();
    for (;;) {
        switch (reader_.next()) {
            case Event::meta:
                if (reader_.segment() != options_.segment) {
                    stopped_by_ = "another segment begins here";
                    return false;
                }
                break;
            case Event::keyframe: {
                const Keyframe& key = reader_.keyframe();
                if (key.position.value != frame_.value + 1) break;
                if (has_other_program_) {
                    if (options_.mode == PlayMode::execute) keep();
                } else if (options_.mode == PlayMode::execute) {
                    const std::uint64_t hash = simulation_->state_hash();
                    if (hash != key.state_hash)
                        diverge({frame_, "keyframe", key.state_hash, hash, {}});
                    keep();
                } else {
                    load(key);
                }
                break;
            }
            case Event::notes:
                break;
            case Event::frame:
                if (reader_.frame().frame.value != frame_.value + 1) break;
                return play(reader_.frame());
            case Event::hole:
                stopped_by_ = describe(reader_.hole());
                return false;
            case Event::end:
                return false;
        }
    }
}

bool Player::skip_hole() {
    for (;;) {
        switch (reader_.next()) {
            case Event::keyframe:
                if (reader_.segment() != options_.segment) return false;
                load(reader_.keyframe());
                return true;
            case Event::end:
                return false;
            default:
                break;
        }
    }
}

bool Player::play(const FrameRecord& record) {
    if (options_.mode == PlayMode::execute)
        execute(record);
    else
        apply(record);
    return true;
}

void Player::execute(const FrameRecord& record) {
    try {
        for (const HostAction& action : record.host_actions) simulation_->repeat(action);
    } catch (const Error& error) {
        diverge({record.frame, "host action", 0, 0, {error.what()}});
    }
    const FrameReport& report = simulation_->replay(record.inputs, record.killed);
    report_ = &report;
    frame_ = loaded_ = report.frame;
    if (divergence_) return;
    const std::uint64_t action_hash = report.actions == 0 ? 0 : report.action_hash;
    Divergence found{report.frame, {}, 0, 0, {}};
    if (action_hash != record.action_hash) {
        found.what = "actions";
        found.recorded = record.action_hash;
        found.played = action_hash;
        explain_actions(record, found);
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
        return;
    }
    diverge(std::move(found));
}

// Which job asked for something else, as far as the recording tells.
void Player::explain_actions(const FrameRecord& record, Divergence& divergence) const {
    if (meta_.levels.actions == ActionRecord::none) return;
    JobActionsReader recorded(record.job_actions, record.frame);
    JobActionsReader played(report_->job_actions, record.frame);
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
                                     simulation_->job_name(about.function));
        if (!has_first || !has_second || !is_same(a.stamp, b.stamp)) {
            divergence.details.push_back(is_recorded ? "it asked for something only when recorded"
                                                     : "it asked for something only when played");
            return;
        }
        const auto difference =
            first_difference(a.actions, b.actions, simulation_->world().schema());
        divergence.details.insert(divergence.details.end(), difference.begin(), difference.end());
        return;
    }
}

void Player::apply(const FrameRecord& record) {
    World& world = simulation_->world();
    report_ = nullptr;
    ByteReader effects(record.effects);
    for (std::size_t index = 0; effects.left() > 0; ++index) {
        const WriteResult result = world.apply_effect(effects);
        if (result == WriteResult::done) continue;
        diverge({record.frame,
                 "effect",
                 0,
                 0,
                 {"effect " + std::to_string(index) + ": " +
                  (effects.failed() ? effects.fail_text() : canon::describe(result))}});
    }
    for (const auto& [state, saved] : record.host_states) try {
            if (state >= world.host_states()) throw Error("there is no such host state");
            world.load_host_state(state, saved);
        } catch (const std::exception& error) {
            diverge({record.frame,
                     "effect",
                     0,
                     0,
                     {"host state " + std::to_string(state) + ": " + error.what()}});
        }
    if (record.next_id.value > world.next_id().value) world.set_next_id(record.next_id);
    frame_ = record.frame;
    world.freeze();
    const std::uint64_t hash = world.state_hash();
    world.thaw();
    if (hash != record.world_hash)
        diverge({record.frame, "world hash", record.world_hash, hash, {}});
}

void Player::diverge(Divergence divergence) {
    if (!divergence_) divergence_ = std::move(divergence);
}

bool Player::go_to_start(Frame frame) {
    if (!reader_.seek({frame.value + 1}, options_.segment)) return false;
    for (;;) {
        const Event event = reader_.next();
        if (event == Event::end || event == Event::frame) return false;
        if (event == Event::keyframe) return true;
    }
}

void Player::seek(Frame frame) {
    stopped_by_.clear();
    if (frame < first_)
        throw Error("the recording begins after frame " + frame_text(first_) + ", and frame " +
                    frame_text(frame) + " is asked for");
    // From here on, from a state that was kept, or from a keyframe in the file: whichever is
    // nearest.
    auto kept = kept_.upper_bound(frame);
    const bool has_kept = kept != kept_.begin();
    if (has_kept) --kept;
    std::optional<Place> start;
    if (!has_other_program_)
        start = reader_.finder().find_start({frame.value + 1}, options_.segment);
    const Frame in_file = start ? Frame{start->position.value - 1} : Frame{};
    const bool here_is_near =
        frame_ <= frame && (!start || frame_ >= in_file) && (!has_kept || frame_ >= kept->first);
    if (!here_is_near) {
        if (has_kept && (!start || kept->first >= in_file)) {
            simulation_->restore(*kept->second);
            frame_ = loaded_ = kept->first;
            // The reader goes on at the keyframe before; frames up to here are passed over.
            if (!reader_.seek({frame_.value + 1}, options_.segment))
                throw Error("the frames behind " + frame_text(frame_) + " are not there any more");
        } else if (go_to_start(frame)) {
            load(reader_.keyframe());
        } else {
            throw Error("frame " + frame_text(frame) + " is not in the recording");
        }
    }
    while (frame_ < frame) {
        if (step()) continue;
        throw Error(
            "frame " + frame_text(frame) + " is not in the recording: " +
            (stopped_by_.empty() ? "it ends after frame " + frame_text(frame_) : stopped_by_));
    }
    report_ = nullptr;
    if (options_.mode == PlayMode::execute) keep();
}

Frame Player::last_frame() {
    if (const auto summary = reader_.finder().segment_ending_at(source_.size());
        summary && options_.segment == 0 && summary->begin == 0)
        return {summary->behind_last.value - 1};
    // Without an index: the last chunk of frames, header by header.
    ChunkReader chunks(source_);
    Frame last = first_;
    for (Found found = chunks.next(); found != Found::end; found = chunks.next())
        if (found == Found::chunk && chunks.chunk().segment == options_.segment &&
            chunks.chunk().header.kind == ChunkKind::frames)
            last = {chunks.chunk().header.frames.end().value - 1};
    return last;
}

std::unique_ptr<Simulation> Player::branch() {
    if (loaded_ != frame_) {
        const Frame target = frame_;
        options_.mode = PlayMode::execute;
        reader_.leave_out_actions(false);
        kept_.clear();
        if (!go_to_start(target))
            throw Error("the keyframe before frame " + frame_text(target) + " is not there");
        load(reader_.keyframe());
        while (frame_ < target)
            if (!step()) throw Error("the frames up to here are not there any more");
    }
    simulation_->record_actions(ActionRecord::none);
    return std::move(simulation_);
}

}  // namespace canon::replay
