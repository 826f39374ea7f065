// Flight recorder: the last part of a session, kept in memory, to be written out when something has
// happened: a recording like any other, which replays from its first keyframe.
//
// The ring holds sealed chunks one behind the other, as a file would, and gives up whole stretches
// from one keyframe to the next where it is full. So what is left begins with META and KEY, and a
// signal handler has nothing to do but to write bytes.
#pragma once
#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "recording/recorder.hpp"

namespace canon::replay {

/// A sink that keeps the last chunks. Call: `write` by one thread.
class RingSink final : public Sink {
  public:
    explicit RingSink(std::size_t bytes);

    void write(std::span<const std::uint8_t> bytes) override;
    void sync() override {}

    /// All that it holds, from a META on; empty where no stretch fits. Any thread.
    Bytes content() const;
    /// The same to a descriptor, from a signal handler: what is written meanwhile is dropped from
    /// here on. False where the descriptor takes no more.
    bool write_in_signal(int descriptor) noexcept;

  private:
    struct Mark {
        std::uint64_t offset;
        bool is_start;  // of a META
    };
    void make_room(std::size_t bytes);

    std::vector<std::uint8_t> ring_;
    // Of all bytes ever written: what the ring holds are those in between.
    std::atomic<std::uint64_t> begin_{0};
    std::atomic<std::uint64_t> end_{0};
    std::atomic<bool> is_frozen_{false};
    bool skips_ = true;  // until the next META
    std::deque<Mark> marks_;
    mutable std::mutex mutex_;
};

struct FlightOptions {
    std::size_t bytes = 64u << 20;  ///< of the ring, at least 64 KiB
    RecorderOptions recorder{};
};

/// Call: on the main thread, but for `write_in_signal`.
class FlightRecorder {
  public:
    /// Borrows: the simulation. Fails: as Recorder.
    FlightRecorder(Simulation& simulation, const Simulation::Host& host,
                   FlightOptions options = {});
    ~FlightRecorder();
    FlightRecorder(const FlightRecorder&) = delete;
    FlightRecorder& operator=(const FlightRecorder&) = delete;

    const FrameReport& step(std::span<const Input> inputs = {}) { return recorder_->step(inputs); }
    void record(std::span<const Input> inputs, const FrameReport& report) {
        recorder_->record(inputs, report);
    }

    /// Writes what the ring holds, with an index and an end, up to the last frame; the recorder
    /// goes on. Returns the bytes written, 0 where the ring holds no stretch that could be played.
    /// Fails: throws canon::Error where the sink does.
    std::uint64_t write(Sink& sink);

    /// From now on, a failed assertion and other signals that end the process (SIGABRT, SIGBUS,
    /// SIGFPE, SIGILL, and SIGSEGV if this is called before the process makes its first Simulation)
    /// write the sealed part of the latest flight recorder's ring to this file first. For the whole
    /// process; call it once. Fails: throws canon::Error for a path that is too long.
    static void write_on_fatal_signals(const std::string& path);

  private:
    RingSink ring_;
    std::unique_ptr<Recorder> recorder_;
};

}  // namespace canon::replay
