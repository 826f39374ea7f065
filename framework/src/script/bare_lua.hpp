// BareLua: the yardstick of the benchmarks: a program's job called by lua_pcall, and nothing else.
//
// The same private Lua, but with its stock libraries, its stock allocator and its collector, in one
// state that every call dirties. The engine functions are empty: they take what the real ones take
// and return constants. So what a job costs here is what the Lua in it costs; the rest of what it
// costs in a simulation is ours.
//
// Threads: used by one thread at a time.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

struct lua_State;

namespace canon::script {

class BareLua {
  public:
    /// What `engine.get` returns for each field that is asked for.
    static constexpr double kField = 1.5;

    /// Runs the program's text, which may declare templates, and takes jobs[job].
    /// Fails: throws canon::Error with Lua's message.
    BareLua(std::string_view source, std::string_view job);
    ~BareLua();
    BareLua(const BareLua&) = delete;
    BareLua& operator=(const BareLua&) = delete;

    /// lua_pcall of the job for each id of [first, end).
    /// Fails: throws canon::Error with Lua's message, as all runs do.
    void run(std::int64_t first, std::int64_t end);
    /// A new state for each id: open libraries, load the program's bytecode, call the job, close.
    void run_in_new_states(std::int64_t first, std::int64_t end);
    /// The job in a coroutine of its own making: it yields in engine.call and is resumed.
    void run_resumed(std::int64_t first, std::int64_t end);

    /// What the job gives to engine.set for this id, as a number.
    double asked_by(std::int64_t id);

  private:
    lua_State* L_ = nullptr;
    std::string bytecode_;
    std::string job_;
};

}  // namespace canon::script
