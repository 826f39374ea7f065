// Host functions as scripts see them: a global table for each module, a closure for each function.
#pragma once
#include <span>

#include "canon/host_function.hpp"
#include "script/host_answers.hpp"
#include "script/lua.hpp"

namespace canon::script {

/// Opens those of the context.
void open_host_functions(lua_State* L);

/// Fails: throws canon::Error for a name that is no identifier, taken by a library, or one of
/// `others`.
void check_name(const HostFunction& function, std::span<const HostFunction> others);

/// Answers a job that was stopped by Operation::host_function; `in` stands at the operands.
/// `answers`: see host_answers.hpp; may be null.
void answer_host_function(std::span<const HostFunction> functions, HostAnswers* answers,
                          ByteReader& in, Bytes& answer);

}  // namespace canon::script
