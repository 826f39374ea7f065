#include "jobs/script_handle.hpp"

namespace canon {

Value ScriptResult::value(std::uint32_t index) const {
    Value value;
    if (index >= count) return value;
    ByteReader in(values);
    for (std::uint32_t i = 0; i < index; ++i) in.skip_value();
    CANON_ASSERT(read_value(in, value), "what a script returned is canonical");
    return value;
}

bool ScriptHandle::ready() const {
    std::lock_guard lock(state_->mutex);
    return state_->ready;
}

bool ScriptHandle::wait_for(std::chrono::nanoseconds time) const {
    std::unique_lock lock(state_->mutex);
    return state_->changed.wait_for(lock, time, [&] { return state_->ready; });
}

void ScriptHandle::wait() const {
    std::unique_lock lock(state_->mutex);
    state_->changed.wait(lock, [&] { return state_->ready; });
}

const ScriptResult& ScriptHandle::result() const {
    CANON_ASSERT(ready(), "a handle has a result when it is ready");
    return state_->result;
}

}  // namespace canon
