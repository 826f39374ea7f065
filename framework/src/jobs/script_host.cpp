// What a host gets that has no ScriptHost of its own, or leaves a part of it out.
#include <cstdio>

#include "canon/script_runner.hpp"

namespace canon {

ScriptHost::~ScriptHost() = default;

void ScriptHost::log(LogLevel level, std::string_view function, std::string_view text) {
    static constexpr const char* kLevels[] = {"debug", "info", "warning", "error"};
    std::fprintf(stderr, "canon: %s: %.*s: %.*s\n", kLevels[static_cast<int>(level)],
                 static_cast<int>(function.size()), function.data(), static_cast<int>(text.size()),
                 text.data());
}

void ScriptHost::spawn_entity(EntityId, std::string_view template_name, const Map&) {
    throw Error("this host spawns no entities: '" + std::string(template_name) + "'");
}

void ScriptHost::post(const Key& function, const Value&) {
    throw Error("this host has no function " + (function.is_integer()
                                                    ? std::to_string(function.as_integer())
                                                    : "'" + function.as_string() + "'"));
}

Value ScriptHost::call(const Key& function, const Value& data) {
    post(function, data);
    return {};
}

void ScriptHost::callback_failed(JobId job, std::string_view what) {
    std::fprintf(stderr, "canon: the callback of job %lld has thrown: %.*s\n",
                 static_cast<long long>(job.value), static_cast<int>(what.size()), what.data());
}

}  // namespace canon
