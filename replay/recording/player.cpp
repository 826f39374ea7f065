#include "recording/player.hpp"

#include <algorithm>
#include <utility>

#include "canon/error.hpp"
#include "canon/hash.hpp"

namespace canon::replay {
namespace {

using Event = RecordingReader::Event;

std::string frame_text(Frame frame) { return std::to_string(frame.value); }

}  // namespace

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
    require_playable(meta_, options_.host);
    build_difference_ = explain_difference(meta_.fingerprint, fingerprint());
    SimulationOptions settings = options_of(meta_);
    settings.workers = options_.workers;
    settings.check_writes = options_.check_writes;
    simulation_ = std::make_unique<Simulation>(
        options_.program != nullptr ? options_.program : program_of(meta_), settings,
        playing_host(meta_, options_.host));
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
        if (own_start_ != nullptr)
            simulation_->restore(*own_start_);
        else
            own_start_ = simulation_->capture();
    } else {
        ByteReader in(keyframe.saved.view());
        load_keyframe(*simulation_, reader_.meta(), in);
        const std::uint64_t hash = simulation_->state_hash();
        if (hash != keyframe.state_hash)
            throw Error("the keyframe before frame " + frame_text(keyframe.position) +
                        " loads to the state hash " + hash_text(hash) + ", recorded " +
                        hash_text(keyframe.state_hash));
    }
    frame_ = loaded_ = {keyframe.position.value - 1};
    is_reloading_ = false;
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
        const Event event = reader_.next();
        const bool is_over = event == Event::end && reader_.tail().state == Tail::State::closed;
        if (is_reloading_ && (event == Event::frame || event == Event::hole || is_over)) {
            is_reloading_ = false;
            stopped_by_ = "frame " + frame_text({frame_.value + 1}) +
                          " is a reload, and the keyframe behind it, which the effects that follow "
                          "need, is not there";
            return false;
        }
        switch (event) {
            case Event::meta:
                if (reader_.segment() != options_.segment) {
                    stopped_by_ = "another segment begins here";
                    return false;
                }
                break;
            case Event::keyframe: {
                const Keyframe& key = reader_.keyframe();
                if (is_reloading_ && key.position.value == frame_.value + 2) {
                    load(key);
                    return true;
                }
                if (key.position.value != frame_.value + 1) break;
                if (has_other_program_) {
                    if (options_.mode == PlayMode::execute) keep();
                } else if (options_.mode == PlayMode::execute) {
                    if (auto found = compare(*simulation_, key)) diverge(std::move(*found));
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
                if (options_.mode == PlayMode::apply && has_reload(reader_.frame().inputs)) {
                    if (has_other_program_)
                        throw OtherProgram("frame " + frame_text(reader_.frame().frame) +
                                           " is a reload: what follows are changes of its "
                                           "program's world, which cannot be applied to another's");
                    is_reloading_ = true;
                    break;
                }
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
    if (options_.mode == PlayMode::execute) {
        if (has_other_program_ && has_reload(record.inputs)) {
            FrameRecord without = record;
            std::erase_if(without.inputs,
                          [](const Input& input) { return input.source == Input::kReload; });
            report_ = &execute(*simulation_, without, meta_.levels, divergence_);
        } else {
            report_ = &execute(*simulation_, record, meta_.levels, divergence_);
            if (has_reload(record.inputs)) require_same_build(meta_, *simulation_);
        }
        frame_ = loaded_ = report_->frame;
    } else {
        apply(record);
    }
    return true;
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
            is_reloading_ = false;
            frame_ = loaded_ = kept->first;
            // The reader goes on at the keyframe before; frames up to here are passed over.
            if (!reader_.seek({frame_.value + 1}, options_.segment))
                throw Error("the frames behind " + frame_text(frame_) + " are not there any more");
        } else if (go_to_start(has_other_program_ ? Frame{} : frame)) {
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
