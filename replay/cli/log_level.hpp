// Log level names, as engine.log takes them.
#pragma once
#include "canon/simulation.hpp"

namespace canon::cli {

inline const char* level_name(LogLevel level) noexcept {
    switch (level) {
        case LogLevel::debug:
            return "debug";
        case LogLevel::info:
            return "info";
        case LogLevel::warning:
            return "warning";
        case LogLevel::error:
            return "error";
    }
    return "info";
}

}  // namespace canon::cli
