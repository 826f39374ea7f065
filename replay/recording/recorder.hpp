// Recorder: writes a session to a sink while it runs.
//
// The main thread gathers what each frame was into the payload of a chunk; a thread of the
// recorder's own compresses, hashes and writes it. Keyframes are captured on the main thread and
// turned into bytes on the other. Where the sink is slower than the session, the main thread waits:
// nothing is dropped. After a frame with a reload there is a keyframe, whose META has the new
// program.
#pragma once
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>

#include "canon/simulation.hpp"
#include "container/chunk_writer.hpp"
#include "container/sink.hpp"
#include "recording/frame_record.hpp"
#include "recording/meta.hpp"

namespace canon::replay {

/// When what was written is made to outlast a loss of power.
struct Durability {
    enum class When : std::uint8_t { never, each_seal, seconds } when = When::never;
    double seconds = 1;
};

struct RecorderOptions {
    Levels levels{};
    /// Frames from one keyframe to the next, at least 1. A seek costs up to so many frames.
    std::uint64_t keyframe_frames = 300;
    /// One comes earlier where so many bytes were written since the last.
    std::size_t keyframe_bytes = 256u << 20;
    /// A chunk is sealed when it has so many frames or bytes, or is so many seconds old.
    std::uint32_t seal_frames = 60;
    std::size_t seal_bytes = 1u << 20;
    double seal_seconds = 1;
    Durability durability{};
    /// Of what waits for the other thread; beyond that the main thread waits.
    std::size_t queue_bytes = 64u << 20;
    int compression_level = 3;
    std::string program_name{};  ///< for people
    double frames_per_second = 60;
};

/// Call: on the main thread.
class Recorder {
  public:
    /// Begins with the simulation's state as it is now. `host` is what the simulation was made
    /// with. Borrows: both, and `sink`, until it is closed. Fails: throws canon::Error where a
    /// thread cannot be started.
    Recorder(Simulation& simulation, const Simulation::Host& host, Sink& sink,
             RecorderOptions options = {});
    /// Closes, without a word about errors.
    ~Recorder();
    Recorder(const Recorder&) = delete;
    Recorder& operator=(const Recorder&) = delete;

    /// Steps the simulation and records the frame.
    /// Fails: throws canon::Error where writing has failed; the frame was run, the file is readable
    /// up to what was sealed before. The caller decides whether to go on without.
    const FrameReport& step(std::span<const Input> inputs = {});
    /// Records a frame that the caller has stepped with these inputs.
    void record(std::span<const Input> inputs, const FrameReport& report);

    /// Seals what there is and waits until it is written, and synced unless durability is never.
    /// Fails: as `step`.
    void flush();
    /// The same, and ends the recording. Fails: as `step`.
    void close();

    /// Bytes that the sink has taken. Any thread.
    std::uint64_t bytes_written() const;

  private:
    // What the other thread is to do next.
    struct Order {
        enum class Kind : std::uint8_t { frames, notes, keyframe, end } kind;
        FrameSpan span;
        Bytes payload;  // frames, notes; of a keyframe the META before it
        std::shared_ptr<const SimulationSnapshot> snapshot;
        std::size_t size = 0;
        bool sync = false;
    };

    void seal(bool sync);
    void send(Order order);
    void keyframe();
    void wait_until_done();
    void rethrow();
    void run();
    void carry_out(Order& order);

    Simulation& simulation_;
    RecorderOptions options_;
    Sink& sink_;
    Meta meta_;
    std::size_t host_actions_in_state_;  // of the first frame's report
    FramesWriter frames_;
    Bytes notes_;
    Frame first_;        // of the frames that are gathered
    Frame first_noted_;  // of the notes
    Frame next_key_;
    std::uint64_t key_bytes_ = 0;  // written when the last keyframe was ordered
    std::uint64_t sealed_at_ = 0;  // by the clock
    std::vector<std::uint64_t> host_hashes_;
    Bytes host_bytes_;
    bool closed_ = false;
    bool had_effects_ = false;  // somebody else wants them too

    mutable std::mutex mutex_;
    std::condition_variable work_, done_;
    std::deque<Order> orders_;
    std::vector<Bytes> spare_;  // payloads that were written
    std::size_t waiting_bytes_ = 0;
    bool idle_ = true;
    bool ending_ = false;
    std::uint64_t written_ = 0;
    std::exception_ptr failure_;

    // Of the other thread.
    ChunkWriter writer_;
    PayloadPacker packer_;
    Bytes packed_;
    std::uint64_t synced_at_ = 0;
    std::thread thread_;
};

}  // namespace canon::replay
