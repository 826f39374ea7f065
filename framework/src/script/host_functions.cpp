#include "script/host_functions.hpp"

#include <algorithm>

#include "canon/json.hpp"
#include "script/action_writer.hpp"
#include "script/codec.hpp"
#include "script/engine_library.hpp"
#include "script/host_answers.hpp"

namespace canon {
namespace host_function_detail {

std::string place(std::size_t index, const std::vector<std::string>& names) {
    std::string text = "argument " + std::to_string(index + 1);
    if (index < names.size()) text += " ('" + names[index] + "')";
    return text;
}

void refuse(std::size_t index, const std::vector<std::string>& names, const Value& found,
            const char* expected) {
    std::string text = to_json(found);
    if (text.size() > 60) text = text.substr(0, 57) + "...";
    throw Error(place(index, names) + " is " + text + "; expected: " + expected);
}

}  // namespace host_function_detail

namespace script {
namespace {

// Null, or why the call has failed. No exception of the host's may pass through Lua.
const char* invoke(VmContext& run, const HostFunction& function, std::uint32_t count,
                   std::uint32_t& results) noexcept {
    run.message = function.full_name() + ": ";
    const auto once = [&](Bytes& out) {
        out.clear();
        ByteReader arguments(run.scratch.view());
        return invoke_host_function(function, run.host_answers, arguments, count, out);
    };
    try {
        results = once(run.host_results);
        if (!run.check_purity || function.purity != Purity::pure) return nullptr;
        Bytes again;
        if (once(again) == results && again.size() == run.host_results.size() &&
            std::equal(again.view().begin(), again.view().end(), run.host_results.data()))
            return nullptr;
        run.message += "is declared pure, but the same arguments gave other results";
    } catch (const std::exception& error) {
        run.message += error.what();
    } catch (...) {
        run.message += "has thrown something that is no std::exception";
    }
    return run.message.c_str();
}

int call(lua_State* L) {
    VmContext& run = context(L);
    const auto index = static_cast<std::size_t>(lua_tointeger(L, lua_upvalueindex(1)));
    const HostFunction& function = (*run.host_functions)[index];
    const int count = lua_gettop(L);
    if (run.mode == Mode::loading)
        raise(L, "%s.%s: the host's functions cannot be called while the program loads",
              function.module.c_str(), function.name.c_str());
    if (function.purity != Purity::pure && run.mode != Mode::main && run.mode != Mode::view) {
        if (run.mode == Mode::background)
            raise(L, "%s.%s: a background job (deliver) cannot call the main thread",
                  function.module.c_str(), function.name.c_str());
        check_can_stop(L, function.module.c_str(), function.name.c_str());
        const std::size_t begin = begin_action(L, Operation::host_function);
        run.actions.put_varint(index);
        run.actions.put_varint(static_cast<std::uint64_t>(count));
        for (int i = 1; i <= count; ++i) encode(L, i, run.actions, "argument");
        end_action(L, begin);
        return stop_for_answer(L);
    }
    run.scratch.clear();
    for (int i = 1; i <= count; ++i) encode(L, i, run.scratch, "argument");
    charge(L, static_cast<std::int64_t>(run.scratch.size() / 16) + 1);
    std::uint32_t results = 0;
    if (const char* problem = invoke(run, function, static_cast<std::uint32_t>(count), results))
        raise(L, "%s", problem);
    luaL_checkstack(L, static_cast<int>(results), "too many results");
    ByteReader in(run.host_results.view());
    for (std::uint32_t i = 0; i < results; ++i) decode(L, in);
    return static_cast<int>(results);
}

}  // namespace

void open_host_functions(lua_State* L) {
    const std::vector<HostFunction>* const functions = context(L).host_functions;
    if (functions == nullptr) return;
    lua_pushglobaltable(L);
    for (std::size_t i = 0; i < functions->size(); ++i) {
        const HostFunction& function = (*functions)[i];
        lua_pushlstring(L, function.module.data(), function.module.size());
        if (lua_rawget(L, -2) != LUA_TTABLE) {
            lua_pop(L, 1);
            lua_newtable(L);
            lua_pushlstring(L, function.module.data(), function.module.size());
            lua_pushvalue(L, -2);
            lua_rawset(L, -4);
        }
        lua_pushlstring(L, function.name.data(), function.name.size());
        lua_pushinteger(L, static_cast<lua_Integer>(i));
        lua_pushcclosure(L, call, 1);
        lua_rawset(L, -3);
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
}

void check_name(const HostFunction& function, std::span<const HostFunction> others) {
    static constexpr std::string_view kTaken[] = {"engine", "jobs", "actions",   "string", "table",
                                                  "math",   "utf8", "coroutine", "_G"};
    const auto is_identifier = [](const std::string& text) {
        return !text.empty() && !(text[0] >= '0' && text[0] <= '9') &&
               std::all_of(text.begin(), text.end(), [](char c) {
                   return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                          (c >= 'A' && c <= 'Z');
               });
    };
    const std::string name = function.full_name();
    if (!is_identifier(function.module) || !is_identifier(function.name))
        throw Error("'" + name + "' is no name for a host function: both parts are identifiers");
    if (std::find(std::begin(kTaken), std::end(kTaken), function.module) != std::end(kTaken))
        throw Error("'" + function.module + "' is a library of Lua or Canon; '" + name +
                    "' needs another module name");
    for (const HostFunction& other : others)
        if (other.full_name() == name) throw Error("there is already a function '" + name + "'");
}

void answer_host_function(std::span<const HostFunction> functions, HostAnswers* answers,
                          ByteReader& in, Bytes& answer) {
    std::uint64_t index = 0, given = 0;
    in.varint(index);
    in.varint(given);
    const HostFunction& function = functions[index];
    Bytes results;
    std::string what;
    std::uint32_t count = 0;
    try {
        ByteReader arguments({in.position(), in.left()});
        count = invoke_host_function(function, answers, arguments,
                                     static_cast<std::uint32_t>(given), results);
    } catch (const std::exception& error) {
        what = function.full_name() + ": " + error.what();
    } catch (...) {
        what = function.full_name() + ": has thrown something that is no std::exception";
    }
    in.skip(in.left());  // a call is the last action of its round
    answer.clear();
    answer.put(static_cast<std::uint8_t>(what.empty() ? Tag::yes : Tag::no));
    answer.put_varint(what.empty() ? count : 1);
    if (what.empty())
        answer.append(results.view());
    else
        write_value(answer, Value(what));
}

}  // namespace script
}  // namespace canon
