// ScriptQueue: the jobs of a ScriptRunner from enqueueing to delivery: pooled records, three
// queues by priority, and lookup by id.
//
// Not thread-safe: the runner holds its lock.
#pragma once
#include <array>
#include <atomic>
#include <deque>
#include <memory>
#include <memory_resource>
#include <vector>

#include "canon/script_runner.hpp"
#include "jobs/script_texts.hpp"
#include "script/vm.hpp"

namespace canon::jobs {

/// What a job has besides its record once it has run.
struct ScriptExtra {
    explicit ScriptExtra(std::pmr::memory_resource* memory)
        : answer(memory), actions(memory), log(memory), values(memory) {
        stopped.suspended.bytes = Bytes(memory);
    }

    script::StoppedRun stopped;
    Bytes answer;
    Bytes actions;
    Bytes log;
    Bytes values;
    Fault fault;
};

struct ScriptRecord {
    enum class State : std::uint8_t { free, queued, running, stopped, resuming, ended };
    /// Who was first: the worker that ended the job, or the one who cancels it.
    enum class Fate : std::uint8_t { open, settled, cancelled };
    static constexpr std::size_t kInline = 40;

    ScriptRecord* next = nullptr;
    ScriptRecord* previous = nullptr;
    std::int64_t id = 0;         ///< sequence << kSlotBits | slot
    ScriptText* text = nullptr;  ///< or a function
    ScriptCallback callback = nullptr;
    void* context = nullptr;
    std::shared_ptr<ScriptHandle::State> handle;
    ScriptExtra* extra = nullptr;
    std::uint64_t random_key = 0;
    std::int64_t enqueued = 0;  ///< by the clock, if times are measured
    std::int64_t waited = 0;
    std::int64_t ran = 0;
    std::int64_t instructions = 0;
    std::uint32_t function = 0;  ///< kNone: one that the program does not have
    std::uint32_t slot = 0;
    std::uint32_t argument_bytes = 0;
    std::uint16_t worker = 0;
    std::uint32_t argument_count = 0;
    std::uint32_t value_count = 0;
    State state = State::free;
    ScriptJob::Priority priority = ScriptJob::Priority::normal;
    ScriptResult::Outcome outcome = ScriptResult::Outcome::done;
    std::uint8_t epoch = 0;
    bool for_main = false;
    std::atomic<Fate> fate{Fate::open};
    bool goes_on = false;                ///< it has been answered
    bool told = false;                   ///< its callback has been called
    std::atomic<bool> forgotten{false};  ///< with its context: nobody is told
    union {
        std::uint8_t here[kInline];
        std::uint8_t* elsewhere;
    } arguments;

    std::uint64_t sequence() const noexcept;
    bool is_cancelled() const noexcept { return fate.load() == Fate::cancelled; }
    /// False where somebody else was first.
    bool decide(Fate what) noexcept {
        Fate open = Fate::open;
        return fate.compare_exchange_strong(open, what);
    }
    std::span<const std::uint8_t> argument_view() const noexcept {
        return {argument_bytes <= kInline ? arguments.here : arguments.elsewhere, argument_bytes};
    }
};

/// Doubly linked, through the records.
class ScriptList {
  public:
    bool empty() const noexcept { return first_ == nullptr; }
    ScriptRecord* first() const noexcept { return first_; }
    void push_back(ScriptRecord* record) noexcept;
    void remove(ScriptRecord* record) noexcept;
    ScriptRecord* pop_front() noexcept;

  private:
    ScriptRecord* first_ = nullptr;
    ScriptRecord* last_ = nullptr;
};

class ScriptQueue {
  public:
    static constexpr int kSlotBits = 24;

    explicit ScriptQueue(std::pmr::memory_resource* memory)
        : memory_(memory), slabs_(memory), extras_(memory), free_extras_(memory) {}
    ~ScriptQueue();
    ScriptQueue(const ScriptQueue&) = delete;
    ScriptQueue& operator=(const ScriptQueue&) = delete;

    /// A record with an id and its arguments, in no list.
    ScriptRecord* make(const Arguments& arguments);
    void release(ScriptRecord* record);
    /// Null where that job is gone.
    ScriptRecord* find(JobId id) noexcept;
    template <class Visit>
    void each(Visit visit) {
        for (ScriptRecord* slab : slabs_)
            for (std::size_t i = 0; i < kSlab; ++i)
                if (slab[i].state != ScriptRecord::State::free) visit(slab + i);
    }

    void push(ScriptRecord* record);
    /// Cancelled jobs come first: nothing is left to do but to say so.
    void push_cancelled(ScriptRecord* record);
    /// Out of its queue. Call: before it is cancelled.
    void unlink(ScriptRecord* record);
    /// Appends up to `most` records: of the highest priority, with one of a lower every few times,
    /// so that none waits for ever.
    void take(std::size_t most, std::vector<ScriptRecord*>& out);
    std::size_t queued() const noexcept { return queued_; }

    ScriptExtra* make_extra();
    void release_extra(ScriptExtra* extra);

  private:
    static constexpr std::size_t kSlab = 64;

    std::pmr::memory_resource* memory_;
    std::pmr::vector<ScriptRecord*> slabs_;  // of kSlab records; a slot counts through all
    ScriptRecord* free_ = nullptr;
    std::uint64_t next_sequence_ = 1;
    std::array<ScriptList, 3> lists_;
    ScriptList cancelled_;
    std::size_t queued_ = 0;
    unsigned turn_ = 0;
    std::pmr::deque<ScriptExtra> extras_;
    std::pmr::vector<ScriptExtra*> free_extras_;
};

inline std::uint64_t ScriptRecord::sequence() const noexcept {
    return static_cast<std::uint64_t>(id) >> ScriptQueue::kSlotBits;
}

}  // namespace canon::jobs
