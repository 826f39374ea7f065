#include "jobs/script_queue.hpp"

#include <algorithm>
#include <cstring>
#include <new>

#include "canon/error.hpp"

namespace canon::jobs {

static_assert(sizeof(ScriptRecord) <= 192, "what a queued job costs; see the bench");

void ScriptList::push_back(ScriptRecord* record) noexcept {
    record->next = nullptr;
    record->previous = last_;
    (last_ != nullptr ? last_->next : first_) = record;
    last_ = record;
}

void ScriptList::remove(ScriptRecord* record) noexcept {
    (record->previous != nullptr ? record->previous->next : first_) = record->next;
    (record->next != nullptr ? record->next->previous : last_) = record->previous;
}

ScriptRecord* ScriptList::pop_front() noexcept {
    ScriptRecord* const record = first_;
    if (record != nullptr) remove(record);
    return record;
}

ScriptQueue::~ScriptQueue() {
    each([&](ScriptRecord* record) { release(record); });
    for (ScriptRecord* slab : slabs_) {
        std::destroy_n(slab, kSlab);
        memory_->deallocate(slab, kSlab * sizeof(ScriptRecord), alignof(ScriptRecord));
    }
}

ScriptRecord* ScriptQueue::make(const Arguments& arguments) {
    const std::span<const std::uint8_t> bytes = arguments.bytes();
    if (bytes.size() > UINT32_MAX) throw Error("a job's arguments are larger than 4 GiB");
    if (free_ == nullptr) {
        if (slabs_.size() * kSlab == std::size_t{1} << kSlotBits)
            throw Error("16 million jobs wait to be run or for drain(): call it more often");
        auto* slab = static_cast<ScriptRecord*>(
            memory_->allocate(kSlab * sizeof(ScriptRecord), alignof(ScriptRecord)));
        slabs_.push_back(slab);
        for (std::size_t i = kSlab; i-- > 0;) {
            auto* record = new (slab + i) ScriptRecord;
            record->slot = static_cast<std::uint32_t>((slabs_.size() - 1) * kSlab + i);
            record->next = free_;
            free_ = record;
        }
    }
    void* elsewhere = nullptr;
    if (bytes.size() > ScriptRecord::kInline) elsewhere = memory_->allocate(bytes.size(), 1);
    ScriptRecord* record = free_;
    free_ = record->next;
    record->id = static_cast<std::int64_t>(next_sequence_++ << kSlotBits | record->slot);
    record->argument_bytes = static_cast<std::uint32_t>(bytes.size());
    record->argument_count = arguments.count();
    std::uint8_t* target = record->arguments.here;
    if (elsewhere != nullptr)
        target = record->arguments.elsewhere = static_cast<std::uint8_t*>(elsewhere);
    if (!bytes.empty()) std::memcpy(target, bytes.data(), bytes.size());
    return record;
}

void ScriptQueue::release(ScriptRecord* record) {
    if (record->argument_bytes > ScriptRecord::kInline)
        memory_->deallocate(record->arguments.elsewhere, record->argument_bytes, 1);
    if (record->extra != nullptr) release_extra(record->extra);
    if (record->text != nullptr) --record->text->uses;
    const std::uint32_t slot = record->slot;
    record->~ScriptRecord();
    new (record) ScriptRecord;
    record->slot = slot;
    record->next = free_;
    free_ = record;
}

ScriptRecord* ScriptQueue::find(JobId id) noexcept {
    const auto slot = static_cast<std::uint64_t>(id.value) & ((1u << kSlotBits) - 1);
    if (slot >= slabs_.size() * kSlab) return nullptr;
    ScriptRecord* record = slabs_[slot / kSlab] + slot % kSlab;
    return record->state != ScriptRecord::State::free && record->id == id.value ? record : nullptr;
}

void ScriptQueue::push(ScriptRecord* record) {
    record->state = ScriptRecord::State::queued;
    lists_[static_cast<std::size_t>(record->priority)].push_back(record);
    ++queued_;
}

void ScriptQueue::push_cancelled(ScriptRecord* record) {
    record->state = ScriptRecord::State::queued;
    cancelled_.push_back(record);
    ++queued_;
}

void ScriptQueue::unlink(ScriptRecord* record) {
    lists_[static_cast<std::size_t>(record->priority)].remove(record);
    --queued_;
}

void ScriptQueue::take(std::size_t most, std::vector<ScriptRecord*>& out) {
    const auto take_one = [&](ScriptList& list) {
        ScriptRecord* record = list.pop_front();
        if (record == nullptr) return false;
        --queued_;
        record->state = ScriptRecord::State::running;
        out.push_back(record);
        return true;
    };
    const std::size_t end = out.size() + most;
    while (out.size() < end && take_one(cancelled_)) {
    }
    // One job of those that would wait for ever behind a stream of more important ones.
    ++turn_;
    if (turn_ % 4 == 3 && out.size() < end) take_one(lists_[turn_ % 16 == 15 ? 2 : 1]);
    for (ScriptList& list : lists_)
        while (out.size() < end && take_one(list)) {
        }
}

ScriptExtra* ScriptQueue::make_extra() {
    if (free_extras_.empty()) {
        extras_.emplace_back(memory_);
        free_extras_.push_back(&extras_.back());
    }
    ScriptExtra* extra = free_extras_.back();
    free_extras_.pop_back();
    return extra;
}

void ScriptQueue::release_extra(ScriptExtra* extra) {
    for (Bytes* bytes : {&extra->answer, &extra->actions, &extra->log, &extra->values,
                         &extra->stopped.suspended.bytes})
        bytes->clear();
    extra->fault = Fault{};
    free_extras_.push_back(extra);
}

}  // namespace canon::jobs
