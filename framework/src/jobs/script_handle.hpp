// ScriptHandle::State: what a handle and the runner share.
#pragma once
#include <condition_variable>
#include <mutex>

#include "canon/script_runner.hpp"

namespace canon {

struct ScriptHandle::State {
    explicit State(std::pmr::memory_resource* memory) : values(memory) {}

    std::mutex mutex;
    std::condition_variable changed;
    bool ready = false;
    ScriptResult result;
    Bytes values;
    Fault fault;
};

}  // namespace canon
