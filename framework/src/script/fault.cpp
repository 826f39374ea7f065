#include "canon/fault.hpp"

namespace canon {

const char* fault_name(FaultKind kind) noexcept {
    switch (kind) {
        case FaultKind::error:
            return "error";
        case FaultKind::budget:
            return "budget";
        case FaultKind::work:
            return "work";
        case FaultKind::memory:
            return "memory";
        case FaultKind::output:
            return "output";
        case FaultKind::limit:
            return "limit";
        case FaultKind::host:
            return "host";
        case FaultKind::cancelled:
            return "cancelled";
    }
    return "unknown";
}

bool is_kill(FaultKind kind) noexcept {
    return kind == FaultKind::budget || kind == FaultKind::work || kind == FaultKind::memory ||
           kind == FaultKind::output;
}

std::string describe(const Fault& fault) {
    std::string text = "frame " + std::to_string(fault.frame.value) + ", ";
    if (fault.in_job)
        text += "job " + std::to_string(fault.stamp.submission) + ":" +
                std::to_string(fault.stamp.job) + " of ";
    return text + fault.function + ": " + fault.message;
}

}  // namespace canon
