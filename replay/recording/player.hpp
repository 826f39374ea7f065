// Player: plays a recording: runs the scripts again and compares every hash (execute), or makes the
// recorded changes without them (apply). Seeks to any frame, forwards and backwards.
//
// What is played is the recording's own program, or another one for those who want to know what it
// would do (execute then tells where it diverges; apply needs the same templates). To that one, the
// reloads in the recording do nothing; applying stops at the first.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "canon/simulation.hpp"
#include "recording/execution.hpp"
#include "recording/recording_reader.hpp"

namespace canon::replay {

enum class PlayMode : std::uint8_t { execute, apply };

struct PlayerOptions {
    PlayMode mode = PlayMode::execute;
    unsigned workers = 0;  ///< 0: all cores; any number gives the same
    std::uint32_t segment = 0;
    /// What the recorded simulation's host added; needed where META names any.
    Simulation::Host host{};
    /// Instead of the one in the recording.
    std::shared_ptr<const Program> program{};
    /// As SimulationOptions::check_writes; makes playing slow.
    bool check_writes = false;
    /// Keeps so many states of keyframes and frames that were looked at, for seeking backwards.
    std::size_t kept_states = 32;
};

/// Call: one thread at a time.
class Player {
  public:
    /// Reads META, makes the simulation, and stands at the recording's first state.
    /// Borrows: `source`.
    /// Fails: throws OtherProgram where it needs a host that is not given, or other templates;
    /// OtherBuild where it needs exact mode and this build is another one; else canon::Error.
    explicit Player(ByteSource& source, PlayerOptions options = {});
    ~Player();

    const Meta& meta() const noexcept { return meta_; }
    /// Empty, or what differs between the build that recorded and this one.
    const std::string& build_difference() const noexcept { return build_difference_; }

    /// The state is that after this frame.
    Frame frame() const noexcept { return frame_; }
    /// After which the recording begins.
    Frame first_frame() const noexcept { return first_; }
    /// The last one there is as of now, by the index or by looking for it.
    Frame last_frame();

    /// Plays the next frame. False at the end of what there is (it can be called again: more may
    /// have been written) and before a hole, see `stopped_by`.
    /// A divergence does not stop it: what follows is played from the state that came of it.
    bool step();
    /// Why `step` returned false, beside the end: empty, or the frames that are lost here.
    const std::string& stopped_by() const noexcept { return stopped_by_; }
    /// Goes on behind a hole, with the next keyframe. False where there is none.
    bool skip_hole();

    /// Makes the state that after `frame`: from the nearest keyframe or kept state before it.
    /// Fails: throws canon::Error where that frame is not in the recording; the state is then that
    /// of some frame.
    void seek(Frame frame);

    /// Of the frame that was played last; in `apply` without faults and log.
    const FrameRecord& record() const noexcept { return reader_.frame(); }
    /// What the simulation reported of it; null in `apply` and after a seek.
    const FrameReport* report() const noexcept { return report_; }

    /// The first one met since the recording was opened.
    const std::optional<Divergence>& divergence() const noexcept { return divergence_; }

    const World& world() const noexcept { return simulation_->world(); }
    const Simulation& simulation() const noexcept { return *simulation_; }
    /// The simulation at this frame, to go on from as a new live session: the recording is left
    /// behind. In `apply`, the frames since the keyframe are executed first.
    /// Call: at most once, last.
    std::unique_ptr<Simulation> branch();

  private:
    void load(const Keyframe& keyframe);
    bool play(const FrameRecord& record);
    void apply(const FrameRecord& record);
    void diverge(Divergence divergence);
    void keep();
    bool go_to_start(Frame frame);

    ByteSource& source_;
    PlayerOptions options_;
    RecordingReader reader_;
    Meta meta_;
    std::string build_difference_;
    std::unique_ptr<Simulation> simulation_;
    Frame first_;
    Frame frame_;
    Frame loaded_;  // the simulation's own state, without what was applied since
    const FrameReport* report_ = nullptr;
    std::string stopped_by_;
    std::optional<Divergence> divergence_;
    bool has_other_program_ = false;
    bool is_reloading_ = false;  // the frame after frame_, in `apply`: its keyframe is to come
    std::shared_ptr<const SimulationSnapshot> own_start_;  // of another program
    std::map<Frame, std::shared_ptr<const SimulationSnapshot>> kept_;
};

}  // namespace canon::replay
