#include "recording/recorder.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "canon/error.hpp"
#include "recording/execution.hpp"

namespace canon::replay {
namespace {

std::uint64_t now() noexcept {
    return static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch() /
                                      std::chrono::nanoseconds(1));
}

std::uint64_t nanoseconds(double seconds) noexcept {
    return static_cast<std::uint64_t>(std::max(seconds, 0.0) * 1e9);
}

}  // namespace

Recorder::Recorder(Simulation& simulation, const Simulation::Host& host, Sink& sink,
                   RecorderOptions options)
    : simulation_(simulation),
      options_(std::move(options)),
      sink_(sink),
      meta_(meta_of(simulation, host, options_.levels)),
      host_actions_in_state_(simulation.pending_host_actions()),
      frames_(options_.levels.effects),
      writer_(sink, new_segment_identity(), {options_.compression_level, 512}) {
    options_.keyframe_frames = std::max<std::uint64_t>(options_.keyframe_frames, 1);
    options_.seal_frames = std::clamp(options_.seal_frames, 1u, kMaxFramesPerChunk);
    meta_.program_name = options_.program_name;
    meta_.frames_per_second = options_.frames_per_second;
    simulation.record_actions(options_.levels.actions);
    had_effects_ = simulation.world().records_effects();
    if (options_.levels.effects && !had_effects_) simulation.record_effects(true);
    const World& world = simulation.world();
    for (std::size_t i = 0; options_.levels.effects && i < world.host_states(); ++i)
        host_hashes_.push_back(world.host_state_hash(i));
    first_ = {simulation.frame().value + 1};
    sealed_at_ = synced_at_ = now();
    thread_ = std::thread([this] { run(); });
    keyframe();
}

Recorder::~Recorder() {
    if (!closed_) try {
            close();
        } catch (const std::exception&) {
            // Whoever wants to know calls close.
        }
}

const FrameReport& Recorder::step(std::span<const Input> inputs) {
    const FrameReport& report = simulation_.step(inputs);
    record(inputs, report);
    return report;
}

void Recorder::record(std::span<const Input> inputs, const FrameReport& report) {
    CANON_ASSERT(!closed_, "Recorder::record after close");
    if (report.frame.value != first_.value + frames_.count())
        throw Error("the recorder was given frame " + std::to_string(report.frame.value) +
                    ", expected " + std::to_string(first_.value + frames_.count()) +
                    ": record every frame, and begin another recording after a restore");
    FrameRecord record;
    record.frame = report.frame;
    record.state_hash = report.state_hash;
    record.chain = report.chain;
    record.action_hash = report.actions == 0 ? 0 : report.action_hash;
    record.inputs.assign(inputs.begin(), inputs.end());
    const auto host_actions =
        std::span(report.host_actions).subspan(std::exchange(host_actions_in_state_, 0));
    record.host_actions.assign(host_actions.begin(), host_actions.end());
    record.killed = report.killed;
    record.job_actions = report.job_actions;
    record.host_answers = report.host_answers;
    if (options_.levels.effects) {
        record.world_hash = report.world_hash;
        record.next_id = report.next_id;
        record.effects = report.effects;
        const World& world = simulation_.world();
        host_bytes_.clear();
        std::vector<std::pair<std::uint32_t, std::size_t>> ends;
        Bytes saved;
        for (std::size_t i = 0; i < host_hashes_.size(); ++i) {
            const std::uint64_t hash = world.host_state_hash(i);
            if (hash == std::exchange(host_hashes_[i], hash)) continue;
            world.save_host_state(i, saved);
            host_bytes_.append(saved.view());
            ends.emplace_back(static_cast<std::uint32_t>(i), host_bytes_.size());
        }
        std::size_t begin = 0;
        for (const auto& [index, end] : ends)
            record.host_states.emplace_back(index,
                                            host_bytes_.view(std::exchange(begin, end), end));
    }
    frames_.add(record);
    if (!report.faults.empty() || !report.log.empty()) {
        if (notes_.empty()) first_noted_ = report.frame;
        write_notes(notes_, {report.frame, report.faults, report.log});
    }
    const Frame next{report.frame.value + 1};
    const bool is_reloaded = has_reload(inputs);
    if (is_reloaded) note_program(meta_, simulation_);
    const bool wants_key =
        is_reloaded || next >= next_key_ || bytes_written() - key_bytes_ >= options_.keyframe_bytes;
    if (wants_key || frames_.count() >= options_.seal_frames ||
        frames_.bytes() >= options_.seal_bytes || notes_.size() >= options_.seal_bytes ||
        now() - sealed_at_ >= nanoseconds(options_.seal_seconds))
        seal(false);
    if (wants_key) keyframe();
    rethrow();
}

void Recorder::seal(bool sync) {
    sealed_at_ = now();
    if (frames_.count() != 0) {
        Order order{Order::Kind::frames, {first_, frames_.count()}, {}, nullptr, 0, sync};
        {
            const std::lock_guard lock(mutex_);
            if (!spare_.empty()) {
                order.payload = std::move(spare_.back());
                spare_.pop_back();
            }
        }
        first_ = order.span.end();
        frames_.finish(order.payload);
        send(std::move(order));
    }
    if (!notes_.empty()) {
        Order order{Order::Kind::notes,
                    {first_noted_, static_cast<std::uint32_t>(first_.value - first_noted_.value)},
                    std::move(notes_),
                    nullptr,
                    0,
                    sync};
        notes_ = Bytes();
        send(std::move(order));
    }
}

void Recorder::keyframe() {
    next_key_ = {first_.value + options_.keyframe_frames};
    key_bytes_ = bytes_written();
    Bytes meta;
    write_meta(meta, meta_);
    send({Order::Kind::keyframe, {first_, 0}, std::move(meta), simulation_.capture(), 0, false});
}

void Recorder::send(Order order) {
    order.size = order.payload.size();
    std::unique_lock lock(mutex_);
    // Always room for one, however large.
    done_.wait(lock, [&] {
        return failure_ != nullptr || orders_.empty() ||
               waiting_bytes_ + order.size <= options_.queue_bytes;
    });
    if (failure_ != nullptr) return;
    waiting_bytes_ += order.size;
    orders_.push_back(std::move(order));
    work_.notify_one();
}

void Recorder::wait_until_done() {
    std::unique_lock lock(mutex_);
    done_.wait(lock, [&] { return failure_ != nullptr || (orders_.empty() && idle_); });
}

void Recorder::rethrow() {
    const std::lock_guard lock(mutex_);
    if (failure_ != nullptr) std::rethrow_exception(failure_);
}

void Recorder::flush() {
    seal(options_.durability.when != Durability::When::never);
    wait_until_done();
    rethrow();
}

void Recorder::close() {
    if (std::exchange(closed_, true)) return;
    seal(false);
    send({Order::Kind::end,
          {first_, 0},
          {},
          nullptr,
          0,
          options_.durability.when != Durability::When::never});
    {
        const std::lock_guard lock(mutex_);
        ending_ = true;
        work_.notify_one();
    }
    thread_.join();
    simulation_.record_actions(ActionRecord::none);
    if (options_.levels.effects && !had_effects_) simulation_.record_effects(false);
    rethrow();
}

std::uint64_t Recorder::bytes_written() const {
    const std::lock_guard lock(mutex_);
    return written_;
}

// ---- the other thread ----

void Recorder::run() {
    std::unique_lock lock(mutex_);
    for (;;) {
        work_.wait(lock, [&] { return !orders_.empty() || ending_; });
        if (orders_.empty()) return;
        Order order = std::move(orders_.front());
        orders_.pop_front();
        idle_ = false;
        lock.unlock();
        std::exception_ptr failure;
        try {
            carry_out(order);
        } catch (...) {
            failure = std::current_exception();
        }
        order.snapshot.reset();
        order.payload.clear();
        lock.lock();
        idle_ = true;
        written_ = writer_.bytes_written();
        waiting_bytes_ -= order.size;
        if (spare_.size() < 4) spare_.push_back(std::move(order.payload));
        if (failure != nullptr) {
            failure_ = failure;
            orders_.clear();
        }
        done_.notify_all();
        if (failure != nullptr) return;
    }
}

void Recorder::carry_out(Order& order) {
    switch (order.kind) {
        case Order::Kind::frames:
            packed_.clear();
            packer_.pack(order.payload.view(), order.span, packed_);
            writer_.write(ChunkKind::frames, order.span, packed_.view());
            break;
        case Order::Kind::notes:
            writer_.write(ChunkKind::note, order.span, order.payload.view());
            break;
        case Order::Kind::keyframe: {
            writer_.write(ChunkKind::meta, order.span, order.payload.view());
            Bytes saved, payload;
            order.snapshot->save(saved);
            KeyPart part;
            part.state_hash = order.snapshot->state_hash();
            part.chain = order.snapshot->chain();
            part.parts =
                static_cast<std::uint32_t>((saved.size() + kKeyPartBytes - 1) / kKeyPartBytes);
            for (std::size_t begin = 0; part.part < part.parts;
                 ++part.part, begin += kKeyPartBytes) {
                part.saved = saved.view(begin, std::min(begin + kKeyPartBytes, saved.size()));
                payload.clear();
                write_key_part(payload, part);
                writer_.write(ChunkKind::key, order.span, payload.view());
            }
            break;
        }
        case Order::Kind::end:
            writer_.close();
            break;
    }
    using When = Durability::When;
    const bool is_due = options_.durability.when == When::each_seal ||
                        (options_.durability.when == When::seconds &&
                         now() - synced_at_ >= nanoseconds(options_.durability.seconds));
    if (!order.sync && !is_due) return;
    sink_.sync();
    synced_at_ = now();
}

}  // namespace canon::replay
