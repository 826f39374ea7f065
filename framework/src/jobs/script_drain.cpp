// The barrier of a ScriptRunner: rounds, what scripts ask of the host, delivery in order.
#include <algorithm>
#include <chrono>

#include "core/fixed_environment.hpp"
#include "jobs/script_machine.hpp"
#include "script/action.hpp"
#include "script/host_functions.hpp"
#include "script/watch.hpp"

namespace canon {

using jobs::ScriptExtra;
using jobs::ScriptRecord;
using jobs::succeeds;
using script::Operation;
using State = ScriptRecord::State;
using Outcome = ScriptResult::Outcome;

namespace {

Key read_key(ByteReader& in) {
    Value value;
    CANON_ASSERT(read_value(in, value), "actions are canonical");
    if (value.type() == Value::Type::integer) return Key(value.as_integer());
    return Key(value.as_string());
}

Value read_data(ByteReader& in) {
    Value value;
    CANON_ASSERT(read_value(in, value), "actions are canonical");
    return value;
}

}  // namespace

std::size_t ScriptRunner::Inside::active(int epoch, bool everything) const noexcept {
    return everything ? for_main_[0] + for_main_[1] + for_others_ : for_main_[epoch];
}

// Runs a batch as a worker that nobody is just now. False if there was nothing to do.
bool ScriptRunner::Inside::help() {
    const FixedEnvironment environment;
    const script::Watch watch;
    if (run_batch(0)) return true;
    // Answered jobs go on in the VM that they stopped in, whose thread may be busy with the work of
    // others, or be the host's and elsewhere.
    for (unsigned worker = 1; worker < workers_.size(); ++worker) {
        {
            std::lock_guard lock(mutex_);
            if (workers_[worker].resuming.empty()) continue;
        }
        if (!work_idle(worker)) continue;
        pool_->wake();  // that thread may have found its place taken
        return true;
    }
    return false;
}

void ScriptRunner::Inside::drain(bool everything) {
    if (in_callback_ == this) throw Error("drain() was called from a callback");
    std::unique_lock place(workers_[0].place);
    std::unique_lock lock(mutex_);
    const int epoch = epoch_;
    epoch_ ^= 1;
    std::vector<ScriptRecord*> round, ended;
    const auto by_id = [](const ScriptRecord* a, const ScriptRecord* b) { return a->id < b->id; };
    // Jobs for others are looked at once: a stream of them would hold this up for ever.
    bool others = true;
    const auto belongs = [&](const ScriptRecord* record) {
        return everything || (record->for_main ? record->epoch == epoch : others);
    };
    const auto gather = [&](jobs::ScriptList& list) {
        for (ScriptRecord *record = list.first(), *next; record != nullptr; record = next) {
            next = record->next;
            if (!belongs(record)) continue;
            list.remove(record);
            round.push_back(record);
        }
    };
    while (true) {
        while (active(epoch, everything) != 0) {
            lock.unlock();
            const bool did = help();
            lock.lock();
            if (did || active(epoch, everything) == 0) continue;
            // Another thread has what is left; a short wait covers what comes in between.
            progress_.wait_for(lock, std::chrono::milliseconds(1));
        }
        round.clear();
        gather(stopped_);
        const std::size_t calls = round.size();
        waiting_ -= calls;
        gather(ended_);
        others = false;
        if (round.empty()) break;
        for (std::size_t i = 0; i < calls; ++i) round[i]->state = State::resuming;
        std::sort(round.begin(), round.end(), by_id);
        lock.unlock();
        for (ScriptRecord* record : round) commit(record, ended);
        lock.lock();
    }
    lock.unlock();
    std::sort(ended.begin(), ended.end(), by_id);
    for (ScriptRecord* record : ended) deliver(record);
    report_callbacks();
}

// One job's round: what it asked for, then its call's answer or its end.
void ScriptRunner::Inside::commit(ScriptRecord* record, std::vector<ScriptRecord*>& ended) {
    apply(record);
    if (record->state != State::resuming) return ended.push_back(record);
    std::lock_guard lock(mutex_);
    ++(record->for_main ? for_main_[record->epoch] : for_others_);
    workers_[record->worker].resuming.push_back(record);
    pool_->wake();
}

void ScriptRunner::Inside::deliver(ScriptRecord* record) {
    if (!record->told) {
        ScriptExtra* const extra = record->extra;
        const bool done = record->outcome == Outcome::done;
        const bool faulted = record->outcome == Outcome::faulted;
        tell(workers_[0], record,
             done && extra != nullptr ? extra->values.view() : std::span<const std::uint8_t>(),
             faulted ? &extra->fault : nullptr);
    }
    std::lock_guard lock(mutex_);
    queue_.release(record);
}

void ScriptRunner::Inside::apply(ScriptRecord* record) {
    if (record->extra == nullptr || record->is_cancelled()) return;
    ScriptExtra& extra = *record->extra;
    const std::string function = record->text != nullptr ? "script"
                                 : record->function == kNone
                                     ? "jobs"
                                     : (*vms_)[0].functions().name(record->function);
    std::string what;
    const auto guarded = [&](auto action) {
        if (!succeeds(action, what))
            succeeds([&] { host_->log(LogLevel::error, function, what); }, what);
    };
    ByteReader log(extra.log.view());
    while (log.left() != 0) {
        std::uint8_t level = 0;
        std::string_view text;
        log.byte(level);
        log.string(text);
        guarded([&] { host_->log(static_cast<LogLevel>(level), function, text); });
    }
    ByteReader in(extra.actions.view());
    while (in.left() != 0) {
        std::uint8_t operation = 0;
        in.byte(operation);
        if (static_cast<Operation>(operation) == Operation::host_spawn) {
            std::uint64_t id = 0;
            in.varint(id);
            const Value name = read_data(in);
            const Value fields = read_data(in);
            const Map none;
            guarded([&] {
                host_->spawn_entity({static_cast<std::int64_t>(id)}, name.as_string(),
                                    fields.type() == Value::Type::map ? fields.as_map() : none);
            });
            continue;
        }
        if (static_cast<Operation>(operation) == Operation::host_function) {
            script::answer_host_function(functions_, nullptr, in, extra.answer);
            break;
        }
        const Key target = read_key(in);
        const Value data = read_data(in);
        if (static_cast<Operation>(operation) == Operation::host_post) {
            guarded([&] { host_->post(target, data); });
            continue;
        }
        answer(extra.answer, [&](Bytes& out) {
            write_value(out, host_->call(target, data));
            return 1u;
        });
        break;
    }
    extra.actions.clear();
    extra.log.clear();
}

// What goes back into a script that waits: the values that `call` writes, or what it throws.
template <class Call>
void ScriptRunner::Inside::answer(Bytes& out, Call call) {
    Bytes values;
    std::uint32_t count = 0;
    std::string what;
    const bool good = succeeds([&] { count = call(values); }, what);
    if (!good) {
        values.clear();
        write_value(values, Value(what));
        count = 1;
    }
    out.clear();
    out.put(static_cast<std::uint8_t>(good ? Tag::yes : Tag::no));
    out.put_varint(count);
    out.append(values.view());
}

void ScriptRunner::Inside::report_callbacks() {
    std::vector<std::pair<JobId, std::string>> failed;
    {
        std::lock_guard lock(mutex_);
        failed.swap(failed_callbacks_);
    }
    std::string what;
    for (const auto& failure : failed)
        succeeds([&] { host_->callback_failed(failure.first, failure.second); }, what);
}

}  // namespace canon
